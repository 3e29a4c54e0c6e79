import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

export interface NewApiKey {
  readonly id: string;
  /** Shown once, never stored: `dm_live_<id>_<secret>`. */
  readonly text: string;
  /** What is stored: SHA-256 of the whole text. 256 random bits need no slow hash. */
  readonly hash: Uint8Array;
}

/** A new key. `environment` is `live` or `demo`. */
export function createApiKey(environment: string): NewApiKey {
  const id = randomText(16);
  const text = `dm_${environment}_${id}_${randomText(43)}`;
  return { id: `key_${id}`, text, hash: hashOf(text) };
}

/** The id that a presented key claims, or null when it does not look like a key. */
export function apiKeyId(text: string): string | null {
  const match = /^dm_[a-z]{1,10}_([0-9A-Za-z]{16})_[0-9A-Za-z]{43}$/.exec(text);
  return match?.[1] === undefined ? null : `key_${match[1]}`;
}

/** Compares in constant time. */
export function apiKeyMatches(text: string, storedHash: Uint8Array): boolean {
  const hash = hashOf(text);
  return storedHash.length === hash.length && timingSafeEqual(hash, storedHash);
}

function hashOf(text: string): Uint8Array {
  return createHash('sha256').update(text).digest();
}

/** Uniform over the alphabet: bytes beyond the last whole multiple of its size are thrown away. */
function randomText(length: number): string {
  const limit = 256 - (256 % alphabet.length);
  let text = '';
  while (text.length < length) {
    for (const byte of randomBytes(length)) {
      if (byte < limit && text.length < length) text += alphabet.charAt(byte % alphabet.length);
    }
  }
  return text;
}
