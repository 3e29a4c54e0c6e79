import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from 'node:crypto';

/** A sealed value cannot be opened: another key, another purpose, or changed bytes. */
export class SealError extends Error {
  override readonly name = 'SealError';
}

/** Seals and opens secrets (device credentials, RADIUS secrets, payment tokens) with AES-256-GCM. */
export interface SecretBox {
  /** @param purpose what it is for, such as `nas:nas_01…`; the same must be given to open it. */
  seal(plain: string, purpose: string): Uint8Array;
  /** @throws SealError */
  open(sealed: Uint8Array, purpose: string): string;
  /** HMAC-SHA-256, hex: the same for the same secret and purpose, and by nobody without the key to be guessed from. */
  digest(plain: string, purpose: string): string;
}

const version = 1;
const nonceLength = 12;
const tagLength = 16;

/** @param key 32 octets that are kept outside the database. */
export function secretBox(key: Uint8Array): SecretBox {
  if (key.length !== 32) throw new SealError(`The sealing key has ${key.length} octets; it needs 32`);
  const digestKey = Buffer.from(hkdfSync('sha256', key, '', 'digest', 32));
  return {
    digest: (plain, purpose) =>
      createHmac('sha256', digestKey)
        .update(JSON.stringify([purpose, plain]))
        .digest('hex'),
    seal(plain, purpose) {
      const nonce = randomBytes(nonceLength);
      const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(purpose));
      const body = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final()]);
      return Buffer.concat([Buffer.of(version), nonce, cipher.getAuthTag(), body]);
    },
    open(sealed, purpose) {
      const bytes = Buffer.from(sealed);
      if (bytes[0] !== version || bytes.length < 1 + nonceLength + tagLength) {
        throw new SealError(`The sealed value for ${purpose} is not one of ours`);
      }
      const nonce = bytes.subarray(1, 1 + nonceLength);
      const tag = bytes.subarray(1 + nonceLength, 1 + nonceLength + tagLength);
      const decipher = createDecipheriv('aes-256-gcm', key, nonce)
        .setAAD(Buffer.from(purpose))
        .setAuthTag(tag);
      try {
        const body = bytes.subarray(1 + nonceLength + tagLength);
        return decipher.update(body, undefined, 'utf8') + decipher.final('utf8');
      } catch (cause) {
        throw new SealError(`The sealed value for ${purpose} does not open: another key or changed bytes`, {
          cause,
        });
      }
    },
  };
}
