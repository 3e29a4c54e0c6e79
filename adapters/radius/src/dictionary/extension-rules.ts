import type {
  AttributeDataType,
  AttributeDefinition,
  DictionaryBuilder,
  NewAttribute,
} from './dictionary.ts';
import type { DefinitionRules } from './parse.ts';

/** How the protocol itself is built (RFC 8044 §3.15 to §3.18): not for an operator to define. */
const structural: readonly AttributeDataType[] = ['vsa', 'evs', 'extended', 'long-extended'];
const integerBits: Partial<Record<AttributeDataType, number>> = {
  byte: 8,
  short: 16,
  integer: 32,
  signed: 32,
  date: 32,
  integer64: 64,
};

/**
 * What one source may add to a builder: nothing that exists gets another meaning, and everything can be on the wire.
 * Other names for a number of its own are its aliases; for one that was there before they are refused.
 */
export function extensionRules(builder: DictionaryBuilder): DefinitionRules {
  /** What this source defined first. */
  const own = new Set<string>();
  return {
    include:
      '$INCLUDE is not supported here; give the text of the other file as a dictionary of its own, before this one',
    vendor({ number, name, typeOctets, lengthOctets, continuation }) {
      // RFC 2865 §5.26: the high-order octet is 0.
      if (number < 1 || number > 0xff_ff_ff) return `vendor number ${number} is not 1 to ${0xff_ff_ff}`;
      const wrongName = nameProblem(name);
      if (wrongName !== null) return wrongName;
      const named = builder.vendor(name);
      if (named !== undefined && named.number !== number)
        return `vendor "${named.name}" is ${named.number} already, not ${number}`;
      const known = builder.vendorOf(number);
      if (known === undefined) return null;
      if (known !== named) return `vendor ${number} is "${known.name}" already, not "${name}"`;
      const same =
        known.typeOctets === typeOctets &&
        known.lengthOctets === lengthOctets &&
        known.continuation === continuation;
      return same
        ? null
        : `vendor "${name}" has the format ${known.typeOctets},${known.lengthOctets} already`;
    },
    attribute(attribute) {
      const { name, path, type, length } = attribute;
      const oid = path.join('.');
      const wrong = nameProblem(name) ?? placeProblem(path, attribute, builder);
      if (wrong !== null) return wrong;
      if (length != null && (!['string', 'octets'].includes(type) || length < 1 || length > 253))
        return `"${type}[${length}]" has no length; right is octets[n] or string[n] with n from 1 to 253`;
      const named = builder.attribute(name);
      if (named !== undefined && named.oid !== oid)
        return `attribute "${named.name}" is ${named.oid} already, not ${oid}`;
      const known = named ?? builder.attributeAt(oid);
      if (known === undefined) {
        if (structural.includes(type))
          return `type "${type}" is how RADIUS itself is built; right are the others`;
        own.add(oid);
        return null;
      }
      if (named === undefined && !own.has(oid)) return `${oid} is "${known.name}" already, not "${name}"`;
      return sameShape(known, attribute)
        ? null
        : `${oid} is "${known.name}" already, with the type ${shapeOf(known)}, not ${shapeOf(attribute)}`;
    },
    value({ attribute, name, number }) {
      const definition = builder.attribute(attribute);
      if (definition === undefined) return null;
      const bits = integerBits[definition.type];
      if (bits === undefined)
        return `"${attribute}" is no number but ${definition.type}: its values have no names`;
      if (number >= 1n << BigInt(bits)) return `${number} does not fit the ${bits} bits of "${attribute}"`;
      const named = definition.valueNumbers.get(name.toLowerCase());
      if (named !== undefined && named !== number)
        return `value "${name}" of "${attribute}" is ${named} already, not ${number}`;
      const known = definition.valueNames.get(number);
      if (named === undefined && known !== undefined && !own.has(definition.oid))
        return `value ${number} of "${attribute}" is "${known}" already, not "${name}"`;
      return null;
    },
  };
}

function nameProblem(name: string): string | null {
  if (/^Attr-\d/i.test(name)) return `"${name}" is how an attribute without a name is shown; give it a name`;
  return /^[a-z0-9][a-z0-9_.:/-]{0,127}$/i.test(name)
    ? null
    : `"${name}" is no name; right are up to 128 letters, digits and _ . : / -`;
}

/** Why nothing can be on the wire with these numbers; null when it can. */
function placeProblem(
  path: readonly number[],
  { encrypt = 0 }: NewAttribute,
  builder: DictionaryBuilder,
): string | null {
  const oid = path.join('.');
  const last = path.at(-1) as number;
  const parent = path.slice(0, -1);
  // RFC 2865 §5.26; RFC 6929 §2.4: what stands behind a vendor's number is his.
  const outer = path[0] as number;
  const vendorAt = outer === 26 ? 1 : outer >= 241 && outer <= 246 && path[1] === 26 ? 2 : null;
  const ofVendor = vendorAt !== null && path.length === vendorAt + 2;
  const vendor = ofVendor ? builder.vendorOf(path[vendorAt] as number) : undefined;
  if (ofVendor && vendor === undefined) return `${oid} is of a vendor that is not known; begin with VENDOR`;
  // Inside an extended attribute it has one octet, whatever the vendor's format (RFC 6929 §2.4).
  const octets = vendorAt === 1 ? (vendor?.typeOctets ?? 1) : 1;
  if (vendorAt !== null && path.length === vendorAt + 1)
    return `${oid} is a vendor's number; put its attributes between BEGIN-VENDOR and END-VENDOR`;
  if (!(last >= 0 && last < 256 ** octets)) return `${last} does not fit the ${octets} octets of its number`;
  if (parent.length === 0 || ofVendor) return null;
  const holder = builder.attributeAt(parent.join('.'));
  if (holder === undefined) return `${oid} lies in ${parent.join('.')}, which is not known`;
  if (!['tlv', 'extended', 'long-extended'].includes(holder.type))
    return `${oid} lies in "${holder.name}", which is ${holder.type} and holds no attributes`;
  return holder.type === 'tlv' && encrypt > 0 ? `${oid} lies in a tlv and cannot be encrypted` : null;
}

type Shape = Pick<NewAttribute, 'type' | 'length' | 'hasTag' | 'encrypt' | 'concat' | 'array'>;

function shapeOf({ type, length, hasTag, encrypt, concat, array }: Shape): string {
  const flags = [
    hasTag === true ? 'has_tag' : '',
    encrypt != null && encrypt > 0 ? `encrypt=${encrypt}` : '',
    concat === true ? 'concat' : '',
    array === true ? 'array' : '',
  ].filter((flag) => flag !== '');
  return [length == null ? type : `${type}[${length}]`, ...flags].join(' ');
}

function sameShape(known: AttributeDefinition, wanted: NewAttribute): boolean {
  return shapeOf(known) === shapeOf(wanted);
}
