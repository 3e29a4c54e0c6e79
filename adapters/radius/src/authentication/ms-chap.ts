import { hash } from 'node:crypto';
import { desEncrypt } from './des.ts';
import { md4 } from './md4.ts';

/** NtPasswordHash (RFC 2433 §A.7): MD4 of the password in UTF-16. */
export function ntPasswordHash(password: string): Buffer {
  return md4(Buffer.from(password, 'utf16le'));
}

/** ChallengeHash (RFC 2759 §8.2): 8 octets. The user name counts without a `DOMAIN\` in front. */
export function challengeHash(
  peerChallenge: Uint8Array,
  authenticatorChallenge: Uint8Array,
  userName: string,
): Buffer {
  const name = userName.slice(userName.lastIndexOf('\\') + 1);
  return sha1(peerChallenge, authenticatorChallenge, Buffer.from(name, 'utf8')).subarray(0, 8);
}

/** ChallengeResponse (RFC 2433 §A.5): three DES encryptions of the challenge, 24 octets. */
export function challengeResponse(challenge: Uint8Array, passwordHash: Uint8Array): Buffer {
  // Three keys of seven octets, the last filled up with zeros.
  const keys = Buffer.alloc(21);
  keys.set(passwordHash);
  const out = Buffer.alloc(24);
  for (let part = 0; part < 3; part++) desEncrypt(challenge, keys, part * 7, out, part * 8);
  return out;
}

/** GenerateAuthenticatorResponse (RFC 2759 §8.7): `S=` and 40 hexadecimal digits. */
export function authenticatorResponse(
  passwordHash: Uint8Array,
  ntResponse: Uint8Array,
  challenge: Uint8Array,
): string {
  const digest = sha1(md4(passwordHash), ntResponse, signing);
  const response = sha1(digest, challenge, padding);
  return `S=${response.toString('hex').toUpperCase()}`;
}

/** The 128-bit MPPE start keys of MS-CHAPv2 (RFC 3079 §3.4), as the NAS uses them. */
export function mppeKeys(
  passwordHash: Uint8Array,
  ntResponse: Uint8Array,
): { readonly send: Buffer; readonly receive: Buffer } {
  const master = sha1(md4(passwordHash), ntResponse, masterKey).subarray(0, 16);
  const start = (magic: Buffer) => sha1(master, magic).subarray(0, 16);
  return { send: start(serverSends), receive: start(serverReceives) };
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

function sha1(...parts: readonly Uint8Array[]): Buffer {
  return hash('sha1', Buffer.concat(parts), 'buffer');
}
