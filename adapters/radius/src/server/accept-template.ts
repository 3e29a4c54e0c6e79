import { type Attribute, encodeAttributes } from '../attribute/encode.ts';
import { standardDictionary } from '../dictionary/standard.ts';
import { attributeTypes } from '../packet/codes.ts';
import { randomOctet } from '../packet/entropy.ts';

/** What of an accept is one login's own. */
export interface OwnReply {
  readonly interimSeconds: number;
  /** `Class` is these parts in ASCII and 16 random hexadecimal digits, the same in all accounting of a session (RFC 2865 §5.25). */
  readonly classPrefix: readonly string[];
  /** Attributes of the user, by `acceptBlock`, such as his address. */
  readonly own: Uint8Array | null;
}

/** What an accept carries for all users of one speed, encoded once: a login costs a few octets written into place. */
export interface AcceptTemplate {
  /**
   * The `blocks` of an accept: the attributes, the user's own, an Acct-Interim-Interval in seconds (RFC 2869 §5.16) and a
   * `Class` of its own. They hold until the next call. Throws `RangeError` for a `Class` that is too long.
   */
  forLogin(login: OwnReply): readonly Uint8Array[];
}

const digits = Buffer.from('0123456789abcdef');
const nonceOctets = 8;

/** Attributes for the `blocks` of an accept, encoded once. None that is encrypted. Throws `AttributeError`. */
export function acceptBlock(attributes: readonly Attribute[]): Uint8Array {
  return encodeAttributes(standardDictionary(), attributes);
}

/** Throws `AttributeError` for attributes that cannot be encoded; none may be encrypted, those depend on the request. */
export function acceptTemplate(attributes: readonly Attribute[]): AcceptTemplate {
  const shared = acceptBlock(attributes);
  return {
    forLogin({ interimSeconds, classPrefix, own }) {
      let prefixLength = 0;
      for (const part of classPrefix) prefixLength += part.length;
      const tail = tailFor(prefixLength);
      tail.writeUInt32BE(interimSeconds, 2);
      let to = tailHead;
      for (const part of classPrefix)
        for (let at = 0; at < part.length; at++) tail[to++] = part.charCodeAt(at);
      writeNonce(tail, to);
      return own === null ? [shared, tail] : [shared, own, tail];
    },
  };
}

const tailHead = 8;
/** Interval and `Class` by the length of its prefix: there are few lengths, and one login is answered at a time. */
const tails = new Map<number, Buffer>();

function tailFor(prefixLength: number): Buffer {
  const known = tails.get(prefixLength);
  if (known !== undefined) return known;
  const classLength = 2 + prefixLength + 2 * nonceOctets;
  if (classLength > 255) throw new RangeError(`Class would have ${classLength} octets, the most is 255`);
  const tail = Buffer.alloc(tailHead - 2 + classLength);
  tail.set([attributeTypes.acctInterimInterval, 6, 0, 0, 0, 0, attributeTypes.class, classLength]);
  tails.set(prefixLength, tail);
  return tail;
}

function writeNonce(out: Buffer, start: number): void {
  let at = start;
  for (let index = 0; index < nonceOctets; index++) {
    const octet = randomOctet();
    out[at++] = digits[octet >> 4] as number;
    out[at++] = digits[octet & 15] as number;
  }
}
