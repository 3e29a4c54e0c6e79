import { BerError, BerReader, BerWriter } from '../codec/ber.ts';
import { type Pdu, type ReceivedPdu, readPdu, writePdu } from '../codec/pdu.ts';

/** msgFlags (RFC 3412 §6.4). */
export const FLAG_AUTH = 1;
export const FLAG_PRIV = 2;
export const FLAG_REPORTABLE = 4;

/** Largest reply we take, and announce: the largest UDP payload. */
const MAX_SIZE = 65_507;

export interface V3Fields {
  readonly messageId: number;
  readonly flags: number;
  readonly engineId: Uint8Array;
  readonly engineBoots: number;
  readonly engineTime: number;
  readonly userName: Uint8Array;
  /** Zeros of the digest's length, to be overwritten; empty without authentication. */
  readonly authParameters: Uint8Array;
  readonly privParameters: Uint8Array;
}

/** ScopedPDU (RFC 3412 §6.8). */
export function encodeScopedPdu(engineId: Uint8Array, contextName: Uint8Array, pdu: Pdu): Buffer {
  const writer = new BerWriter();
  writePdu(writer, pdu);
  writer.octets(0x04, contextName);
  writer.octets(0x04, engineId);
  writer.header(0x30, 0);
  return writer.finish();
}

/** A scoped PDU as it came; the answer to it has the same context. */
export interface ScopedPdu {
  readonly contextEngineId: Buffer;
  readonly contextName: Buffer;
  readonly pdu: ReceivedPdu;
}

/** A scoped PDU; a reason when there is none. Zeros behind it are the cipher's padding. */
export function readScopedPdu(plain: Buffer): ScopedPdu | string {
  try {
    const scoped = new BerReader(plain).enter(0x30);
    const contextEngineId = scoped.octets(0x04);
    const contextName = scoped.octets(0x04);
    const pdu = readPdu(scoped);
    return pdu === null ? 'no PDU in the scoped PDU' : { contextEngineId, contextName, pdu };
  } catch (error) {
    if (error instanceof BerError) return error.message;
    throw error;
  }
}

/** The PDU in a scoped PDU; a reason when there is none. */
export function decodeScopedPdu(plain: Buffer): ReceivedPdu | string {
  const scoped = readScopedPdu(plain);
  return typeof scoped === 'string' ? scoped : scoped.pdu;
}

/** An SNMPv3 message and where its authentication parameters stand. `scoped` is encrypted when FLAG_PRIV is set. */
export function encodeV3Message(fields: V3Fields, scoped: Buffer): { datagram: Buffer; authOffset: number } {
  const writer = new BerWriter();
  if (fields.flags & FLAG_PRIV) writer.octets(0x04, scoped);
  else writer.raw(scoped);
  const security = writer.size;
  writer.octets(0x04, fields.privParameters);
  writer.raw(fields.authParameters);
  const authEnd = writer.size;
  writer.header(0x04, authEnd - fields.authParameters.length);
  writer.octets(0x04, fields.userName);
  writer.integer(fields.engineTime);
  writer.integer(fields.engineBoots);
  writer.octets(0x04, fields.engineId);
  writer.header(0x30, security);
  writer.header(0x04, security);
  const global = writer.size;
  writer.integer(3);
  writer.octets(0x04, Uint8Array.of(fields.flags));
  writer.integer(MAX_SIZE);
  writer.integer(fields.messageId);
  writer.header(0x30, global);
  writer.integer(3);
  writer.header(0x30, 0);
  const datagram = writer.finish();
  return { datagram, authOffset: datagram.length - authEnd };
}
