import { formatIpv4, formatIpv6 } from '../attribute/address.ts';
import { type DecodedAttribute, decodeAttributes } from '../attribute/decode.ts';
import { decodeIpv6Prefix } from '../attribute/value.ts';
import type { Dictionary } from '../dictionary/dictionary.ts';
import { attributeTypes, headerLength } from '../packet/codes.ts';
import { attributeValue, type PacketScan } from '../packet/scan.ts';
import type { Nas } from './nas.ts';

export type AccountingStatus = 'START' | 'INTERIM' | 'STOP' | 'ON' | 'OFF' | 'OTHER';

/** Acct-Status-Type, RFC 2866 §5.1. */
const statuses: Readonly<Record<number, AccountingStatus>> = {
  1: 'START',
  2: 'STOP',
  3: 'INTERIM',
  7: 'ON',
  8: 'OFF',
};

/** A NAS clock further off than this is not believed. */
const trustedSkewMs = 300_000;

/** One Accounting-Request. Octets are the subscriber's: input at the NAS = upstream. Absent is null, never 0. */
export interface AccountingRecord {
  readonly nas: Nas;
  readonly sourceAddress: string;
  /** When it arrived, milliseconds since the epoch. */
  readonly receivedAt: number;
  /**
   * When it happened, milliseconds since the epoch: Event-Timestamp if the NAS clock is credible, else the time of
   * arrival, minus Acct-Delay-Time when there was no Event-Timestamp.
   */
  readonly eventAt: number;
  /** Acct-Delay-Time: how long the NAS has been sending it; null when it does not say. */
  readonly delaySeconds: number | null;
  /** Event-Timestamp + Acct-Delay-Time against the time of arrival; null without Event-Timestamp. */
  readonly clockSkewMs: number | null;
  readonly status: AccountingStatus;
  readonly statusType: number | null;
  readonly sessionId: string | null;
  readonly multiSessionId: string | null;
  readonly userName: string | null;
  readonly callingStationId: string | null;
  readonly calledStationId: string | null;
  readonly nasIdentifier: string | null;
  readonly nasPort: number | null;
  readonly nasPortId: string | null;
  readonly framedIpAddress: string | null;
  readonly framedIpv6Address: string | null;
  /** `2001:db8::/64`. */
  readonly framedIpv6Prefix: string | null;
  readonly delegatedIpv6Prefix: string | null;
  /** Every Class attribute as hexadecimal: ours comes back here. */
  readonly classes: readonly string[];
  readonly sessionTimeSeconds: number | null;
  /** With gigawords: `null` gigawords mean a NAS that wraps at 2^32. */
  readonly upstreamOctets: bigint | null;
  readonly downstreamOctets: bigint | null;
  readonly hasGigawords: boolean;
  readonly upstreamPackets: number | null;
  readonly downstreamPackets: number | null;
  /** RFC 2866 §5.10. */
  readonly terminateCause: number | null;
  /** The packet itself, for the attributes above it does not name. */
  readonly packet: Uint8Array;
}

/** Reads a scanned Accounting-Request. */
export function readAccountingRecord(
  nas: Nas,
  sourceAddress: string,
  receivedAt: number,
  packet: Buffer,
  scan: PacketScan,
): AccountingRecord {
  const text = (type: number): string | null => {
    const at = scan.firstOffsets[type] as number;
    return at === 0 ? null : packet.toString('utf8', at + 2, at + (packet[at + 1] as number));
  };
  const integer = (type: number): number | null => {
    const at = scan.firstOffsets[type] as number;
    return at === 0 || packet[at + 1] !== 6 ? null : packet.readUInt32BE(at + 2);
  };
  const octets = (low: number, high: number): bigint | null => {
    const words = integer(low);
    return words === null ? null : (BigInt(integer(high) ?? 0) << 32n) + BigInt(words);
  };
  const t = attributeTypes;
  const statusType = integer(t.acctStatusType);
  const timestamp = integer(t.eventTimestamp);
  const delaySeconds = integer(t.acctDelayTime);
  const delayMs = (delaySeconds ?? 0) * 1000;
  const clockSkewMs = timestamp === null ? null : timestamp * 1000 + delayMs - receivedAt;
  const framedIpAt = scan.firstOffsets[t.framedIpAddress] as number;
  return {
    nas,
    sourceAddress,
    receivedAt,
    delaySeconds,
    eventAt: eventTime(receivedAt, timestamp, delayMs, clockSkewMs),
    clockSkewMs,
    status: statuses[statusType ?? 0] ?? 'OTHER',
    statusType,
    sessionId: text(t.acctSessionId),
    multiSessionId: text(t.acctMultiSessionId),
    userName: text(t.userName),
    callingStationId: text(t.callingStationId),
    calledStationId: text(t.calledStationId),
    nasIdentifier: text(t.nasIdentifier),
    nasPort: integer(t.nasPort),
    nasPortId: text(t.nasPortId),
    framedIpAddress:
      framedIpAt !== 0 && packet[framedIpAt + 1] === 6 ? formatIpv4(packet, framedIpAt + 2) : null,
    framedIpv6Address: ipv6Address(attributeValue(packet, scan, t.framedIpv6Address)),
    framedIpv6Prefix: ipv6Prefix(attributeValue(packet, scan, t.framedIpv6Prefix)),
    delegatedIpv6Prefix: ipv6Prefix(attributeValue(packet, scan, t.delegatedIpv6Prefix)),
    classes: allHex(packet, scan, t.class),
    sessionTimeSeconds: integer(t.acctSessionTime),
    upstreamOctets: octets(t.acctInputOctets, t.acctInputGigawords),
    downstreamOctets: octets(t.acctOutputOctets, t.acctOutputGigawords),
    hasGigawords:
      scan.firstOffsets[t.acctInputGigawords] !== 0 || scan.firstOffsets[t.acctOutputGigawords] !== 0,
    upstreamPackets: integer(t.acctInputPackets),
    downstreamPackets: integer(t.acctOutputPackets),
    terminateCause: integer(t.acctTerminateCause),
    // A copy: the datagram's memory is used again for the next.
    packet: Buffer.from(packet.subarray(0, scan.length)),
  };
}

/** Every attribute of a record, decoded: IPv6 prefixes, vendors' counters, service sessions. */
export function accountingAttributes(record: AccountingRecord, dictionary: Dictionary): DecodedAttribute[] {
  return decodeAttributes(record.packet.subarray(headerLength), dictionary);
}

function eventTime(
  receivedAt: number,
  timestamp: number | null,
  delayMs: number,
  skewMs: number | null,
): number {
  if (timestamp === null || skewMs === null) return receivedAt - delayMs;
  return Math.abs(skewMs) <= trustedSkewMs ? timestamp * 1000 : receivedAt;
}

function ipv6Address(octets: Uint8Array | null): string | null {
  return octets?.length === 16 ? formatIpv6(octets) : null;
}

function ipv6Prefix(octets: Uint8Array | null): string | null {
  return octets === null ? null : decodeIpv6Prefix(octets);
}

function allHex(packet: Buffer, scan: PacketScan, type: number): string[] {
  const out: string[] = [];
  const first = scan.firstOffsets[type] as number;
  if (first === 0) return out;
  for (let at = first; at < scan.length; at += packet[at + 1] as number)
    if (packet[at] === type) out.push(packet.toString('hex', at + 2, at + (packet[at + 1] as number)));
  return out;
}
