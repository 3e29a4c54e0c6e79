import { type DecodedAttribute, decodeAttributes } from '../attribute/decode.ts';
import type { ScalarValue } from '../attribute/value.ts';
import type { Dictionary } from '../dictionary/dictionary.ts';
import { eapTypes, parseEap } from '../eap/packet.ts';
import { attributeTypes, headerLength, packetCodes } from '../packet/codes.ts';

/** Why a value is not shown. */
export type HiddenReason =
  | 'PASSWORD'
  | 'KEY'
  | 'CHALLENGE_RESPONSE'
  | 'EAP_CONTENT'
  | 'INTEGRITY'
  | 'LOGIN_CODE'
  | 'UNKNOWN_ATTRIBUTE';

export interface RedactedAttribute {
  readonly name: string;
  readonly oid: string;
  /** What may be seen of the value; null: nothing. */
  readonly value: string | null;
  readonly hidden: HiddenReason | null;
  /** Of the value. */
  readonly octets: number;
}

/** A packet that may be shown: no authenticators, for they are digests of the shared secret. */
export interface RedactedPacket {
  /** Name of its code, such as `Access-Request`; the number of an unknown one. */
  readonly code: string;
  readonly identifier: number;
  readonly length: number;
  readonly attributes: readonly RedactedAttribute[];
}

/** Octets of one value that are shown at most. */
const mostShown = 253;
const codeNames = new Map<number, string>(Object.entries(packetCodes).map(([name, code]) => [code, name]));
const eapTypeNames = new Map<number, string>(
  Object.entries(eapTypes).map(([name, type]) => [type, name.toUpperCase()]),
);
const eapCodeNames = ['', 'Request', 'Response', 'Success', 'Failure'];

const responses =
  /chap2?-(response|success|password|cpw)|challenge-response|digest-(response|attributes|ha1|aka)/i;
const passwords = /(?<!by)pass(w|ph|$)|-(enc-)?pw(-|$)|-cpw-/i;
const keys = /(^|-)(mp)?keys?(-|\d|$)|keychain|secret|psk/i;
/** `tunnel-password=…` within a pair of a vendor's own. */
const secretPair = /^([^=]*(?:pass(?:w|ph)|secret|key|psk)[^=]*=)/i;

/**
 * Decodes a well-formed packet for people to see, without anything that lets one log in, decrypt or forge: passwords,
 * keys, challenge responses, EAP contents, integrity checks, and attributes nobody knows. Each of them is named.
 * @param options.hideUserName the login name itself is what lets one in, as a voucher's code does.
 */
export function redactPacket(
  packet: Uint8Array,
  dictionary: Dictionary,
  options: { readonly hideUserName: boolean },
): RedactedPacket {
  const header = Buffer.from(packet.buffer, packet.byteOffset, packet.byteLength);
  const length = header.readUInt16BE(2);
  // Without the secret: what is encrypted stays so.
  const decoded = decodeAttributes(packet.subarray(headerLength, length), dictionary);
  return {
    code: codeNames.get(header[0] as number) ?? String(header[0]),
    identifier: header[1] as number,
    length,
    attributes: decoded.flatMap((attribute) => shown(attribute, dictionary, options.hideUserName)),
  };
}

function shown(
  attribute: DecodedAttribute,
  dictionary: Dictionary,
  hideUserName: boolean,
): RedactedAttribute[] {
  const { name, oid, value, tag } = attribute;
  const tagged = tag === undefined || tag === 0 ? name : `${name}:${tag}`;
  if (Array.isArray(value))
    return (value as readonly DecodedAttribute[]).flatMap((child) => shown(child, dictionary, hideUserName));
  const scalar = value as ScalarValue;
  const octets = sizeOf(scalar);
  if (Number(oid) === attributeTypes.eapMessage)
    return [{ name: tagged, oid, value: eapSummary(scalar), hidden: 'EAP_CONTENT', octets }];
  const hidden = hiddenBecause(attribute, dictionary, hideUserName);
  if (hidden !== null) return [{ name: tagged, oid, value: null, hidden, octets }];
  const pair = typeof scalar === 'string' ? secretPair.exec(scalar)?.[1] : undefined;
  if (pair !== undefined) return [{ name: tagged, oid, value: pair, hidden: 'PASSWORD', octets }];
  return [{ name: tagged, oid, value: attributeText(scalar, oid, dictionary), hidden: null, octets }];
}

function hiddenBecause(
  { name, oid, undecoded }: DecodedAttribute,
  dictionary: Dictionary,
  hideUserName: boolean,
): HiddenReason | null {
  const definition = dictionary.byOid.get(oid);
  if (definition === undefined) return 'UNKNOWN_ATTRIBUTE';
  if (Number(oid) === attributeTypes.messageAuthenticator) return 'INTEGRITY';
  if (hideUserName && Number(oid) === attributeTypes.userName) return 'LOGIN_CODE';
  if (responses.test(name)) return 'CHALLENGE_RESPONSE';
  if (passwords.test(name)) return 'PASSWORD';
  if (keys.test(name) || definition.encrypt > 0 || undecoded === 'HIDDEN') return 'KEY';
  return null;
}

/** A value as people read it: octets in hex, a date in UTC, a number with its name. Long ones are cut. */
export function attributeText(value: ScalarValue, oid: string, dictionary: Dictionary): string {
  if (value instanceof Uint8Array) {
    const hex = Buffer.from(value.subarray(0, mostShown)).toString('hex');
    return `0x${hex}${value.length > mostShown ? '…' : ''}`;
  }
  if (typeof value === 'string') return value.length > mostShown ? `${value.slice(0, mostShown)}…` : value;
  const definition = dictionary.byOid.get(oid);
  if (definition?.type === 'date') return new Date(Number(value) * 1_000).toISOString();
  const named = definition?.valueNames.get(BigInt(value));
  return named === undefined ? String(value) : `${named} (${value})`;
}

function sizeOf(value: ScalarValue): number {
  if (value instanceof Uint8Array) return value.length;
  return typeof value === 'string' ? Buffer.byteLength(value) : typeof value === 'bigint' ? 8 : 4;
}

/** Code, identifier and type of an EAP packet; what it says stays hidden. */
function eapSummary(value: ScalarValue): string {
  const packet = value instanceof Uint8Array ? parseEap(Buffer.from(value)) : null;
  if (packet === null) return 'no EAP packet';
  const code = eapCodeNames[packet.code] ?? `code ${packet.code}`;
  const type = packet.type === null ? '' : `, ${eapTypeNames.get(packet.type) ?? `type ${packet.type}`}`;
  return `${code} ${packet.identifier}${type}`;
}
