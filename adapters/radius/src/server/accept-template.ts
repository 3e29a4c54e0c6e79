import { randomFillSync } from 'node:crypto';
import { type Attribute, encodeAttributes } from '../attribute/encode.ts';
import { standardDictionary } from '../dictionary/standard.ts';
import { attributeTypes } from '../packet/codes.ts';

/** What an accept carries for one user, encoded once for all his logins. */
export interface AcceptTemplateParts {
  /** None that is encrypted: those depend on the request. */
  readonly attributes: readonly Attribute[];
  /** `Class` is this and 16 random hexadecimal digits, the same in all accounting of a session (RFC 2865 §5.25). */
  readonly classPrefix: string;
}

/** For the `blocks` of an accept: a login costs a few octets written into place. */
export interface AcceptTemplate {
  /**
   * The attributes with an Acct-Interim-Interval in seconds (RFC 2869 §5.16) and a `Class` of its own.
   * The octets are the template's and hold until the next call.
   */
  forLogin(interimSeconds: number): Uint8Array;
}

const digits = Buffer.from('0123456789abcdef');
const nonceOctets = 8;
const entropy = Buffer.alloc(nonceOctets * 512);
let entropyUsed = entropy.length;

/** Attributes for the `blocks` of an accept, encoded once. None that is encrypted. Throws `AttributeError`. */
export function acceptBlock(attributes: readonly Attribute[]): Uint8Array {
  return encodeAttributes(standardDictionary(), attributes);
}

/** Throws `AttributeError` for attributes that cannot be encoded, `RangeError` for a `Class` that is too long. */
export function acceptTemplate({ attributes, classPrefix }: AcceptTemplateParts): AcceptTemplate {
  const fixed = encodeAttributes(standardDictionary(), attributes);
  const prefix = Buffer.from(classPrefix);
  const classLength = 2 + prefix.length + 2 * nonceOctets;
  if (classLength > 255) throw new RangeError(`Class would have ${classLength} octets, the most is 255`);
  const octets = Buffer.concat([
    fixed,
    Uint8Array.of(attributeTypes.acctInterimInterval, 6, 0, 0, 0, 0, attributeTypes.class, classLength),
    prefix,
    Buffer.alloc(2 * nonceOctets),
  ]);
  return {
    forLogin(interimSeconds) {
      octets.writeUInt32BE(interimSeconds, fixed.length + 2);
      writeNonce(octets, octets.length - 2 * nonceOctets);
      return octets;
    },
  };
}

/** Random octets come from the system in hundreds of nonces: asking for each costs as much as the reply. */
function writeNonce(out: Buffer, start: number): void {
  if (entropyUsed === entropy.length) {
    randomFillSync(entropy);
    entropyUsed = 0;
  }
  let at = start;
  for (let index = 0; index < nonceOctets; index++) {
    const octet = entropy[entropyUsed++] as number;
    out[at++] = digits[octet >> 4] as number;
    out[at++] = digits[octet & 15] as number;
  }
}
