import { headerLength } from './codes.ts';
import { md5Append, md5AppendZeros, md5Begin, md5Finish } from './md5.ts';
import type { PacketScan } from './scan.ts';
import { hmacMd5Begin, hmacMd5Finish, type SharedSecret } from './shared-secret.ts';

const digest = new Uint8Array(16);
export const zeroAuthenticator = new Uint8Array(16);

/** Whether 16 octets of `a` at `aAt` equal those of `b` at `bAt`, in constant time and on bytes, never on text. */
export function equal16(a: Uint8Array, aAt: number, b: Uint8Array, bAt: number): boolean {
  let difference = 0;
  for (let index = 0; index < 16; index++)
    difference |= (a[aAt + index] as number) ^ (b[bAt + index] as number);
  return difference === 0;
}

/**
 * Message-Authenticator (RFC 3579 §3.2, RFC 5176 §3.4): HMAC-MD5 over the packet with its own 16 octets as zero and
 * `authenticator` in the header. That is the Request Authenticator for Access packets and for every reply, and
 * zeros for Accounting-, CoA- and Disconnect-Requests, whose own authenticator is computed afterwards.
 */
export function writeMessageAuthenticator(
  packet: Uint8Array,
  length: number,
  valueAt: number,
  authenticator: Uint8Array,
  secret: SharedSecret,
  out: Uint8Array,
  outAt: number,
  authenticatorAt = 0,
): void {
  hmacMd5Begin(secret);
  md5Append(packet, 0, 4);
  md5Append(authenticator, authenticatorAt, authenticatorAt + 16);
  md5Append(packet, headerLength, valueAt);
  md5AppendZeros(16);
  md5Append(packet, valueAt + 16, length);
  hmacMd5Finish(secret, out, outAt);
}

/** Checks the Message-Authenticator of a scanned packet; `false` also when there is none. */
export function verifyMessageAuthenticator(
  packet: Uint8Array,
  scan: PacketScan,
  authenticator: Uint8Array,
  secret: SharedSecret,
  authenticatorAt = 0,
): boolean {
  const at = scan.messageAuthenticatorAt;
  if (at === 0) return false;
  writeMessageAuthenticator(packet, scan.length, at, authenticator, secret, digest, 0, authenticatorAt);
  return equal16(packet, at, digest, 0);
}

/**
 * MD5(Code + Id + Length + authenticator + attributes + secret): the Request Authenticator of accounting and
 * dynamic authorization with zeros (RFC 2866 §3, RFC 5176 §2.3), the Response Authenticator with the request's.
 */
export function writeAuthenticator(
  packet: Uint8Array,
  length: number,
  authenticator: Uint8Array,
  secret: SharedSecret,
  out: Uint8Array,
  outAt: number,
  authenticatorAt = 0,
): void {
  md5Begin();
  md5Append(packet, 0, 4);
  md5Append(authenticator, authenticatorAt, authenticatorAt + 16);
  md5Append(packet, headerLength, length);
  md5Append(secret.bytes);
  md5Finish(out, outAt);
}

/** Checks the authenticator in the header of a packet that carries a computed one. */
export function verifyAuthenticator(
  packet: Uint8Array,
  length: number,
  authenticator: Uint8Array,
  secret: SharedSecret,
): boolean {
  writeAuthenticator(packet, length, authenticator, secret, digest, 0);
  return equal16(packet, 4, digest, 0);
}

/** Whether two values are the same, in a time that depends on the length of `expected` only. */
export function equalBytes(given: Uint8Array, expected: Uint8Array): boolean {
  let difference = given.length ^ expected.length;
  for (let index = 0; index < expected.length; index++)
    difference |= (given[index] ?? 0) ^ (expected[index] as number);
  return difference === 0;
}
