import { readFileSync } from 'node:fs';
import table from './enterprises.json' with { type: 'json' };

export const ENTERPRISES = '1.3.6.1.4.1.';
/**
 * By private enterprise number, or by a branch of one (`161.19`) that names another maker than its parent: makers
 * whose name in the registry is not the one on the box, or has changed since.
 */
const makers: Readonly<Record<string, string>> = table;
/**
 * Numbers of agent software and of chips rather than of hardware: reserved, Unix, UCD, Broadcom, net-snmp and the
 * number for documentation (RFC 5612). They say
 * nothing about who made the box.
 */
const nobody: ReadonlySet<number> = new Set([0, 4, 2021, 4413, 8072, 32473]);

/** The private enterprise number in an OID (IANA registry), or null outside 1.3.6.1.4.1. */
export function enterpriseNumber(oid: string | null): number | null {
  if (oid === null || !oid.startsWith(ENTERPRISES)) return null;
  const number = Number.parseInt(oid.slice(ENTERPRISES.length), 10);
  return Number.isNaN(number) ? null : number;
}

/** The maker a sysObjectID names, or null. */
export function vendorOfObjectId(sysObjectId: string | null): string | null {
  const enterprise = enterpriseNumber(sysObjectId);
  if (enterprise === null || sysObjectId === null) return null;
  const [number = '', branch = ''] = sysObjectId.slice(ENTERPRISES.length).split('.');
  const named = makers[`${number}.${branch}`] ?? makers[number];
  return named ?? (nobody.has(enterprise) ? null : registeredMaker(enterprise));
}

let registry: readonly string[] | null = null;

/** The registry's name for a number, in ordinary spelling; null when it has none. Reads the table on first use. */
export function registeredMaker(enterprise: number): string | null {
  registry ??= readFileSync(new URL('iana-enterprises.txt', import.meta.url), 'utf8').split('\n');
  return registry[enterprise] || null;
}

/** Tables of others that an agent serves beside its maker's: Cisco's discovery protocol, Agent++, the UPS of a host. */
const borrowed: ReadonlySet<number> = new Set([...nobody, 9, 318, 4976, 6876]);

/** Whether a number is that of a maker of hardware, not of agent software or of tables others borrow. */
export function isHardware(enterprise: number): boolean {
  return !borrowed.has(enterprise);
}

/** The maker whose tables an agent serves, when it is the only one; else null. */
export function vendorOfServed(served: ReadonlySet<string>): string | null {
  const numbers = [...served].map(Number).filter((number) => Number.isInteger(number) && isHardware(number));
  const [only] = numbers;
  if (only === undefined || numbers.length > 1) return null;
  return vendorOfObjectId(`${ENTERPRISES}${only}`);
}

/** Words that stand first in many a description and are somebody's registered name too. */
const WORDS =
  /^(?:access|agent|application|base|control|data|device|darwin|digital|embedded|firmware|gateway|generic|hardware|industrial|linux|managed|model|network|platform|power|product|remote|router|secure|security|server|smart|snmp|software|sonic|station|switch|system|unix|version|vxworks|windows|wireless)$/i;
let names: ReadonlyMap<string, string> | null = null;

/** The maker a description begins with, as in `Barracuda Load Balancer`: for agents that report nobody's number. */
export function vendorInText(sysDescr: string | null): string | null {
  const word = /^"?([A-Za-z][\w-]{3,})/.exec(sysDescr ?? '')?.[1];
  if (word === undefined || WORDS.test(word)) return null;
  registeredMaker(0);
  names ??= new Map(
    [...(registry ?? []), ...Object.values(makers)].map((name) => [name.toLowerCase(), name] as const),
  );
  return names.get(word.toLowerCase()) ?? null;
}
