import { formatIpv4 } from '../attribute/address.ts';
import { type DecodedAttribute, decodeAttributes } from '../attribute/decode.ts';
import type { Dictionary } from '../dictionary/dictionary.ts';
import { attributeTypes, headerLength } from '../packet/codes.ts';
import { revealPassword, verifyChap } from '../packet/password.ts';
import { attributeValue, type PacketScan, vendorAttributeValue } from '../packet/scan.ts';
import type { SharedSecret } from '../packet/shared-secret.ts';
import type { Nas } from './policy.ts';

export type AuthenticationMethod = 'PAP' | 'CHAP' | 'NONE';

/** An Access-Request as the policy sees it: fields read from the packet when asked for. */
export class AccessRequestView {
  readonly nas: Nas;
  /** Text of the source address. */
  readonly sourceAddress: string;
  readonly receivedAt: number;
  readonly packet: Buffer;
  readonly scan: PacketScan;
  readonly dictionary: Dictionary;
  /** The secret that the request proved, or the current one as long as nothing proved any. */
  secret: SharedSecret;
  /** Whether a Message-Authenticator or the password proved `secret`. */
  secretProven: boolean;

  constructor(
    nas: Nas,
    sourceAddress: string,
    receivedAt: number,
    packet: Buffer,
    scan: PacketScan,
    dictionary: Dictionary,
    provenSecret: SharedSecret | null,
  ) {
    this.nas = nas;
    this.sourceAddress = sourceAddress;
    this.receivedAt = receivedAt;
    this.packet = packet;
    this.scan = scan;
    this.dictionary = dictionary;
    this.secret = provenSecret ?? nas.secrets[0];
    this.secretProven = provenSecret !== null;
  }

  /** The Request Authenticator, a view into the packet. */
  get authenticator(): Uint8Array {
    return this.packet.subarray(4, headerLength);
  }

  get userName(): string | null {
    return this.text(attributeTypes.userName);
  }

  get callingStationId(): string | null {
    return this.text(attributeTypes.callingStationId);
  }

  get calledStationId(): string | null {
    return this.text(attributeTypes.calledStationId);
  }

  get nasPortId(): string | null {
    return this.text(attributeTypes.nasPortId);
  }

  get nasIdentifier(): string | null {
    return this.text(attributeTypes.nasIdentifier);
  }

  get acctSessionId(): string | null {
    return this.text(attributeTypes.acctSessionId);
  }

  /** How the user proves who he is. CHAP wins when a NAS sends both. */
  get method(): AuthenticationMethod {
    if (this.scan.firstOffsets[attributeTypes.chapPassword] !== 0) return 'CHAP';
    return this.scan.firstOffsets[attributeTypes.userPassword] === 0 ? 'NONE' : 'PAP';
  }

  /** The first attribute of an IETF number as UTF-8 text; null when absent. */
  text(type: number): string | null {
    const at = this.scan.firstOffsets[type] as number;
    return at === 0 ? null : this.packet.toString('utf8', at + 2, at + (this.packet[at + 1] as number));
  }

  /** The first attribute of an IETF number as unsigned 32-bit integer; null when absent or of another size. */
  integer(type: number): number | null {
    const at = this.scan.firstOffsets[type] as number;
    return at === 0 || this.packet[at + 1] !== 6 ? null : this.packet.readUInt32BE(at + 2);
  }

  /** The first attribute of an IETF number as IPv4 address; null when absent or of another size. */
  ipv4(type: number): string | null {
    const at = this.scan.firstOffsets[type] as number;
    return at === 0 || this.packet[at + 1] !== 6 ? null : formatIpv4(this.packet, at + 2);
  }

  octets(type: number): Uint8Array | null {
    return attributeValue(this.packet, this.scan, type);
  }

  vendorText(vendor: number, type: number): string | null {
    const value = vendorAttributeValue(this.packet, this.scan, vendor, type);
    return value === null ? null : Buffer.from(value).toString('utf8');
  }

  /** Every attribute, decoded, passwords left hidden: for the record. */
  attributes(): DecodedAttribute[] {
    return decodeAttributes(this.packet.subarray(headerLength, this.scan.length), this.dictionary);
  }
}

/**
 * Whether the request proves knowledge of a password, by PAP or CHAP; `false` for any other method. With two secrets in
 * rotation and no Message-Authenticator, a PAP password also shows which of them the NAS uses.
 */
export function verifyPassword(request: AccessRequestView, cleartext: string): boolean {
  const expected = Buffer.from(cleartext, 'utf8');
  const chap = request.octets(attributeTypes.chapPassword);
  if (chap !== null)
    return verifyChap(chap, request.octets(attributeTypes.chapChallenge) ?? request.authenticator, expected);
  const hidden = request.octets(attributeTypes.userPassword);
  if (hidden === null) return false;
  const candidates = request.secretProven ? [request.secret] : request.nas.secrets;
  for (const secret of candidates) {
    const revealed = revealPassword(hidden, request.authenticator, secret);
    if (revealed === null || !sameBytes(revealed, expected)) continue;
    request.secret = secret;
    request.secretProven = true;
    return true;
  }
  return false;
}

/** The PAP password in clear, for policies that compare hashes; null for other methods. */
export function papPassword(request: AccessRequestView): Uint8Array | null {
  const hidden = request.octets(attributeTypes.userPassword);
  return hidden === null ? null : revealPassword(hidden, request.authenticator, request.secret);
}

/** Compares in a time that depends on `expected` only. */
function sameBytes(given: Uint8Array, expected: Uint8Array): boolean {
  let difference = given.length ^ expected.length;
  for (let index = 0; index < expected.length; index++)
    difference |= (given[index] ?? 0) ^ (expected[index] as number);
  return difference === 0;
}
