import { createHash } from 'node:crypto';
import type { AuthProtocol, PrivProtocol } from '../credential.ts';

/** Hash name and length of the truncated digest in octets (RFC 3414 §6, §7; RFC 7860 §4). */
export const authAlgorithms: Readonly<Record<AuthProtocol, { hash: string; digestOctets: number }>> = {
  md5: { hash: 'md5', digestOctets: 12 },
  sha1: { hash: 'sha1', digestOctets: 12 },
  sha224: { hash: 'sha224', digestOctets: 16 },
  sha256: { hash: 'sha256', digestOctets: 24 },
  sha384: { hash: 'sha384', digestOctets: 32 },
  sha512: { hash: 'sha512', digestOctets: 48 },
};

const MEBIOCTET = 1_048_576;

/** Key of a password, not yet bound to an engine: the hash of a mebioctet of its repetition (RFC 3414 §A.2). */
export function passwordToKey(protocol: AuthProtocol, password: Uint8Array): Buffer {
  const { hash } = authAlgorithms[protocol];
  const digest = createHash(hash);
  // Whole repetitions of the password, so that every update continues where the last one ended.
  const repetitions = Math.max(1, Math.floor(4096 / password.length));
  const chunk = Buffer.concat(Array.from({ length: repetitions }, () => password));
  let left = MEBIOCTET;
  while (left >= chunk.length) {
    digest.update(chunk);
    left -= chunk.length;
  }
  if (left > 0) digest.update(chunk.subarray(0, left));
  return digest.digest();
}

/** The key of one engine (RFC 3414 §2.6): hash of key, engine id, key. */
export function localizeKey(protocol: AuthProtocol, key: Uint8Array, engineId: Uint8Array): Buffer {
  return createHash(authAlgorithms[protocol].hash).update(key).update(engineId).update(key).digest();
}

const privKeyOctets: Readonly<Record<PrivProtocol, number>> = {
  des: 16,
  aes128: 16,
  aes192: 24,
  aes256: 32,
  aes192c: 24,
  aes256c: 32,
};

/**
 * The localized key cut or extended to what the cipher needs. Blumenthal's extension (draft-blumenthal-aes-usm-04)
 * appends hashes of what there is; Reeder's (draft-reeder-snmpv3-usm-3desede-00) runs the key through
 * `passwordToKey` and localization again.
 */
export function privacyKey(
  protocol: PrivProtocol,
  auth: AuthProtocol,
  localized: Buffer,
  engineId: Uint8Array,
): Buffer {
  const wanted = privKeyOctets[protocol];
  const reeder = protocol.endsWith('c');
  let key = localized;
  let last = localized;
  while (key.length < wanted) {
    last = reeder
      ? localizeKey(auth, passwordToKey(auth, last), engineId)
      : createHash(authAlgorithms[auth].hash).update(key).digest();
    key = Buffer.concat([key, last]);
  }
  return key.subarray(0, wanted);
}
