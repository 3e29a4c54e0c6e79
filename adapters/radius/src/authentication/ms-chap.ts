import { desEncrypt } from './des.ts';
import { md4, md4Finish, md4Input } from './md4.ts';
import { sha1Append, sha1Begin, sha1Finish } from './sha1.ts';

/** NtPasswordHash (RFC 2433 §A.7): MD4 of the password in UTF-16. */
export function ntPasswordHash(password: string, out: Buffer = Buffer.allocUnsafe(16)): Buffer {
  const octets = md4Input(2 * password.length);
  for (let at = 0; at < password.length; at++) {
    const unit = password.charCodeAt(at);
    octets[2 * at] = unit;
    octets[2 * at + 1] = unit >> 8;
  }
  md4Finish(2 * password.length, out);
  return out;
}

/** ChallengeHash (RFC 2759 §8.2): 8 octets. The user name, in UTF-8, counts without a `DOMAIN\` in front. */
export function challengeHash(
  peerChallenge: Uint8Array,
  authenticatorChallenge: Uint8Array,
  userName: Uint8Array,
  out: Buffer = Buffer.allocUnsafe(8),
): Buffer {
  sha1Begin();
  sha1Append(peerChallenge);
  sha1Append(authenticatorChallenge);
  // A backslash is no part of another character in UTF-8.
  sha1Append(userName, userName.lastIndexOf(0x5c) + 1);
  sha1Finish(out, 0, 8);
  return out;
}

/** Three keys of seven octets, the last filled up with zeros. */
const keys = new Uint8Array(21);

/** ChallengeResponse (RFC 2433 §A.5): three DES encryptions of the challenge, 24 octets. */
export function challengeResponse(
  challenge: Uint8Array,
  passwordHash: Uint8Array,
  out: Buffer = Buffer.allocUnsafe(24),
): Buffer {
  keys.set(passwordHash);
  for (let part = 0; part < 3; part++) desEncrypt(challenge, keys, part * 7, out, part * 8);
  return out;
}

const hashHash = Buffer.alloc(16);
const digest = Buffer.alloc(20);
const digits = Buffer.from('0123456789ABCDEF');
/** `S=` and 40 hexadecimal digits. */
export const authenticatorResponseOctets = 42;

/** GenerateAuthenticatorResponse (RFC 2759 §8.7), written to `out` at `outAt`: `authenticatorResponseOctets` of ASCII. */
export function writeAuthenticatorResponse(
  passwordHash: Uint8Array,
  ntResponse: Uint8Array,
  challenge: Uint8Array,
  out: Uint8Array,
  outAt: number,
): void {
  sha1Begin();
  sha1Append(md4(passwordHash, hashHash));
  sha1Append(ntResponse);
  sha1Append(signing);
  sha1Finish(digest);
  sha1Begin();
  sha1Append(digest);
  sha1Append(challenge);
  sha1Append(padding);
  sha1Finish(digest);
  out[outAt] = 0x53;
  out[outAt + 1] = 0x3d;
  for (let octet = 0; octet < 20; octet++) {
    out[outAt + 2 + 2 * octet] = digits[(digest[octet] as number) >> 4] as number;
    out[outAt + 3 + 2 * octet] = digits[(digest[octet] as number) & 15] as number;
  }
}

/** The same as text. */
export function authenticatorResponse(
  passwordHash: Uint8Array,
  ntResponse: Uint8Array,
  challenge: Uint8Array,
): string {
  const out = Buffer.alloc(authenticatorResponseOctets);
  writeAuthenticatorResponse(passwordHash, ntResponse, challenge, out, 0);
  return out.toString('latin1');
}

/** The 128-bit MPPE start keys of MS-CHAPv2 (RFC 3079 §3.4), as the NAS uses them: 16 octets to each place. */
export function writeMppeKeys(
  passwordHash: Uint8Array,
  ntResponse: Uint8Array,
  out: Uint8Array,
  sendAt: number,
  receiveAt: number,
): void {
  sha1Begin();
  sha1Append(md4(passwordHash, hashHash));
  sha1Append(ntResponse);
  sha1Append(masterKey);
  sha1Finish(digest);
  writeStartKey(serverSends, out, sendAt);
  writeStartKey(serverReceives, out, receiveAt);
}

/** GetAsymmetricStartKey, of the master key in `digest`. */
function writeStartKey(magic: Uint8Array, out: Uint8Array, outAt: number): void {
  sha1Begin();
  sha1Append(digest, 0, 16);
  sha1Append(magic);
  sha1Finish(out, outAt, 16);
}

/** The same keys by themselves. */
export function mppeKeys(
  passwordHash: Uint8Array,
  ntResponse: Uint8Array,
): { readonly send: Buffer; readonly receive: Buffer } {
  const out = Buffer.alloc(32);
  writeMppeKeys(passwordHash, ntResponse, out, 0, 16);
  return { send: out.subarray(0, 16), receive: out.subarray(16) };
}

const signing = Buffer.from('Magic server to client signing constant');
const padding = Buffer.from('Pad to make it do more than one iteration');
const masterKey = Buffer.from('This is the MPPE Master Key');
/** With the paddings around it. */
const magicOf = (text: string) =>
  Buffer.concat([Buffer.alloc(40), Buffer.from(text), Buffer.alloc(40, 0xf2)]);
const serverSends = magicOf(
  'On the client side, this is the receive key; on the server side, it is the send key.',
);
const serverReceives = magicOf(
  'On the client side, this is the send key; on the server side, it is the receive key.',
);

/** MS-CHAP-MPPE-Keys of MS-CHAPv1 (RFC 2548 §2.4.1): no LM key, the NT key, padding; hidden like a User-Password. */
export function mppeKeysVersion1(passwordHash: Uint8Array): Buffer {
  return Buffer.concat([Buffer.alloc(8), md4(passwordHash), Buffer.alloc(8)]);
}

/** What a failed MS-CHAP tells the peer (RFC 2759 §6): 648 lets a client say that the password has expired. */
export type MsChapErrorCode = 646 | 647 | 648 | 649 | 691 | 709;

/** The text of MS-CHAP-Error. Retry is never offered: a new login is one. */
export function msChapErrorText(code: MsChapErrorCode, challenge: Uint8Array, message: string): string {
  const hex = Buffer.from(challenge).toString('hex').toUpperCase();
  return `E=${code} R=0 C=${hex} V=3 M=${message}`;
}
