import type { AuthProtocol, PrivProtocol, SnmpCredential } from '../credential.ts';

/** A line of the probe's input. */
export interface ProbeTarget {
  readonly id: string;
  readonly host: string;
  readonly port: number;
  readonly snmp: SnmpCredential;
}

const levels = ['noAuthNoPriv', 'authNoPriv', 'authPriv'] as const;
const authProtocols: readonly AuthProtocol[] = ['md5', 'sha1', 'sha224', 'sha256', 'sha384', 'sha512'];
const privProtocols: readonly PrivProtocol[] = ['des', 'aes128', 'aes192', 'aes256', 'aes192c', 'aes256c'];

/** Reads a line of NDJSON. Throws `TypeError` naming the field that is wrong and what would be right. */
export function parseTarget(line: string): ProbeTarget {
  const parsed: unknown = JSON.parse(line);
  const target = record(parsed, 'the line');
  const snmp = record(target.snmp, 'snmp');
  const port = target.port ?? 161;
  if (typeof port !== 'number' || !Number.isInteger(port) || port < 1 || port > 65_535) {
    throw new TypeError(`port is ${JSON.stringify(port)}; expected a number from 1 to 65535`);
  }
  return { id: text(target, 'id'), host: text(target, 'host'), port, snmp: credential(snmp) };
}

/** The id of a line that may be wrong otherwise, so that its error can be told apart; null when it has none. */
export function targetId(line: string): string | null {
  const parsed: unknown = JSON.parse(line);
  const id = typeof parsed === 'object' && parsed !== null && 'id' in parsed ? parsed.id : null;
  return typeof id === 'string' && id !== '' ? id : null;
}

function credential(snmp: Readonly<Record<string, unknown>>): SnmpCredential {
  const version = oneOf(snmp, 'version', ['1', '2c', '3'] as const);
  if (version !== '3') return { version, community: text(snmp, 'community') };
  const level = oneOf(snmp, 'level', levels);
  const authenticated = level !== 'noAuthNoPriv';
  return {
    version,
    user: text(snmp, 'user'),
    level,
    ...(authenticated
      ? { authProtocol: oneOf(snmp, 'authProtocol', authProtocols), authPassword: text(snmp, 'authPassword') }
      : {}),
    ...(level === 'authPriv'
      ? { privProtocol: oneOf(snmp, 'privProtocol', privProtocols), privPassword: text(snmp, 'privPassword') }
      : {}),
    ...(snmp.contextName === undefined ? {} : { contextName: text(snmp, 'contextName') }),
  };
}

function record(value: unknown, name: string): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) throw new TypeError(`${name} is no object`);
  return value as Readonly<Record<string, unknown>>;
}

function text(source: Readonly<Record<string, unknown>>, field: string): string {
  const value = source[field];
  if (typeof value !== 'string' || value === '') throw new TypeError(`${field} is missing or no text`);
  return value;
}

function oneOf<T extends string>(
  source: Readonly<Record<string, unknown>>,
  field: string,
  allowed: readonly T[],
): T {
  const value = allowed.find((candidate) => candidate === source[field]);
  if (value === undefined) throw new TypeError(`${field} must be one of ${allowed.join(', ')}`);
  return value;
}
