import { createCipheriv, createDecipheriv } from 'node:crypto';
import type { PrivProtocol } from '../credential.ts';

/** Everything a scoped PDU's encryption depends on (RFC 3414 §8, RFC 3826 §3). */
export interface CipherInput {
  readonly protocol: PrivProtocol;
  readonly key: Buffer;
  readonly engineBoots: number;
  readonly engineTime: number;
  /** msgPrivacyParameters, 8 octets. */
  readonly salt: Buffer;
}

const aesNames: Readonly<Record<Exclude<PrivProtocol, 'des'>, string>> = {
  aes128: 'aes-128-cfb',
  aes192: 'aes-192-cfb',
  aes256: 'aes-256-cfb',
  aes192c: 'aes-192-cfb',
  aes256c: 'aes-256-cfb',
};

function parameters(input: CipherInput): { name: string; key: Buffer; iv: Buffer } {
  const { protocol, key, salt } = input;
  if (protocol === 'des') {
    const single = key.subarray(0, 8);
    const iv = Buffer.alloc(8);
    for (let i = 0; i < 8; i++) iv[i] = (key[8 + i] as number) ^ (salt[i] as number);
    // OpenSSL 3 carries no single DES; encrypt-decrypt-encrypt with one key thrice is the same function.
    return { name: 'des-ede3-cbc', key: Buffer.concat([single, single, single]), iv };
  }
  const iv = Buffer.alloc(16);
  iv.writeUInt32BE(input.engineBoots >>> 0, 0);
  iv.writeUInt32BE(input.engineTime >>> 0, 4);
  salt.copy(iv, 8);
  return { name: aesNames[protocol], key, iv };
}

/** DES pads with zeros to whole blocks, which BER ignores; AES in CFB mode keeps the length. */
export function encryptScopedPdu(input: CipherInput, plain: Buffer): Buffer {
  const { name, key, iv } = parameters(input);
  const cipher = createCipheriv(name, key, iv).setAutoPadding(false);
  const padded =
    input.protocol === 'des' && plain.length % 8 !== 0
      ? Buffer.concat([plain, Buffer.alloc(8 - (plain.length % 8))])
      : plain;
  // Whole blocks or a stream: `final` has nothing left to give.
  return cipher.update(padded);
}

/** Null when the octets cannot be a ciphertext of this protocol. */
export function decryptScopedPdu(input: CipherInput, encrypted: Buffer): Buffer | null {
  if (input.salt.length !== 8) return null;
  if (input.protocol === 'des' && encrypted.length % 8 !== 0) return null;
  const { name, key, iv } = parameters(input);
  const decipher = createDecipheriv(name, key, iv).setAutoPadding(false);
  return decipher.update(encrypted);
}
