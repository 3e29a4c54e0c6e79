import { BerError, BerReader, BerWriter } from './ber.ts';
import { type Pdu, type ReceivedPdu, readPdu, writePdu } from './pdu.ts';

/** What a datagram turned out to be. `malformed` says why; nothing is thrown for foreign octets. */
export type DecodedMessage =
  | {
      readonly kind: 'community';
      readonly version: '1' | '2c';
      readonly community: Buffer;
      readonly pdu: ReceivedPdu;
    }
  | { readonly kind: 'v3'; readonly header: V3Header }
  | { readonly kind: 'malformed'; readonly reason: string };

/** An SNMPv3 message up to its scoped PDU (RFC 3412 §6, RFC 3414 §2.4). */
export interface V3Header {
  readonly messageId: number;
  readonly maxSize: number;
  /** Bit 0 authenticated, bit 1 encrypted, bit 2 reportable. */
  readonly flags: number;
  readonly engineId: Buffer;
  readonly engineBoots: number;
  readonly engineTime: number;
  readonly userName: Buffer;
  readonly authParameters: Buffer;
  /** Where the authentication parameters stand in the datagram. */
  readonly authOffset: number;
  readonly privParameters: Buffer;
  /** The scoped PDU: its encoding, or the encrypted octets when flag bit 1 is set. */
  readonly scopedPdu: Buffer;
}

/** An SNMPv1 or v2c message (RFC 1157 §4, RFC 3417). */
export function encodeCommunityMessage(version: '1' | '2c', community: Uint8Array, pdu: Pdu): Buffer {
  const writer = new BerWriter();
  writePdu(writer, pdu);
  writer.octets(0x04, community);
  writer.integer(version === '1' ? 0 : 1);
  writer.header(0x30, 0);
  return writer.finish();
}

/** Decodes any datagram. Octets after the message are ignored, as agents pad. */
export function decodeMessage(datagram: Buffer): DecodedMessage {
  try {
    return decode(datagram);
  } catch (error) {
    if (error instanceof BerError) return { kind: 'malformed', reason: error.message };
    throw error;
  }
}

function decode(datagram: Buffer): DecodedMessage {
  const message = new BerReader(datagram).enter(0x30);
  const version = message.integer();
  if (version === 3) return { kind: 'v3', header: readV3(message) };
  if (version !== 0 && version !== 1) return { kind: 'malformed', reason: `version number ${version}` };
  const community = message.octets(0x04);
  const pdu = readPdu(message);
  if (pdu === null) return { kind: 'malformed', reason: `PDU tag 0x${message.peekTag().toString(16)}` };
  return { kind: 'community', version: version === 0 ? '1' : '2c', community, pdu };
}

function readV3(message: BerReader): V3Header {
  const global = message.enter(0x30);
  const messageId = global.integer();
  const maxSize = global.integer();
  const flags = global.octets(0x04)[0] ?? 0;
  const securityModel = global.integer();
  if (securityModel !== 3) throw new BerError(`security model ${securityModel}, expected 3 (USM)`);
  const security = message.enter(0x04).enter(0x30);
  const engineId = security.octets(0x04);
  const engineBoots = security.integer();
  const engineTime = security.integer();
  const userName = security.octets(0x04);
  const authParameters = security.octets(0x04);
  const authOffset = security.offset - authParameters.length;
  const privParameters = security.octets(0x04);
  const scopedPdu = flags & 2 ? message.octets(0x04) : message.buffer.subarray(message.offset, message.end);
  return {
    messageId,
    maxSize,
    flags,
    engineId,
    engineBoots,
    engineTime,
    userName,
    authParameters,
    authOffset,
    privParameters,
    scopedPdu,
  };
}
