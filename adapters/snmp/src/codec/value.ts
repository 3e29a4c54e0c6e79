import { BerError, BerReader, type BerWriter, signedInteger } from './ber.ts';
import { decodeOid, encodeOid, type Oid } from './oid.ts';

/**
 * A value of a variable binding (RFC 2578 §7, RFC 3416 §3).
 * `malformed` is a value that could not be decoded; the rest of the reply stands.
 */
export type SnmpValue =
  | { readonly type: 'integer' | 'counter32' | 'gauge32' | 'timeTicks'; readonly value: number }
  | { readonly type: 'counter64'; readonly value: bigint }
  | { readonly type: 'octets' | 'opaque'; readonly value: Buffer }
  | { readonly type: 'oid'; readonly value: Oid }
  | { readonly type: 'ipAddress'; readonly value: string }
  | { readonly type: 'float' | 'double'; readonly value: number }
  | { readonly type: 'null' | 'noSuchObject' | 'noSuchInstance' | 'endOfMibView' }
  | { readonly type: 'malformed'; readonly reason: string; readonly raw: Buffer };

const NULL: SnmpValue = { type: 'null' };
const NO_SUCH_OBJECT: SnmpValue = { type: 'noSuchObject' };
const NO_SUCH_INSTANCE: SnmpValue = { type: 'noSuchInstance' };
const END_OF_MIB_VIEW: SnmpValue = { type: 'endOfMibView' };

type NumberType = 'integer' | 'counter32' | 'gauge32' | 'timeTicks';
const SMALL = 256;
const smallOf = (type: NumberType): readonly SnmpValue[] =>
  Array.from({ length: SMALL }, (_, value) => ({ type, value }));
/** Most cells of a table are a state or a zero: one object for each of those, not one for each cell. */
const small: Readonly<Record<NumberType, readonly SnmpValue[]>> = {
  integer: smallOf('integer'),
  counter32: smallOf('counter32'),
  gauge32: smallOf('gauge32'),
  timeTicks: smallOf('timeTicks'),
};

function numeric(type: NumberType, value: number): SnmpValue {
  return value >= 0 && value < SMALL ? (small[type][value] as SnmpValue) : { type, value };
}

const tags = {
  integer: 0x02,
  octets: 0x04,
  oid: 0x06,
  ipAddress: 0x40,
  counter32: 0x41,
  gauge32: 0x42,
  timeTicks: 0x43,
  opaque: 0x44,
  counter64: 0x46,
} as const;

/** Reads one value. A wrong content gives `malformed`; a length that passes the end throws `BerError`. */
export function readValue(reader: BerReader): SnmpValue {
  const tag = reader.peekTag();
  const length = reader.header();
  const start = reader.offset;
  reader.offset += length;
  return decodeValue(reader.buffer, tag, start, length);
}

/** The value whose tag stands at `start`, of a structure that was read before. */
export function decodeElement(buffer: Buffer, start: number): SnmpValue {
  const length = buffer[start + 1] as number;
  if (length < 0x80) return decodeValue(buffer, buffer[start] as number, start + 2, length);
  return readValue(new BerReader(buffer, start));
}

/** The value with a tag whose content stands at `start`. Octets are a view of the buffer. */
export function decodeValue(buffer: Buffer, tag: number, start: number, length: number): SnmpValue {
  return (
    decodeContent(buffer, tag, start, length) ?? {
      type: 'malformed',
      reason: `tag 0x${tag.toString(16)} with ${length} octets`,
      raw: buffer.subarray(start, start + length),
    }
  );
}

function decodeContent(buffer: Buffer, tag: number, start: number, length: number): SnmpValue | null {
  switch (tag) {
    case tags.integer: {
      const value = signedInteger(buffer, start, length);
      return value === null ? null : numeric('integer', value);
    }
    case tags.octets:
      return { type: 'octets', value: buffer.subarray(start, start + length) };
    case 0x05:
      return NULL;
    case tags.oid: {
      const value = decodeOid(buffer.subarray(start, start + length));
      return value === null ? null : { type: 'oid', value };
    }
    case tags.ipAddress:
      return length === 4
        ? { type: 'ipAddress', value: buffer.subarray(start, start + length).join('.') }
        : null;
    case tags.counter32:
      return unsigned32('counter32', buffer, start, length);
    case tags.gauge32:
      return unsigned32('gauge32', buffer, start, length);
    case tags.timeTicks:
      return unsigned32('timeTicks', buffer, start, length);
    case tags.opaque:
      return decodeOpaque(buffer.subarray(start, start + length));
    case tags.counter64: {
      const value = counter64(buffer, start, length);
      return value === null ? null : { type: 'counter64', value };
    }
    case 0x80:
      return NO_SUCH_OBJECT;
    case 0x81:
      return NO_SUCH_INSTANCE;
    case 0x82:
      return END_OF_MIB_VIEW;
    default:
      return null;
  }
}

