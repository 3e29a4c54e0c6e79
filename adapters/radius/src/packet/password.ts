import { equal16 } from './authenticator.ts';
import { randomOctet } from './entropy.ts';
import { md5, md5Append, md5Begin, md5Finish } from './md5.ts';
import type { SharedSecret } from './shared-secret.ts';

const block = new Uint8Array(16);

/** Hides a User-Password (RFC 2865 §5.2). Throws `RangeError` above 128 octets. */
export function hidePassword(
  password: Uint8Array,
  authenticator: Uint8Array,
  secret: SharedSecret,
): Uint8Array {
  if (password.length > 128)
    throw new RangeError(`User-Password has ${password.length} octets, the most is 128`);
  const out = new Uint8Array(Math.max(16, Math.ceil(password.length / 16) * 16));
  out.set(password);
  cipherBlocks(out, authenticator, secret, out, true);
  return out;
}

/** Reveals a User-Password without its padding; null when its length is not 16 to 128 in steps of 16. */
export function revealPassword(
  hidden: Uint8Array,
  authenticator: Uint8Array,
  secret: SharedSecret,
): Uint8Array | null {
  if (hidden.length === 0 || hidden.length > 128 || hidden.length % 16 !== 0) return null;
  const out = new Uint8Array(hidden.length);
  cipherBlocks(hidden, authenticator, secret, out, false);
  let end = out.length;
  while (end > 0 && out[end - 1] === 0) end--;
  return out.subarray(0, end);
}

/**
 * Whether `packet[at, end)` is a User-Password hidden under `secret` and the packet's own authenticator, and reveals as
 * the first octets of `expected`: what `revealPassword` and `equalBytes` say, without a copy.
 */
export function isHiddenPassword(
  packet: Uint8Array,
  at: number,
  end: number,
  secret: SharedSecret,
  expected: Uint8Array,
  expectedLength = expected.length,
): boolean {
  const length = end - at;
  if (length === 0 || length > 128 || length % 16 !== 0) return false;
  // More than fits is wrong, but takes as long as the rest.
  let difference = expectedLength > length ? 1 : 0;
  for (let from = 0; from < length; from += 16) {
    md5Begin();
    md5Append(secret.bytes);
    if (from === 0) md5Append(packet, 4, 20);
    else md5Append(packet, at + from - 16, at + from);
    md5Finish(block);
    for (let index = 0; index < 16; index++) {
      const wanted = from + index < expectedLength ? (expected[from + index] as number) : 0;
      difference |= (packet[at + from + index] as number) ^ (block[index] as number) ^ wanted;
    }
  }
  return difference === 0;
}

/** XOR with the MD5 chain of RFC 2865 §5.2; the chain runs over the ciphertext. */
function cipherBlocks(
  input: Uint8Array,
  seed: Uint8Array,
  secret: SharedSecret,
  out: Uint8Array,
  hiding: boolean,
): void {
  for (let at = 0; at < input.length; at += 16) {
    md5Begin();
    md5Append(secret.bytes);
    if (at === 0) md5Append(seed);
    else md5Append(hiding ? out : input, at - 16, at);
    md5Finish(block);
    for (let index = 0; index < 16; index++)
      out[at + index] = (input[at + index] as number) ^ (block[index] as number);
  }
}

/** Checks a CHAP-Password of 17 octets: CHAP id, then MD5(id + password + challenge) (RFC 2865 §2.2, §5.3). */
export function verifyChap(
  chapPassword: Uint8Array,
  challenge: Uint8Array,
  cleartext: Uint8Array,
  cleartextLength = cleartext.length,
): boolean {
  if (chapPassword.length !== 17) return false;
  md5Begin();
  md5Append(chapPassword, 0, 1);
  md5Append(cleartext, 0, cleartextLength);
  md5Append(challenge);
  md5Finish(block);
  return equal16(block, 0, chapPassword, 1);
}

/** The CHAP-Password attribute value a peer sends. */
export function chapPassword(identifier: number, challenge: Uint8Array, cleartext: Uint8Array): Uint8Array {
  return Buffer.concat([Uint8Array.of(identifier), md5(Uint8Array.of(identifier), cleartext, challenge)]);
}

/** Two octets with the top bit set. Unique within a packet is all RFC 2868 §3.5 asks; random is stronger. */
export function randomSalt(): number {
  return 0x8000 | (randomOctet() << 8) | randomOctet();
}

/** Salt encryption (RFC 2868 §3.5, RFC 2548 §2.4.2): salt, then the hidden length and value. */
export function saltEncrypt(
  value: Uint8Array,
  authenticator: Uint8Array,
  secret: SharedSecret,
  salt: number,
): Uint8Array {
  if (value.length > 239)
    throw new RangeError(`A salt-encrypted value has ${value.length} octets, the most is 239`);
  const out = Buffer.alloc(2 + Math.ceil((value.length + 1) / 16) * 16);
  out[2] = value.length;
  out.set(value, 3);
  saltEncryptInPlace(out, 0, out.length, authenticator, 0, secret, salt);
  return out;
}

/**
 * The same on octets that lie where they are sent: two for the salt at `at`, then length, value and padding up to `end`.
 * @param authenticator holds 16 octets at `authenticatorAt`.
 */
export function saltEncryptInPlace(
  out: Uint8Array,
  at: number,
  end: number,
  authenticator: Uint8Array,
  authenticatorAt: number,
  secret: SharedSecret,
  salt: number,
): void {
  out[at] = salt >> 8;
  out[at + 1] = salt;
  for (let from = at + 2; from < end; from += 16) {
    md5Begin();
    md5Append(secret.bytes);
    if (from === at + 2) {
      md5Append(authenticator, authenticatorAt, authenticatorAt + 16);
      md5Append(out, at, at + 2);
    } else md5Append(out, from - 16, from);
    md5Finish(block);
    for (let index = 0; index < 16; index++)
      out[from + index] = (out[from + index] as number) ^ (block[index] as number);
  }
}

/** Reverses `saltEncrypt`; null when length or padding cannot be right. */
export function saltDecrypt(
  encrypted: Uint8Array,
  authenticator: Uint8Array,
  secret: SharedSecret,
): Uint8Array | null {
  const cipher = encrypted.subarray(2);
  if (cipher.length < 16 || cipher.length % 16 !== 0) return null;
  const plain = new Uint8Array(cipher.length);
  cipherBlocks(cipher, Buffer.concat([authenticator, encrypted.subarray(0, 2)]), secret, plain, false);
  const length = plain[0] as number;
  return length > plain.length - 1 ? null : plain.subarray(1, 1 + length);
}

/** Ascend-Send-Secret and -Receive-Secret (`encrypt=3`): XOR with MD5(authenticator + secret); its own inverse. */
export function ascendSecret(value: Uint8Array, authenticator: Uint8Array, secret: SharedSecret): Uint8Array {
  const mask = md5(authenticator, secret.bytes);
  const out = new Uint8Array(16);
  for (let index = 0; index < 16; index++) out[index] = (value[index] ?? 0) ^ (mask[index] as number);
  return out;
}
