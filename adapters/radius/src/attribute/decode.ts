import type { AttributeDefinition, Dictionary } from '../dictionary/dictionary.ts';
import { headerLength } from '../packet/codes.ts';
import { ascendSecret, revealPassword, saltDecrypt } from '../packet/password.ts';
import { createScan, type MalformedReason, scanPacket } from '../packet/scan.ts';
import type { Attribute, EncryptionContext } from './encode.ts';
import { decodeValue, fixedOctets, type ScalarValue } from './value.ts';

/** An attribute as received. `encodeAttributes` takes it back. */
export interface DecodedAttribute extends Attribute {
  readonly oid: string;
  readonly value: ScalarValue | readonly DecodedAttribute[];
  /** Why `value` is octets although the dictionary knows more: hidden without the secret, or wrong for its type. */
  readonly undecoded?: 'HIDDEN' | 'MALFORMED';
}

/** A packet in full: for audit, tests, clients and proxies. The hot path uses `scanPacket`. */
export interface DecodedPacket {
  readonly code: number;
  readonly identifier: number;
  readonly authenticator: Uint8Array;
  readonly attributes: readonly DecodedAttribute[];
}

/** Decodes every attribute in order. Gives the reason when the packet is malformed. */
export function decodePacket(
  datagram: Uint8Array,
  dictionary: Dictionary,
  encryption?: EncryptionContext,
): DecodedPacket | MalformedReason {
  const scan = createScan();
  const malformed = scanPacket(datagram, scan);
  if (malformed !== null) return malformed;
  return {
    code: datagram[0] as number,
    identifier: datagram[1] as number,
    authenticator: datagram.slice(4, headerLength),
    attributes: decodeAttributes(datagram.subarray(headerLength, scan.length), dictionary, encryption),
  };
}

/** Decodes a run of well-formed attributes. Values are copies: they outlive the packet's buffer. */
export function decodeAttributes(
  block: Uint8Array,
  dictionary: Dictionary,
  encryption?: EncryptionContext,
): DecodedAttribute[] {
  const out: DecodedAttribute[] = [];
  const pieces = splitTlvs(block) ?? [];
  for (let index = 0; index < pieces.length; index++) {
    const { type, value } = pieces[index] as Tlv;
    const following = () => pieces[index + 1];
    if (type === 26) {
      const join = () => {
        const next = following();
        if (next?.type !== 26) return null;
        index++;
        return next.value;
      };
      out.push(...decodeVendorSpecific(dictionary, value, join, () => following()?.value, encryption));
    } else if (type === 245 || type === 246) {
      const parts = [value.subarray(2)];
      let last = value;
      for (
        let next = following();
        last.length >= 2 &&
        ((last[1] as number) & 0x80) !== 0 &&
        next?.type === type &&
        next.value[0] === value[0];
        next = following()
      ) {
        last = next.value;
        parts.push(last.subarray(2));
        index++;
      }
      out.push(...decodeExtended(dictionary, type, value, Buffer.concat(parts), encryption));
    } else if (type >= 241 && type <= 244) {
      out.push(...decodeExtended(dictionary, type, value, value.subarray(1), encryption));
    } else {
      const definition = dictionary.byOid.get(String(type));
      if (definition?.concat === true) {
        const parts = [value];
        for (let next = following(); next?.type === type; next = following()) {
          parts.push(next.value);
          index++;
        }
        out.push(...decodeOne(dictionary, String(type), Buffer.concat(parts), encryption));
      } else out.push(...decodeOne(dictionary, String(type), value, encryption));
    }
  }
  return out;
}

interface Tlv {
  readonly type: number;
  readonly value: Uint8Array;
}

/** The attributes of a block; null when lengths do not add up. */
function splitTlvs(block: Uint8Array): Tlv[] | null {
  const out: Tlv[] = [];
  for (let at = 0; at < block.length; ) {
    const size = block[at + 1] ?? 0;
    if (size < 2 || at + size > block.length) return null;
    out.push({ type: block[at] as number, value: block.slice(at + 2, at + size) });
    at += size;
  }
  return out;
}

function decodeExtended(
  dictionary: Dictionary,
  type: number,
  whole: Uint8Array,
  content: Uint8Array,
  encryption: EncryptionContext | undefined,
): DecodedAttribute[] {
  const extendedType = whole[0];
  if (extendedType === undefined || (type >= 245 && whole.length < 2))
    return [raw(`${type}`, whole, 'MALFORMED')];
  if (extendedType !== 26) return decodeOne(dictionary, `${type}.${extendedType}`, content, encryption);
  if (content.length < 5) return [raw(`${type}.26`, content, 'MALFORMED')];
  const vendor = Buffer.from(content).readUInt32BE(0);
  return decodeOne(dictionary, `${type}.26.${vendor}.${content[4]}`, content.subarray(5), encryption);
}

