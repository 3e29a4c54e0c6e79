import type { AttributeDataType, AttributeDefinition } from '../dictionary/dictionary.ts';
import { formatIpv4, formatIpv6, parseIpv4, parseIpv6 } from './address.ts';

/**
 * A value of an attribute by its data type: text for `string`, addresses (`203.0.113.9`, `2001:db8::/56`), `ifid` and
 * `ether`; `number` for integers up to 32 bit and `date` (seconds since the epoch); `bigint` for `integer64`;
 * octets for everything else and for what could not be decoded.
 */
export type ScalarValue = string | number | bigint | Uint8Array;

/** A value that does not fit its attribute. */
export class AttributeError extends Error {
  override readonly name = 'AttributeError';
  readonly code = 'INVALID_ATTRIBUTE_VALUE';
  readonly attribute: string;

  constructor(attribute: string, message: string) {
    super(`${attribute}: ${message}`);
    this.attribute = attribute;
  }
}

const textDecoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Octets of an integer type, 0 for the others. */
function integerOctets(type: AttributeDataType): number {
  switch (type) {
    case 'byte':
      return 1;
    case 'short':
      return 2;
    case 'integer':
    case 'signed':
    case 'date':
      return 4;
    case 'integer64':
      return 8;
    default:
      return 0;
  }
}

/** Octets of one value of a type of fixed size, 0 for the others. */
export function fixedOctets(definition: AttributeDefinition): number {
  const integer = integerOctets(definition.type);
  if (integer > 0) return integer;
  switch (definition.type) {
    case 'ipaddr':
      return 4;
    case 'ipv4prefix':
    case 'ether':
      return 6;
    case 'ifid':
      return 8;
    case 'ipv6addr':
      return 16;
    default:
      return definition.length ?? 0;
  }
}

/** Decodes the octets of a value; null when they do not fit the type (the caller keeps the octets). */
export function decodeValue(definition: AttributeDefinition, raw: Uint8Array): ScalarValue | null {
  const fixed = fixedOctets(definition);
  if (fixed > 0 && raw.length !== fixed) return null;
  switch (definition.type) {
    case 'string':
      try {
        return textDecoder.decode(raw);
      } catch {
        return null;
      }
    case 'byte':
    case 'short':
    case 'integer':
    case 'date':
      return Buffer.from(raw).readUIntBE(0, fixed);
    case 'signed':
      return Buffer.from(raw).readInt32BE(0);
    case 'integer64':
      return Buffer.from(raw).readBigUInt64BE(0);
    case 'ipaddr':
      return formatIpv4(raw);
    case 'ipv6addr':
      return formatIpv6(raw);
    case 'combo-ip':
      return raw.length === 4 ? formatIpv4(raw) : raw.length === 16 ? formatIpv6(raw) : null;
    case 'ipv4prefix':
      return (raw[1] as number) <= 32 ? `${formatIpv4(raw, 2)}/${raw[1]}` : null;
    case 'ipv6prefix':
      return decodeIpv6Prefix(raw);
    case 'ifid':
      return [0, 2, 4, 6]
        .map((at) => (((raw[at] as number) << 8) | (raw[at + 1] as number)).toString(16))
        .join(':');
    case 'ether':
      return [...raw].map((octet) => octet.toString(16).padStart(2, '0')).join(':');
    default:
      return raw;
  }
}

/** RFC 3162 §2.3: reserved, prefix length, at least the octets the prefix needs; null when it is none. */
export function decodeIpv6Prefix(raw: Uint8Array): string | null {
  const bits = raw[1] ?? 255;
  if (raw.length < 2 || raw.length > 18 || bits > 128 || raw.length - 2 < Math.ceil(bits / 8)) return null;
  const address = new Uint8Array(16);
  address.set(raw.subarray(2));
  return `${formatIpv6(address)}/${bits}`;
}

