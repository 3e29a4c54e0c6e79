import { formatIpv4 } from '../attribute/address.ts';
import { type DecodedAttribute, decodeAttributes } from '../attribute/decode.ts';
import { type AuthenticationMethod, methodOf } from '../authentication/method.ts';
import type { PresentedCredential } from '../authentication/presented.ts';
import type { Dictionary } from '../dictionary/dictionary.ts';
import { attributeTypes, headerLength } from '../packet/codes.ts';
import { attributeValue, nextAttribute, type PacketScan, vendorAttributeValue } from '../packet/scan.ts';
import type { SharedSecret } from '../packet/shared-secret.ts';
import type { Nas } from './nas.ts';

/** An Access-Request as the policy sees it: fields read from the packet when asked for. */
export class AccessRequestView {
  readonly nas: Nas;
  /** Text of the source address. */
  readonly sourceAddress: string;
  readonly receivedAt: number;
  readonly packet: Buffer;
  readonly scan: PacketScan;
  readonly dictionary: Dictionary;
  /** The secret that the request proved, or the one the NAS is presumed to use as long as nothing proved any. */
  secret: SharedSecret;
  /** Whether a Message-Authenticator or the password proved `secret`. */
  secretProven: boolean;
  /** Attributes that an accept must carry because of how the user proved himself, encoded; set by `verifyPassword`. */
  proof: Uint8Array | null = null;
  /** Whether it is answered after the packet's turn, when others may have proved themselves: then `proof` is its own. */
  outlivesTurn = false;
  /** What the peer has shown by EAP, and as whom; null for the methods that are in the packet itself. */
  readonly presented: PresentedCredential | null;
  /** The identity inside an EAP conversation, '' when it is that of the packet. */
  readonly innerIdentity: string;

  constructor(
    nas: Nas,
    sourceAddress: string,
    receivedAt: number,
    packet: Buffer,
    scan: PacketScan,
    dictionary: Dictionary,
    provenSecret: SharedSecret | null,
    presented: PresentedCredential | null = null,
    innerIdentity = '',
  ) {
    this.presented = presented;
    this.innerIdentity = innerIdentity;
    this.nas = nas;
    this.sourceAddress = sourceAddress;
    this.receivedAt = receivedAt;
    this.packet = packet;
    this.scan = scan;
    this.dictionary = dictionary;
    this.secret = provenSecret ?? nas.presumedSecret ?? nas.secrets[0];
    this.secretProven = provenSecret !== null;
  }

  /** The Request Authenticator, a view into the packet. */
  get authenticator(): Uint8Array {
    return this.packet.subarray(4, headerLength);
  }

  /** Who logs in: the identity inside an EAP tunnel, else User-Name. */
  get userName(): string | null {
    return this.innerIdentity === '' ? this.outerUserName : this.innerIdentity;
  }

  get outerUserName(): string | null {
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

  get method(): AuthenticationMethod {
    return this.presented?.method ?? methodOf(this.packet, this.scan);
  }

  /** Where the value of the first attribute of an IETF number begins in `packet`; 0 when absent. */
  valueStart(type: number): number {
    const at = this.scan.firstOffsets[type] as number;
    return at === 0 ? 0 : at + 2;
  }

  /** Where it ends; 0 when absent. */
  valueEnd(type: number): number {
    const at = this.scan.firstOffsets[type] as number;
    return at === 0 ? 0 : at + (this.packet[at + 1] as number);
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

  /** The EAP message, joined from its attributes (RFC 3579 §3.1). */
  eapMessage(): Buffer {
    const parts: Buffer[] = [];
    const first = this.scan.firstOffsets[attributeTypes.eapMessage] as number;
    for (let at = first; at !== 0; ) {
      const end = at + (this.packet[at + 1] as number);
      parts.push(this.packet.subarray(at + 2, end));
      at = nextAttribute(this.packet, this.scan, attributeTypes.eapMessage, end);
    }
    return Buffer.concat(parts);
  }

  octets(type: number): Uint8Array | null {
    return attributeValue(this.packet, this.scan, type);
  }

  vendorOctets(vendor: number, type: number): Uint8Array | null {
    return vendorAttributeValue(this.packet, this.scan, vendor, type);
  }

  vendorText(vendor: number, type: number): string | null {
    const value = this.vendorOctets(vendor, type);
    return value === null ? null : Buffer.from(value).toString('utf8');
  }

  /** Every attribute, decoded, passwords left hidden: for the record. */
  attributes(): DecodedAttribute[] {
    return decodeAttributes(this.packet.subarray(headerLength, this.scan.length), this.dictionary);
  }
}
