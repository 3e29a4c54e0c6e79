import { attributeTypes, headerLength, maximumPacketLength } from './codes.ts';

/** Why a datagram is not a RADIUS packet (RFC 2865 §3, §5; RFC 3579 §3.2). */
export type MalformedReason =
  | 'SHORTER_THAN_HEADER'
  | 'LENGTH_BELOW_20'
  | 'LENGTH_ABOVE_4096'
  | 'LENGTH_BEYOND_DATAGRAM'
  | 'ATTRIBUTE_LENGTH_BELOW_2'
  | 'ATTRIBUTE_BEYOND_PACKET'
  | 'MESSAGE_AUTHENTICATOR_LENGTH'
  | 'MESSAGE_AUTHENTICATOR_TWICE';

/**
 * Where the attributes of one packet are: the first of each type, and enough to judge the packet.
 * Reused from packet to packet by the server; nothing in it outlives the next `scanPacket`.
 */
export interface PacketScan {
  /** Length by the header; octets beyond it in the datagram are padding. */
  length: number;
  /** Offset of the first attribute of each type, 0 when absent. */
  readonly firstOffsets: Uint16Array;
  /** Offset of the 16 octets of Message-Authenticator, 0 when absent. */
  messageAuthenticatorAt: number;
}

/** A scan to be filled by `scanPacket`. */
export function createScan(): PacketScan {
  return { length: 0, firstOffsets: new Uint16Array(256), messageAuthenticatorAt: 0 };
}

/** Validates strictly and notes offsets, without allocating. Returns null when the packet is well formed. */
export function scanPacket(datagram: Uint8Array, scan: PacketScan): MalformedReason | null {
  if (datagram.length < headerLength) return 'SHORTER_THAN_HEADER';
  const length = ((datagram[2] as number) << 8) | (datagram[3] as number);
  if (length < headerLength) return 'LENGTH_BELOW_20';
  if (length > maximumPacketLength) return 'LENGTH_ABOVE_4096';
  if (length > datagram.length) return 'LENGTH_BEYOND_DATAGRAM';
  const { firstOffsets } = scan;
  firstOffsets.fill(0);
  scan.length = length;
  scan.messageAuthenticatorAt = 0;
  for (let at = headerLength; at < length; ) {
    if (at + 2 > length) return 'ATTRIBUTE_BEYOND_PACKET';
    const type = datagram[at] as number;
    const size = datagram[at + 1] as number;
    if (size < 2) return 'ATTRIBUTE_LENGTH_BELOW_2';
    if (at + size > length) return 'ATTRIBUTE_BEYOND_PACKET';
    if (type === attributeTypes.messageAuthenticator) {
      if (size !== 18) return 'MESSAGE_AUTHENTICATOR_LENGTH';
      if (scan.messageAuthenticatorAt !== 0) return 'MESSAGE_AUTHENTICATOR_TWICE';
      scan.messageAuthenticatorAt = at + 2;
    }
    if (firstOffsets[type] === 0) firstOffsets[type] = at;
    at += size;
  }
  return null;
}

/** The value of the first attribute of a type, as a view into the packet; null when absent. */
export function attributeValue(packet: Uint8Array, scan: PacketScan, type: number): Uint8Array | null {
  const at = scan.firstOffsets[type] as number;
  return at === 0 ? null : packet.subarray(at + 2, at + (packet[at + 1] as number));
}

/** Offset of the first attribute (`type`, `length`, value) of a type at or after `from`; 0 when there is none. */
export function nextAttribute(packet: Uint8Array, scan: PacketScan, type: number, from: number): number {
  for (let at = from; at < scan.length; at += packet[at + 1] as number) {
    if (packet[at] === type) return at;
  }
  return 0;
}

/** The value of a vendor's sub-attribute in the usual 1-octet format (RFC 2865 §5.26); null when absent. */
export function vendorAttributeValue(
  packet: Uint8Array,
  scan: PacketScan,
  vendor: number,
  type: number,
): Uint8Array | null {
  const at = vendorAttributeAt(packet, scan, vendor, type);
  return at === 0 ? null : packet.subarray(at + 2, at + (packet[at + 1] as number));
}

/** Where such a sub-attribute (`type`, `length`, value) begins; 0 when absent. Its length has been checked. */
export function vendorAttributeAt(
  packet: Uint8Array,
  scan: PacketScan,
  vendor: number,
  type: number,
): number {
  for (let at = scan.firstOffsets[attributeTypes.vendorSpecific] as number; at !== 0; ) {
    const end = at + (packet[at + 1] as number);
    if (end - at >= 8) {
      const id =
        (((packet[at + 2] as number) << 24) |
          ((packet[at + 3] as number) << 16) |
          ((packet[at + 4] as number) << 8) |
          (packet[at + 5] as number)) >>>
        0;
      if (id === vendor) {
        for (let inner = at + 6; inner + 2 <= end; ) {
          const size = packet[inner + 1] as number;
          if (size < 2 || inner + size > end) break;
          if (packet[inner] === type) return inner;
          inner += size;
        }
      }
    }
    at = nextAttribute(packet, scan, attributeTypes.vendorSpecific, end);
  }
  return 0;
}