function decodeVendorSpecific(
  dictionary: Dictionary,
  value: Uint8Array,
  joinNext: () => Uint8Array | null,
  peekNext: () => Uint8Array | undefined,
  encryption: EncryptionContext | undefined,
): DecodedAttribute[] {
  if (value.length < 4) return [raw('26', value, 'MALFORMED')];
  const vendor = Buffer.from(value).readUInt32BE(0);
  const { typeOctets, lengthOctets, continuation } = dictionary.vendors.get(vendor) ?? {
    typeOctets: 1,
    lengthOctets: 1,
    continuation: false,
  };
  const header = typeOctets + lengthOctets + (continuation ? 1 : 0);
  const out: DecodedAttribute[] = [];
  for (let at = 4; at < value.length; ) {
    const content = Buffer.from(value.subarray(at));
    if (content.length < header) return [raw(`26.${vendor}`, value.subarray(4), 'MALFORMED')];
    const type = content.readUIntBE(0, typeOctets);
    const size = lengthOctets === 0 ? content.length : content.readUIntBE(typeOctets, lengthOctets);
    if (size < header || size > content.length) return [raw(`26.${vendor}`, value.subarray(4), 'MALFORMED')];
    const parts: Uint8Array[] = [content.subarray(header, size)];
    at += size;
    let more = continuation && ((content[header - 1] as number) & 0x80) !== 0;
    while (more && at === value.length) {
      const next = peekNext();
      // A continued attribute fills its VSA, and so does each of its parts.
      if (next === undefined || next.length < 4 + header || Buffer.from(next).readUInt32BE(0) !== vendor)
        break;
      if (Buffer.from(next).readUIntBE(4, typeOctets) !== type) break;
      joinNext();
      parts.push(next.subarray(4 + header));
      more = ((next[4 + header - 1] as number) & 0x80) !== 0;
    }
    out.push(...decodeOne(dictionary, `26.${vendor}.${type}`, Buffer.concat(parts), encryption));
  }
  return out.length > 0 ? out : [raw(`26.${vendor}`, value.subarray(4))];
}

/** Decodes one value; an `array` attribute gives several. */
function decodeOne(
  dictionary: Dictionary,
  oid: string,
  value: Uint8Array,
  encryption: EncryptionContext | undefined,
): DecodedAttribute[] {
  const definition = dictionary.byOid.get(oid);
  if (definition === undefined) return [raw(oid, value)];
  const step = definition.array ? fixedOctets(definition) : 0;
  if (step > 0 && value.length > step && value.length % step === 0)
    return Array.from({ length: value.length / step }, (_, index) =>
      decodeSingle(dictionary, definition, value.subarray(index * step, (index + 1) * step), encryption),
    );
  return [decodeSingle(dictionary, definition, value, encryption)];
}

function decodeSingle(
  dictionary: Dictionary,
  definition: AttributeDefinition,
  value: Uint8Array,
  encryption: EncryptionContext | undefined,
): DecodedAttribute {
  const { name, oid } = definition;
  if (definition.type === 'tlv') {
    const children = splitTlvs(value);
    if (children === null) return { name, oid, value, undecoded: 'MALFORMED' };
    return {
      name,
      oid,
      value: children.map((child) => {
        const known = dictionary.byOid.get(`${oid}.${child.type}`);
        return known === undefined
          ? raw(`${oid}.${child.type}`, child.value)
          : decodeSingle(dictionary, known, child.value, undefined);
      }),
    };
  }
  let content = value;
  let tag: number | undefined;
  if (definition.hasTag) {
    if (definition.type === 'integer' && definition.encrypt === 0 && value.length === 4) {
      tag = value[0] as number;
      content = Buffer.concat([Uint8Array.of(0), value.subarray(1)]);
    } else if (definition.encrypt === 2 || (value[0] ?? 255) <= 31) {
      tag = value[0] ?? 0;
      content = value.subarray(1);
    }
  }
  const tagged = tag === undefined ? {} : { tag };
  if (definition.encrypt > 0) {
    if (encryption === undefined) return { name, oid, value: content, ...tagged, undecoded: 'HIDDEN' };
    const revealed = reveal(definition, content, encryption);
    if (revealed === null) return { name, oid, value: content, ...tagged, undecoded: 'MALFORMED' };
    content = revealed;
  }
  const decoded = decodeValue(definition, content);
  return decoded === null
    ? { name, oid, value: content, ...tagged, undecoded: 'MALFORMED' }
    : { name, oid, value: decoded, ...tagged };
}

function reveal(
  definition: AttributeDefinition,
  content: Uint8Array,
  { authenticator, secret }: EncryptionContext,
): Uint8Array | null {
  if (definition.encrypt === 1) return revealPassword(content, authenticator, secret);
  if (definition.encrypt === 2) return saltDecrypt(content, authenticator, secret);
  return content.length === 16 ? ascendSecret(content, authenticator, secret) : null;
}

function raw(oid: string, value: Uint8Array, undecoded?: 'MALFORMED'): DecodedAttribute {
  return { name: `Attr-${oid}`, oid, value, ...(undecoded === undefined ? {} : { undecoded }) };
}
