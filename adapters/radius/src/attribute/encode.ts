import type { AttributeDefinition, Dictionary } from '../dictionary/dictionary.ts';
import { ascendSecret, hidePassword, randomSalt, saltEncrypt } from '../packet/password.ts';
import type { SharedSecret } from '../packet/shared-secret.ts';
import { AttributeError, encodeValue, type ScalarValue } from './value.ts';

/** An attribute to send, by dictionary name, or `Attr-<oid>` for raw octets of an unknown one. */
export interface Attribute {
  readonly name: string;
  readonly value: ScalarValue | readonly Attribute[];
  /** RFC 2868 tag, 0 to 31. */
  readonly tag?: number;
}

/** What encrypted attributes need: the authenticator of the request and the secret; `salt` only for golden bytes. */
export interface EncryptionContext {
  readonly authenticator: Uint8Array;
  readonly secret: SharedSecret;
  readonly salt?: () => number;
}

/** Encodes attributes in order. Throws `AttributeError` for unknown names and values that do not fit. */
export function encodeAttributes(
  dictionary: Dictionary,
  attributes: readonly Attribute[],
  encryption?: EncryptionContext,
): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const attribute of attributes) {
    const definition = definitionOf(dictionary, attribute.name);
    const [outer] = definition.path;
    const value = encodeContent(dictionary, definition, attribute, encryption);
    if (outer === 26) parts.push(encodeVendorSpecific(dictionary, definition, value));
    else if (outer === 245 || outer === 246) parts.push(...encodeLongExtended(definition, value));
    else if (outer !== undefined && outer >= 241 && outer <= 244)
      parts.push(
        tlv(
          definition.name,
          outer,
          Buffer.concat([
            extendedHeader(definition),
            wrapNested(definition, value, extendedDepth(definition)),
          ]),
        ),
      );
    else if (definition.concat) parts.push(...splitConcat(outer as number, value));
    else parts.push(tlv(definition.name, outer as number, wrapNested(definition, value, 1)));
  }
  return Buffer.concat(parts);
}

/** The definition of a name, or an octets definition for `Attr-<oid>`. */
function definitionOf(dictionary: Dictionary, name: string): AttributeDefinition {
  const known = dictionary.attribute(name);
  if (known !== undefined) return known;
  const oid = /^Attr-(\d+(?:\.\d+)*)$/.exec(name)?.[1];
  if (oid === undefined) throw new AttributeError(name, 'no attribute of the dictionary has this name');
  return {
    name,
    oid,
    path: oid.split('.').map(Number),
    type: 'octets',
    length: null,
    hasTag: false,
    encrypt: 0,
    concat: oid === '79',
    array: false,
    valueNames: new Map(),
    valueNumbers: new Map(),
  };
}

/** The value with its encryption and tag. */
function encodeContent(
  dictionary: Dictionary,
  definition: AttributeDefinition,
  attribute: Attribute,
  encryption: EncryptionContext | undefined,
): Uint8Array {
  const { value, tag } = attribute;
  if (tag !== undefined && (!definition.hasTag || !(tag >= 0 && tag <= 31)))
    throw new AttributeError(
      attribute.name,
      definition.hasTag ? `tag ${tag} is not 0 to 31` : 'carries no tag',
    );
  if (isNested(value)) {
    if (definition.type !== 'tlv') throw new AttributeError(attribute.name, 'holds no attributes of its own');
    return Buffer.concat(value.map((child) => encodeChild(dictionary, definition, child)));
  }
  let bytes = encodeValue(definition, value);
  if (definition.encrypt > 0) {
    if (encryption === undefined)
      throw new AttributeError(
        attribute.name,
        'is encrypted and depends on the request; it cannot be encoded ahead',
      );
    const { authenticator, secret, salt = randomSalt } = encryption;
    if (definition.encrypt === 1) bytes = hidePassword(bytes, authenticator, secret);
    else if (definition.encrypt === 2) bytes = saltEncrypt(bytes, authenticator, secret, salt());
    else bytes = ascendSecret(bytes, authenticator, secret);
  }
  if (!definition.hasTag) return bytes;
  if (definition.type === 'integer' && definition.encrypt === 0) {
    if (bytes[0] !== 0) throw new AttributeError(attribute.name, 'a tagged integer has 24 bits');
    return Buffer.concat([Uint8Array.of(tag ?? 0), bytes.subarray(1)]);
  }
  // Without a tag an untagged string would be misread when it begins with an octet that looks like one.
  if (tag === undefined && definition.encrypt !== 2 && (bytes[0] ?? 255) > 31) return bytes;
  return Buffer.concat([Uint8Array.of(tag ?? 0), bytes]);
}

