import { decodeOid, encodeOid, type Oid } from '../codec/oid.ts';
import type { SnmpValue } from '../codec/value.ts';

/** One object of a walk. */
export interface WalkObject {
  readonly oid: Oid;
  readonly value: SnmpValue;
}

export interface ParsedWalk {
  /** In the order of the file; of an object twice, the first. */
  readonly objects: readonly WalkObject[];
  /** Lines that could not be understood, with their number; the first fifty. */
  readonly problems: readonly string[];
}

const MOST_PROBLEMS = 50;

/**
 * Reads a walk of a device: a recording (`OID|TAG|VALUE`, the format of SNMPSim) or what `snmpwalk -On` prints.
 * Never throws: a line that is neither is a problem, and the rest counts.
 */
export function parseWalk(text: string): ParsedWalk {
  const objects: WalkObject[] = [];
  const problems: string[] = [];
  const seen = new Set<Oid>();
  for (const { line, number } of logicalLines(text)) {
    const parsed = line.includes('|') && !line.startsWith('.') ? recorded(line) : walked(line);
    if (parsed === null) {
      if (problems.length < MOST_PROBLEMS) problems.push(`line ${number}: ${line.slice(0, 80)}`);
    } else if (parsed.value !== null && !seen.has(parsed.oid)) {
      seen.add(parsed.oid);
      objects.push({ oid: parsed.oid, value: parsed.value });
    }
  }
  return { objects, problems };
}

/** `snmpwalk` breaks texts and long octet strings over lines: what does not begin with an OID goes on. */
function* logicalLines(text: string): Generator<{ line: string; number: number }> {
  let open: { line: string; number: number } | null = null;
  let number = 0;
  for (const raw of text.split(/\r?\n/)) {
    number++;
    if (/^\.?\d+(?:\.\d+)+(?:\s=|\|)/.test(raw)) {
      if (open !== null) yield open;
      open = { line: raw, number };
    } else if (open?.line.startsWith('.')) {
      open.line += `\n${raw}`;
    } else if (raw.trim() !== '') {
      yield { line: raw, number };
    }
  }
  if (open !== null) yield open;
}

/** Null when the line is no object; a null value when it says that there is none. */
type Parsed = { readonly oid: Oid; readonly value: SnmpValue | null } | null;

function recorded(line: string): Parsed {
  const [oid, tag, ...rest] = line.split('|');
  const match = /^(\d+)(x|e)?$/.exec(tag ?? '');
  if (oid === undefined || match === null || !isOid(oid)) return null;
  const content = rest.join('|');
  const bytes = match[2] === 'x' ? Buffer.from(content, 'hex') : Buffer.from(content, 'utf8');
  const value = ofTag(Number(match[1]), content.trim(), bytes);
  return value === null ? null : { oid, value };
}

function ofTag(tag: number, content: string, bytes: Buffer): SnmpValue | null {
  const type = ({ 2: 'integer', 65: 'counter32', 66: 'gauge32', 67: 'timeTicks' } as const)[tag as 2];
  if (type !== undefined) return numeric(type, content);
  if (tag === 4) return { type: 'octets', value: bytes };
  if (tag === 5) return { type: 'null' };
  if (tag === 6) return isOid(content) ? { type: 'oid', value: content.replace(/^\./, '') } : null;
  if (tag === 64) return address(content);
  if (tag === 68) return { type: 'opaque', value: bytes };
  if (tag === 70) return /^\d{1,20}$/.test(content) ? { type: 'counter64', value: BigInt(content) } : null;
  return null;
}

/** A line of `snmpwalk -On`, with or without `-Oe` and `-Ot`. */
function walked(line: string): Parsed {
  const match = /^\.?(\d+(?:\.\d+)+) = (?:([A-Za-z][\w-]*): ?)?([\s\S]*)$/.exec(line);
  const [, oid = '', type, rest = ''] = match ?? [];
  if (match === null || !isOid(oid)) return null;
  const content = rest.trim();
  if (type === undefined) {
    if (/^(?:No Such|No more)/.test(content)) return { oid, value: null };
    if (/^"[\s\S]*"$/.test(content))
      return { oid, value: { type: 'octets', value: Buffer.from(unquoted(content)) } };
    return null;
  }
  const value = ofType(type.toLowerCase(), content);
  return value === null ? null : { oid, value };
}

function ofType(type: string, content: string): SnmpValue | null {
  switch (type) {
    case 'string':
      return { type: 'octets', value: Buffer.from(unquoted(content)) };
    case 'hex-string':
      return { type: 'octets', value: Buffer.from(content.replace(/[^0-9A-Fa-f]/g, ''), 'hex') };
    case 'integer':
      return numeric('integer', content);
    case 'counter32':
      return numeric('counter32', content);
    case 'gauge32':
    case 'unsigned32':
      return numeric('gauge32', content);
    case 'counter64': {
      const digits = /^\d{1,20}/.exec(content)?.[0];
      return digits === undefined ? null : { type: 'counter64', value: BigInt(digits) };
    }
    case 'timeticks':
      return numeric('timeTicks', content);
    case 'oid':
      return isOid(content.replace(/^\./, '')) ? { type: 'oid', value: content.replace(/^\./, '') } : null;
    case 'ipaddress':
    case 'network':
      return address(content);
    case 'opaque': {
      const number = Number(/^(?:Float|Double): ?(-?[\d.]+(?:e[-+]?\d+)?)/i.exec(content)?.[1]);
      return Number.isNaN(number) ? null : { type: 'double', value: number };
    }
    case 'bits':
      return {
        type: 'octets',
        value: Buffer.from((/^[0-9A-F ]+/.exec(content)?.[0] ?? '').replace(/ /g, ''), 'hex'),
      };
    case 'null':
      return { type: 'null' };
    default:
      return null;
  }
}

/** `5`, `up(1)`, `(1234) 0:00:12.34`, `5 seconds`. */
function numeric(type: 'integer' | 'counter32' | 'gauge32' | 'timeTicks', content: string): SnmpValue | null {
  const found = /^-?\d{1,11}(?!\d)/.exec(content) ?? /\((-?\d{1,11})\)/.exec(content);
  if (found === null) return null;
  // BER knows no -0 (X.690 section 8.3).
  const value = Number(found[1] ?? found[0]) + 0;
  if (type === 'integer') {
    return value < -2_147_483_648 || value > 2_147_483_647 ? null : { type, value };
  }
  // Agents that keep these signed send negative ones: modulo 2^32.
  return value < -2_147_483_648 || value > 4_294_967_295 ? null : { type, value: value >>> 0 };
}

function address(content: string): SnmpValue | null {
  const parts = content.split('.').map(Number);
  const valid = parts.length === 4 && parts.every((it) => Number.isInteger(it) && it >= 0 && it <= 255);
  return valid ? { type: 'ipAddress', value: parts.join('.') } : null;
}

function unquoted(content: string): string {
  const inside = /^"([\s\S]*)"$/.exec(content)?.[1];
  return inside === undefined ? content : inside.replace(/\\(["\\])/g, '$1');
}

function isOid(text: string): boolean {
  try {
    return decodeOid(encodeOid(text)) !== null;
  } catch {
    return false;
  }
}