/** Modulo 2^32: agents send the top bit as a sign, and 5 octets with a leading zero. */
function unsigned32(
  type: Exclude<NumberType, 'integer'>,
  buffer: Buffer,
  start: number,
  length: number,
): SnmpValue | null {
  if (length === 0 || length > 8) return null;
  const end = start + length;
  let value = 0;
  for (let i = length > 4 ? end - 4 : start; i < end; i++) value = value * 256 + (buffer[i] as number);
  if (length < 4 && (buffer[start] as number) & 0x80) value += 2 ** 32 - 2 ** (8 * length);
  return numeric(type, value);
}

/** Up to 8 octets, or 9 of which the first is zero. Short contents with the top bit set are negative: modulo 2^64. */
function counter64(buffer: Buffer, start: number, length: number): bigint | null {
  if (length === 0 || length > 9 || (length === 9 && buffer[start] !== 0)) return null;
  const end = start + length;
  const negative = length < 8 && ((buffer[start] as number) & 0x80) !== 0;
  // Above 53 bit a double is not exact; below, one conversion is far cheaper than arithmetic on big integers.
  if (length <= 6) {
    let value = 0;
    for (let i = start; i < end; i++) value = value * 256 + (buffer[i] as number);
    return negative ? BigInt.asUintN(64, BigInt(value - 2 ** (8 * length))) : BigInt(value);
  }
  const low = BigInt(buffer.readUInt32BE(end - 4));
  let high = 0;
  for (let i = start; i < end - 4; i++) high = high * 256 + (buffer[i] as number);
  const value = (BigInt(high) << 32n) | low;
  return negative ? value + (1n << 64n) - (1n << 56n) : value;
}

/** Opaque float and double as NET-SNMP wraps them: `9f 78 04` and `9f 79 08` before the IEEE 754 octets. */
function decodeOpaque(content: Buffer): SnmpValue {
  if (content[0] === 0x9f && content[1] === 0x78 && content[2] === 4 && content.length === 7) {
    return { type: 'float', value: content.readFloatBE(3) };
  }
  if (content[0] === 0x9f && content[1] === 0x79 && content[2] === 8 && content.length === 11) {
    return { type: 'double', value: content.readDoubleBE(3) };
  }
  return { type: 'opaque', value: content };
}

/** Writes one value. Throws `BerError` for one that has no form on the wire, or not the form of its type. */
export function writeValue(writer: BerWriter, value: SnmpValue): void {
  switch (value.type) {
    case 'integer':
      writer.integer(value.value, tags.integer);
      return;
    case 'counter32':
    case 'gauge32':
    case 'timeTicks':
      writer.unsigned(BigInt(value.value), tags[value.type]);
      return;
    case 'counter64':
      writer.unsigned(value.value, tags.counter64);
      return;
    case 'octets':
    case 'opaque':
      writer.octets(tags[value.type], value.value);
      return;
    case 'oid':
      writer.octets(tags.oid, encodeOid(value.value));
      return;
    case 'ipAddress':
      writer.octets(tags.ipAddress, encodeAddress(value.value));
      return;
    case 'float':
    case 'double':
      writer.octets(tags.opaque, encodeFloat(value.type, value.value));
      return;
    case 'null':
      writer.octets(0x05, new Uint8Array());
      return;
    case 'noSuchObject':
      writer.octets(0x80, new Uint8Array());
      return;
    case 'noSuchInstance':
      writer.octets(0x81, new Uint8Array());
      return;
    case 'endOfMibView':
      writer.octets(0x82, new Uint8Array());
      return;
    case 'malformed':
      throw new BerError('a malformed value cannot be written');
  }
}

function encodeAddress(address: string): Uint8Array {
  const parts = address.split('.').map(Number);
  if (parts.length !== 4 || !parts.every((part) => Number.isInteger(part) && part >= 0 && part < 256)) {
    throw new BerError(`"${address}" is no IPv4 address`);
  }
  return Uint8Array.from(parts);
}

function encodeFloat(type: 'float' | 'double', value: number): Uint8Array {
  const out = Buffer.alloc(type === 'float' ? 7 : 11);
  out[0] = 0x9f;
  out[1] = type === 'float' ? 0x78 : 0x79;
  out[2] = out.length - 3;
  if (type === 'float') out.writeFloatBE(value, 3);
  else out.writeDoubleBE(value, 3);
  return out;
}