function encodeChild(dictionary: Dictionary, parent: AttributeDefinition, child: Attribute): Uint8Array {
  const definition = definitionOf(dictionary, child.name);
  if (definition.path.length !== parent.path.length + 1 || !definition.oid.startsWith(`${parent.oid}.`))
    throw new AttributeError(child.name, `is not a member of ${parent.name}`);
  return tlv(
    child.name,
    definition.path.at(-1) as number,
    encodeContent(dictionary, definition, child, undefined),
  );
}

/** Octets of the header: the extended type, then for a vendor its number and type (RFC 6929 §2). */
function extendedHeader(definition: AttributeDefinition): Uint8Array {
  const [, extendedType = 0, vendor, vendorType = 0] = definition.path;
  if (extendedType !== 26 || vendor === undefined) return Uint8Array.of(extendedType);
  return Buffer.concat([Uint8Array.of(26), uint32(vendor), Uint8Array.of(vendorType)]);
}

/** How many numbers of the path the header of an extended attribute covers. */
function extendedDepth(definition: AttributeDefinition): number {
  return definition.path[1] === 26 && definition.path.length > 2 ? 4 : 2;
}

/** Puts the TLV headers of a nested attribute that is sent on its own around its value. */
function wrapNested(definition: AttributeDefinition, value: Uint8Array, depth: number): Uint8Array {
  let wrapped = value;
  for (let level = definition.path.length - 1; level >= depth; level--)
    wrapped = tlv(definition.name, definition.path[level] as number, wrapped);
  return wrapped;
}

function encodeVendorSpecific(
  dictionary: Dictionary,
  definition: AttributeDefinition,
  value: Uint8Array,
): Uint8Array {
  const [, vendor, type] = definition.path;
  if (vendor === undefined) return tlv(definition.name, 26, value);
  if (type === undefined) return tlv(definition.name, 26, Buffer.concat([uint32(vendor), value]));
  const { typeOctets, lengthOctets, continuation } = dictionary.vendors.get(vendor) ?? {
    typeOctets: 1,
    lengthOctets: 1,
    continuation: false,
  };
  const content = wrapNested(definition, value, 3);
  const header = typeOctets + lengthOctets + (continuation ? 1 : 0);
  const most = 249 - header;
  if (content.length > most && !continuation)
    throw new AttributeError(definition.name, `has ${content.length} octets, the most is ${most}`);
  const parts: Uint8Array[] = [];
  for (let at = 0; at === 0 || at < content.length; at += most) {
    const piece = content.subarray(at, at + most);
    const size = header + piece.length;
    const sub = Buffer.alloc(header);
    sub.writeUIntBE(type, 0, typeOctets);
    if (lengthOctets > 0) sub.writeUIntBE(size, typeOctets, lengthOctets);
    if (continuation) sub[header - 1] = at + most < content.length ? 0x80 : 0;
    parts.push(tlv(definition.name, 26, Buffer.concat([uint32(vendor), sub, piece])));
  }
  return Buffer.concat(parts);
}

/** RFC 6929 §2.2: every fragment repeats type and extended type; M says that another follows. */
function* encodeLongExtended(definition: AttributeDefinition, value: Uint8Array): Generator<Uint8Array> {
  const [outer = 0, extendedType = 0] = definition.path;
  const header = extendedHeader(definition).subarray(1);
  const content = Buffer.concat([header, wrapNested(definition, value, extendedDepth(definition))]);
  for (let at = 0; at === 0 || at < content.length; at += 251) {
    const more = at + 251 < content.length ? 0x80 : 0;
    yield tlv(
      definition.name,
      outer,
      Buffer.concat([Uint8Array.of(extendedType, more), content.subarray(at, at + 251)]),
    );
  }
}

function* splitConcat(type: number, value: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at === 0 || at < value.length; at += 253)
    yield tlv('', type, value.subarray(at, at + 253));
}

function tlv(name: string, type: number, value: Uint8Array): Uint8Array {
  if (value.length > 253) throw new AttributeError(name, `has ${value.length} octets, the most is 253`);
  const out = new Uint8Array(value.length + 2);
  out[0] = type;
  out[1] = out.length;
  out.set(value, 2);
  return out;
}

function uint32(value: number): Uint8Array {
  return Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value);
}

function isNested(value: Attribute['value']): value is readonly Attribute[] {
  return Array.isArray(value);
}
