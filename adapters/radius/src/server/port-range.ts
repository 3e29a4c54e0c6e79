import type { DecodedAttribute } from '../attribute/decode.ts';
import { standardDictionary } from '../dictionary/standard.ts';
import { headerLength } from '../packet/codes.ts';
import { type AccountingRecord, accountingAttributes } from './accounting-record.ts';

/** Ports of an outside address that a carrier-grade NAT gave a session or took back (RFC 8045 §3.1.2, §3.2.8). */
export interface PortRange {
  readonly outsideAddress: string;
  readonly firstPort: number;
  readonly lastPort: number;
  readonly allocated: boolean;
}

const extendedAttribute = 241;
/** IP-Port-Alloc, RFC 8045 §3.2.8. */
const deallocation = 2;

/** The port ranges that an accounting record tells of; those that name no outside address or no ports are left out. */
export function portRanges(record: AccountingRecord): PortRange[] {
  if (!hasAttribute(record.packet, extendedAttribute)) return [];
  return accountingAttributes(record, standardDictionary()).flatMap(({ name, value }) =>
    name === 'IP-Port-Range' && Array.isArray(value)
      ? (rangeOf(value as readonly DecodedAttribute[]) ?? [])
      : [],
  );
}

function rangeOf(parts: readonly DecodedAttribute[]): PortRange | null {
  const of = (name: string) => parts.find((part) => part.name === `IP-Port-Range-${name}`)?.value;
  const [first, last, address] = [of('Range-Start'), of('Range-End'), of('Ext-IPv4-Addr')];
  if (typeof first !== 'number' || typeof last !== 'number' || typeof address !== 'string') return null;
  if (first > last || last > 65_535) return null;
  return {
    outsideAddress: address,
    firstPort: first,
    lastPort: last,
    allocated: of('Alloc') !== deallocation,
  };
}

function hasAttribute(packet: Uint8Array, type: number): boolean {
  for (let at = headerLength; at < packet.length; at += packet[at + 1] as number)
    if (packet[at] === type) return true;
  return false;
}
