import { randomBytes } from 'node:crypto';
import { type Attribute, encodeAttributes } from '../attribute/encode.ts';
import { equalBytes } from '../packet/authenticator.ts';
import { attributeTypes } from '../packet/codes.ts';
import { isHiddenPassword, revealPassword, verifyChap } from '../packet/password.ts';
import type { SharedSecret } from '../packet/shared-secret.ts';
import type { AccessRequestView } from '../server/access-request.ts';
import { type Cleartext, cleartextOctets } from './cleartext.ts';
import { microsoft } from './method.ts';
import {
  authenticatorResponse,
  challengeHash,
  challengeResponse,
  type MsChapErrorCode,
  mppeKeys,
  mppeKeysVersion1,
  msChapErrorText,
  ntPasswordHash,
} from './ms-chap.ts';
import { msChapV2Proof } from './ms-chap-proof.ts';
import type { MsChapV2Credential, PresentedCredential } from './presented.ts';

/**
 * Whether the request proves knowledge of a password, by any method that has one; `false` for a certificate or nothing.
 * What the proof obliges the reply to carry (MS-CHAP2-Success, MPPE keys) is `request.proof`, which the server adds to an accept.
 * With two secrets in rotation and no Message-Authenticator, a PAP password also shows which of them the NAS uses.
 */
export function verifyPassword(request: AccessRequestView, cleartext: string): boolean {
  switch (request.method) {
    case 'MSCHAPV2':
    case 'MSCHAP':
      return verifyNtHash(request, ntPasswordHash(cleartext, openHash));
    case 'CHAP': {
      const chap = request.octets(attributeTypes.chapPassword) as Uint8Array;
      const challenge = request.octets(attributeTypes.chapChallenge) ?? request.authenticator;
      const { octets, length } = cleartextOctets(cleartext);
      return verifyChap(chap, challenge, octets, length);
    }
    case 'PAP':
      return verifyPap(request, cleartextOctets(cleartext));
    default:
      return request.presented !== null && verifyPresented(request.presented, cleartext);
  }
}

function verifyPresented(presented: PresentedCredential, cleartext: string): boolean {
  const expected = Buffer.from(cleartext, 'utf8');
  switch (presented.method) {
    case 'TTLS-PAP':
      return equalBytes(presented.password, expected);
    case 'EAP-MD5': {
      const chap = Buffer.concat([Buffer.from([presented.identifier]), presented.response]);
      return verifyChap(chap, presented.challenge, expected);
    }
    case 'EAP-TLS':
      return false;
    default:
      return verifyPresentedMsChapV2(presented, ntPasswordHash(cleartext));
  }
}

function verifyPresentedMsChapV2(presented: MsChapV2Credential, ntHash: Uint8Array): boolean {
  const { challenge, ntResponse, peerChallenge, userName } = presented;
  const hashed = challengeHash(peerChallenge, challenge, Buffer.from(userName));
  if (!equalBytes(ntResponse, challengeResponse(hashed, ntHash))) return false;
  const text = authenticatorResponse(ntHash, ntResponse, hashed);
  presented.success = { text, ...mppeKeys(ntHash, ntResponse) };
  return true;
}

/** As `verifyPassword` with a stored NT hash, for the MS-CHAP family only. */
export function verifyNtHash(request: AccessRequestView, ntHash: Uint8Array): boolean {
  const { presented } = request;
  if (presented !== null) return 'ntResponse' in presented && verifyPresentedMsChapV2(presented, ntHash);
  const challenge = request.vendorOctets(microsoft.vendor, microsoft.challenge);
  const version2 = request.vendorOctets(microsoft.vendor, microsoft.response2);
  if (challenge !== null && version2 !== null && version2.length === 50 && challenge.length === 16)
    return verifyVersion2(request, ntHash, challenge, version2);
  const version1 = request.vendorOctets(microsoft.vendor, microsoft.response);
  if (challenge === null || version1 === null || version1.length !== 50 || challenge.length !== 8)
    return false;
  if (!equalBytes(version1.subarray(26, 50), challengeResponse(challenge, ntHash))) return false;
  request.proof = encodeAttributes(
    request.dictionary,
    [{ name: 'MS-CHAP-MPPE-Keys', value: mppeKeysVersion1(ntHash) }, ...encryptionTypes],
    request,
  );
  return true;
}

function verifyVersion2(
  request: AccessRequestView,
  ntHash: Uint8Array,
  challenge: Uint8Array,
  response: Uint8Array,
): boolean {
  const userName = request.octets(attributeTypes.userName) ?? nobody;
  const hashed = challengeHash(response.subarray(2, 18), challenge, userName, openChallenge);
  const ntResponse = response.subarray(26, 50);
  if (!equalBytes(ntResponse, challengeResponse(hashed, ntHash, openResponse))) return false;
  request.proof = msChapV2Proof(
    {
      identifier: response[0] as number,
      passwordHash: ntHash,
      ntResponse,
      challenge: hashed,
      packet: request.packet,
      secret: request.secret,
    },
    request.outlivesTurn,
  );
  return true;
}

const nobody = new Uint8Array(0);
/** What is computed for one login, and overwritten by the next. */
const openHash = Buffer.alloc(16);
const openChallenge = Buffer.alloc(8);
const openResponse = Buffer.alloc(24);

/** Encryption allowed, 40 or 128 bit (RFC 2548 §2.4.4, §2.4.5). */
const encryptionTypes: readonly Attribute[] = [
  { name: 'MS-MPPE-Encryption-Policy', value: 1 },
  { name: 'MS-MPPE-Encryption-Types', value: 6 },
];

/** What a reject of an MS-CHAP request carries; nothing for other methods. */
export function msChapError(request: AccessRequestView, code: MsChapErrorCode, message: string): Attribute[] {
  const response =
    request.vendorOctets(microsoft.vendor, microsoft.response2) ??
    request.vendorOctets(microsoft.vendor, microsoft.response);
  if (response === null) return [];
  const text = msChapErrorText(code, randomBytes(16), message);
  return [{ name: 'MS-CHAP-Error', value: Buffer.concat([response.subarray(0, 1), Buffer.from(text)]) }];
}

function verifyPap(request: AccessRequestView, { octets, length }: Cleartext): boolean {
  const { packet, scan, nas } = request;
  const at = scan.firstOffsets[attributeTypes.userPassword] as number;
  const end = at + (packet[at + 1] as number);
  const fits = (secret: SharedSecret) => isHiddenPassword(packet, at + 2, end, secret, octets, length);
  if (request.secretProven) return fits(request.secret);
  const secret = nas.secrets.find(fits);
  if (secret === undefined) return false;
  request.secret = secret;
  request.secretProven = true;
  return true;
}

/** The PAP password in clear, for policies that compare hashes; null for other methods. */
export function papPassword(request: AccessRequestView): Uint8Array | null {
  if (request.presented !== null)
    return request.presented.method === 'TTLS-PAP' ? request.presented.password : null;
  const hidden = request.octets(attributeTypes.userPassword);
  return hidden === null ? null : revealPassword(hidden, request.authenticator, request.secret);
}
