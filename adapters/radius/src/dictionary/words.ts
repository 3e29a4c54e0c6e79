import { type AttributeDataType, attributeDataTypes } from './dictionary.ts';

const typeAliases: Readonly<Record<string, AttributeDataType>> = {
  uint16: 'short',
  uint32: 'integer',
  uint64: 'integer64',
  uint8: 'byte',
  ipv4addr: 'ipaddr',
};

/** A decimal or hexadecimal number; null when it is none. */
export function parseNumber(text: string): bigint | null {
  return /^(\d+|0x[0-9a-f]+)$/i.test(text) ? BigInt(text) : null;
}

/** A data type with its length: `octets[16]`. */
export function parseType(
  text: string,
  fail: (message: string) => Error,
): { type: AttributeDataType; length: number | null } {
  const match = /^([a-z0-9-]+)(?:\[(\d+)\])?$/i.exec(text);
  const word = match?.[1]?.toLowerCase() ?? '';
  const type = typeAliases[word] ?? attributeDataTypes.find((known) => known === word);
  if (type === undefined) throw fail(`unknown type "${text}"; known are ${attributeDataTypes.join(', ')}`);
  return { type, length: match?.[2] === undefined ? null : Number(match[2]) };
}

/** `format=2,1`: octets of a vendor's types and lengths, and WiMAX' continuation. */
export function vendorFormat(
  text: string | undefined,
  fail: (message: string) => Error,
): { typeOctets: 1 | 2 | 4; lengthOctets: 0 | 1 | 2; continuation: boolean } {
  if (text === undefined) return { typeOctets: 1, lengthOctets: 1, continuation: false };
  const match = /^format=([124]),([012])(,c)?$/.exec(text);
  if (match === null)
    throw fail(`"${text}" is not a vendor format; right is format=1,1 with type 1|2|4 and length 0|1|2`);
  return {
    typeOctets: Number(match[1]) as 1 | 2 | 4,
    lengthOctets: Number(match[2]) as 0 | 1 | 2,
    continuation: match[3] !== undefined,
  };
}
