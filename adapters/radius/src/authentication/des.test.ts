import { createCipheriv } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { desEncrypt } from './des.ts';

/** OpenSSL has single DES as triple DES with one key thrice; the eighth bit of each octet is parity. */
function openSsl(block: Uint8Array, key56: Uint8Array): Buffer {
  const bits = [...key56].map((octet) => octet.toString(2).padStart(8, '0')).join('');
  const key = Buffer.from(
    Array.from({ length: 8 }, (_, n) => Number.parseInt(bits.slice(n * 7, n * 7 + 7), 2) << 1),
  );
  const cipher = createCipheriv('des-ede3-ecb', Buffer.concat([key, key, key]), null).setAutoPadding(false);
  return Buffer.concat([cipher.update(block), cipher.final()]);
}

test('every block under every key is what OpenSSL makes of it', () => {
  const octets = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
  fc.assert(
    fc.property(octets(8), octets(7), (block, key) => {
      const out = Buffer.alloc(10);
      desEncrypt(block, Buffer.concat([Buffer.alloc(3), key]), 3, out, 1);
      expect(out.subarray(1, 9).toString('hex')).toBe(openSsl(block, key).toString('hex'));
      expect([out[0], out[9]]).toEqual([0, 0]);
    }),
    { numRuns: 2_000 },
  );
});