/** Encodes a value for its attribute. Octets are taken as they are. Throws `AttributeError`. */
export function encodeValue(definition: AttributeDefinition, value: ScalarValue): Uint8Array {
  const wrong = (right: string) =>
    new AttributeError(definition.name, `${JSON.stringify(String(value))} is not ${right}`);
  if (value instanceof Uint8Array) return value;
  const size = integerOctets(definition.type);
  if (size > 0) return encodeInteger(definition, value, size);
  const text = String(value);
  switch (definition.type) {
    case 'string': {
      const bytes = Buffer.from(text, 'utf8');
      if (definition.length !== null && bytes.length !== definition.length)
        throw wrong(`${definition.length} octets long`);
      return bytes;
    }
    case 'ipaddr':
      return parseIpv4(text) ?? raise(wrong('an IPv4 address'));
    case 'ipv6addr':
      return parseIpv6(text) ?? raise(wrong('an IPv6 address'));
    case 'combo-ip':
      return parseIpv4(text) ?? parseIpv6(text) ?? raise(wrong('an IP address'));
    case 'ipv4prefix':
      return (
        encodePrefix(text, 32, parseIpv4, false) ?? raise(wrong('an IPv4 prefix such as 203.0.113.0/24'))
      );
    case 'ipv6prefix':
      return encodePrefix(text, 128, parseIpv6, true) ?? raise(wrong('an IPv6 prefix such as 2001:db8::/56'));
    case 'ifid':
      if (!/^([0-9a-f]{1,4}:){3}[0-9a-f]{1,4}$/i.test(text)) throw wrong('an interface id such as 0:0:0:1');
      return Buffer.from(
        text
          .split(':')
          .map((group) => group.padStart(4, '0'))
          .join(''),
        'hex',
      );
    case 'ether':
      if (!/^([0-9a-f]{2}[:-]){5}[0-9a-f]{2}$/i.test(text)) throw wrong('a MAC such as cc:2d:e0:a3:3d:d5');
      return Buffer.from(text.replace(/[:-]/g, ''), 'hex');
    default:
      return /^0x([0-9a-f]{2})*$/i.test(text) ? Buffer.from(text.slice(2), 'hex') : Buffer.from(text, 'utf8');
  }
}

function encodeInteger(
  definition: AttributeDefinition,
  value: string | number | bigint,
  size: number,
): Uint8Array {
  let number: bigint | undefined;
  if (typeof value === 'string')
    number =
      definition.valueNumbers.get(value.toLowerCase()) ??
      (/^-?(\d+|0x[0-9a-f]+)$/i.test(value) ? BigInt(value) : undefined);
  else if (typeof value === 'bigint' || Number.isInteger(value)) number = BigInt(value);
  const bits = BigInt(size * 8);
  const signed = definition.type === 'signed';
  const least = signed ? -(1n << (bits - 1n)) : 0n;
  const most = signed ? (1n << (bits - 1n)) - 1n : (1n << bits) - 1n;
  if (number === undefined || number < least || number > most)
    throw new AttributeError(
      definition.name,
      `${JSON.stringify(String(value))} is not an integer from ${least} to ${most}${definition.valueNumbers.size > 0 ? ' nor one of its names' : ''}`,
    );
  const out = new Uint8Array(size);
  for (let index = size - 1, rest = number; index >= 0; index--, rest >>= 8n)
    out[index] = Number(rest & 255n);
  return out;
}

/** Reserved octet, length, address; IPv6 prefixes carry no more octets than they need (RFC 8044 §3.10). */
function encodePrefix(
  text: string,
  mostBits: number,
  parse: (text: string) => Uint8Array | null,
  shorten: boolean,
): Uint8Array | null {
  const [addressText = '', bitsText] = text.split('/');
  const address = parse(addressText);
  const bits = bitsText === undefined ? mostBits : /^\d{1,3}$/.test(bitsText) ? Number(bitsText) : Number.NaN;
  if (address === null || !(bits <= mostBits)) return null;
  for (let bit = bits; bit < mostBits; bit++) {
    const octet = bit >> 3;
    address[octet] = (address[octet] as number) & ~(0x80 >> (bit & 7));
  }
  const kept = shorten ? address.subarray(0, Math.ceil(bits / 8)) : address;
  return Buffer.concat([Uint8Array.of(0, bits), kept]);
}

function raise(error: AttributeError): never {
  throw error;
}
