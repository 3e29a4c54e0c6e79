import { createCipheriv, hash } from 'node:crypto';
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
  const key = Buffer.concat([passwordHash, Buffer.alloc(5)]);
  return Buffer.concat([0, 7, 14].map((at) => des(challenge, key.subarray(at, at + 7))));
}

/** GenerateAuthenticatorResponse (RFC 2759 §8.7): `S=` and 40 hexadecimal digits. */
export function authenticatorResponse(
  passwordHash: Uint8Array,
  ntResponse: Uint8Array,
  challenge: Uint8Array,
): string {
  const digest = sha1(md4(passwordHash), ntResponse, Buffer.from('Magic server to client signing constant'));
  const response = sha1(digest, challenge, Buffer.from('Pad to make it do more than one iteration'));
  return `S=${response.toString('hex').toUpperCase()}`;
}

/** The 128-bit MPPE start keys of MS-CHAPv2 (RFC 3079 §3.4), as the NAS uses them. */
export function mppeKeys(
  passwordHash: Uint8Array,
  ntResponse: Uint8Array,
): { readonly send: Buffer; readonly receive: Buffer } {
  const master = sha1(md4(passwordHash), ntResponse, Buffer.from('This is the MPPE Master Key')).subarray(
    0,
    16,
  );
  const start = (magic: string) =>
    sha1(master, Buffer.alloc(40), Buffer.from(magic), Buffer.alloc(40, 0xf2)).subarray(0, 16);
  return { send: start(serverSends), receive: start(serverReceives) };
}
const serverSends = 'On the client side, this is the receive key; on the server side, it is the send key.';
const serverReceives = 'On the client side, this is the send key; on the server side, it is the receive key.';

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

/** Single DES as triple DES with one key thrice: OpenSSL 3 carries only the latter. */
function des(block: Uint8Array, key56: Uint8Array): Buffer {
  const key = Buffer.alloc(8);
  let bits = 0;
  let held = 0;
  let at = 0;
  for (const octet of key56) {
    bits = (bits << 8) | octet;
    held += 8;
    while (held >= 7) {
      held -= 7;
      key[at++] = (bits >> held) << 1;
    }
    bits &= (1 << held) - 1;
  }
  const cipher = createCipheriv('des-ede3-ecb', Buffer.concat([key, key, key]), null).setAutoPadding(false);
  return Buffer.concat([cipher.update(block), cipher.final()]);
}
