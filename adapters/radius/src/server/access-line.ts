import { headerLength } from '../packet/codes.ts';

/** What the access node wrote into a login: which of its lines the subscriber is on. */
export interface AccessLine {
  readonly circuitId: string | null;
  readonly remoteId: string | null;
}

const vendorSpecific = 26;
/** DSL Forum (RFC 4679 §3.3.1, §3.3.2), and Redback's own from before. */
const vendors: Readonly<Record<number, { readonly circuit: number; readonly remote: number }>> = {
  3561: { circuit: 1, remote: 2 },
  2352: { circuit: 97, remote: 96 },
};

/**
 * Agent-Circuit-Id and Agent-Remote-Id of a RADIUS packet whose lengths have been checked. Octets that are no text are
 * given as hexadecimal.
 */
export function accessLine(packet: Uint8Array): AccessLine {
  let circuitId: string | null = null;
  let remoteId: string | null = null;
  for (let at = headerLength; at + 2 <= packet.length; at += packet[at + 1] as number) {
    const end = at + (packet[at + 1] as number);
    if (end < at + 2 || end > packet.length) break;
    if (packet[at] !== vendorSpecific || end < at + 8) continue;
    const vendor = new DataView(packet.buffer, packet.byteOffset + at + 2, 4).getUint32(0);
    const types = vendors[vendor];
    if (types === undefined) continue;
    for (let sub = at + 6; sub + 2 <= end; sub += packet[sub + 1] as number) {
      const length = packet[sub + 1] as number;
      if (length < 2 || sub + length > end) break;
      const value = textOf(packet.subarray(sub + 2, sub + length));
      if (packet[sub] === types.circuit) circuitId ??= value;
      if (packet[sub] === types.remote) remoteId ??= value;
    }
  }
  return { circuitId, remoteId };
}

function textOf(octets: Uint8Array): string | null {
  if (octets.length === 0) return null;
  const printable = octets.every((octet) => octet >= 0x20 && octet !== 0x7f);
  return printable ? Buffer.from(octets).toString('utf8') : Buffer.from(octets).toString('hex');
}
