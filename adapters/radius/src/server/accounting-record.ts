import { formatIpv4, formatIpv6 } from '../attribute/address.ts';
import { type DecodedAttribute, decodeAttributes } from '../attribute/decode.ts';
import { decodeIpv6Prefix } from '../attribute/value.ts';
import type { Dictionary } from '../dictionary/dictionary.ts';
import { attributeTypes, headerLength } from '../packet/codes.ts';
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
  readonly nas: Pick<Nas, 'id'>;
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

/**
 * Reads an Accounting-Request that is well formed (`scanPacket`). Most of what it says is read when it is asked for: a record
 * may be made twice, when it comes and when it is taken into the sessions, and few ask for everything.
 * @param packet the record's own, without padding
 */
export function readAccountingRecord(
  nas: AccountingRecord['nas'],
  sourceAddress: string,
  receivedAt: number,
  packet: Buffer,
): AccountingRecord {
  return new PacketRecord(nas, sourceAddress, receivedAt, packet);
}

const t = attributeTypes;

class PacketRecord implements AccountingRecord {
  readonly nas: AccountingRecord['nas'];
  readonly sourceAddress: string;
  readonly receivedAt: number;
  readonly eventAt: number;
  readonly delaySeconds: number | null;
  readonly clockSkewMs: number | null;
  readonly packet: Buffer;

  constructor(nas: AccountingRecord['nas'], sourceAddress: string, receivedAt: number, packet: Buffer) {
    this.nas = nas;
    this.sourceAddress = sourceAddress;
    this.receivedAt = receivedAt;
    this.packet = packet;
    this.delaySeconds = this.#integer(t.acctDelayTime);
    const timestamp = this.#integer(t.eventTimestamp);
    const delayMs = (this.delaySeconds ?? 0) * 1000;
    this.clockSkewMs = timestamp === null ? null : timestamp * 1000 + delayMs - receivedAt;
    this.eventAt = eventTime(receivedAt, timestamp, delayMs, this.clockSkewMs);
  }

  get statusType(): number | null {
    return this.#integer(t.acctStatusType);
  }
  get status(): AccountingStatus {
    return statuses[this.statusType ?? 0] ?? 'OTHER';
  }
  get sessionId(): string | null {
    return this.#text(t.acctSessionId);
  }
  get multiSessionId(): string | null {
    return this.#text(t.acctMultiSessionId);
  }
  get userName(): string | null {
    return this.#text(t.userName);
  }
  get callingStationId(): string | null {
    return this.#text(t.callingStationId);
  }
  get calledStationId(): string | null {
    return this.#text(t.calledStationId);
  }
  get nasIdentifier(): string | null {
    return this.#text(t.nasIdentifier);
  }
  get nasPort(): number | null {
    return this.#integer(t.nasPort);
  }
  get nasPortId(): string | null {
    return this.#text(t.nasPortId);
  }
  get framedIpAddress(): string | null {
    const at = this.#at(t.framedIpAddress);
    return at !== 0 && this.packet[at + 1] === 6 ? formatIpv4(this.packet, at + 2) : null;
  }
  get framedIpv6Address(): string | null {
    const octets = this.#value(t.framedIpv6Address);
    return octets?.length === 16 ? formatIpv6(octets) : null;
  }
  get framedIpv6Prefix(): string | null {
    return ipv6Prefix(this.#value(t.framedIpv6Prefix));
  }
  get delegatedIpv6Prefix(): string | null {
    return ipv6Prefix(this.#value(t.delegatedIpv6Prefix));
  }
  get classes(): string[] {
    const { packet } = this;
    const out: string[] = [];
    for (let at = headerLength; at < packet.length; at += packet[at + 1] as number)
      if (packet[at] === t.class) out.push(packet.toString('hex', at + 2, at + (packet[at + 1] as number)));
    return out;
  }
  get sessionTimeSeconds(): number | null {
    return this.#integer(t.acctSessionTime);
  }
  get upstreamOctets(): bigint | null {
    return this.#octets(t.acctInputOctets, t.acctInputGigawords);
  }
  get downstreamOctets(): bigint | null {
    return this.#octets(t.acctOutputOctets, t.acctOutputGigawords);
  }
  get hasGigawords(): boolean {
    return this.#at(t.acctInputGigawords) !== 0 || this.#at(t.acctOutputGigawords) !== 0;
  }
  get upstreamPackets(): number | null {
    return this.#integer(t.acctInputPackets);
  }
  get downstreamPackets(): number | null {
    return this.#integer(t.acctOutputPackets);
  }
  get terminateCause(): number | null {
    return this.#integer(t.acctTerminateCause);
  }

  /** Where the first attribute of a type is; 0 when absent. */
  #at(type: number): number {
    const { packet } = this;
    for (let at = headerLength; at < packet.length; at += packet[at + 1] as number)
      if (packet[at] === type) return at;
    return 0;
  }

  #value(type: number): Uint8Array | null {
    const at = this.#at(type);
    return at === 0 ? null : this.packet.subarray(at + 2, at + (this.packet[at + 1] as number));
  }

  #text(type: number): string | null {
    const at = this.#at(type);
    return at === 0 ? null : this.packet.toString('utf8', at + 2, at + (this.packet[at + 1] as number));
  }

  #integer(type: number): number | null {
    const at = this.#at(type);
    return at === 0 || this.packet[at + 1] !== 6 ? null : this.packet.readUInt32BE(at + 2);
  }

  #octets(low: number, high: number): bigint | null {
    const words = this.#integer(low);
    return words === null ? null : (BigInt(this.#integer(high) ?? 0) << 32n) + BigInt(words);
  }
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

function ipv6Prefix(octets: Uint8Array | null): string | null {
  return octets === null ? null : decodeIpv6Prefix(octets);
}
