import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  ascendSecret,
  hidePassword,
  isHiddenPassword,
  randomSalt,
  revealPassword,
  saltDecrypt,
  saltEncrypt,
} from './password.ts';
import { sharedSecret } from './shared-secret.ts';

const secret = sharedSecret('s3cr3t');
const authenticator = fc.uint8Array({ minLength: 16, maxLength: 16 });
const withoutTrailingZero = (bytes: Uint8Array) => bytes.at(-1) !== 0;

test('User-Password: what is hidden is revealed, in steps of 16 octets', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 128 }).filter(withoutTrailingZero),
      authenticator,
      (password, seed) => {
        const hidden = hidePassword(password, seed, secret);
        expect(hidden.length % 16).toBe(0);
        expect(hidden.length).toBeGreaterThanOrEqual(16);
        expect(Buffer.from(revealPassword(hidden, seed, secret) ?? [])).toEqual(Buffer.from(password));
        // The same in a packet: 4 octets, the authenticator, then the hidden password.
        const packet = Buffer.concat([Buffer.alloc(4), seed, hidden]);
        const matches = (expected: Uint8Array) =>
          isHiddenPassword(packet, 20, packet.length, secret, expected);
        expect(matches(password)).toBe(true);
        expect(matches(Buffer.concat([password, Buffer.from('x')]))).toBe(false);
        if (password.length > 0) expect(matches(password.subarray(1))).toBe(false);
      },
    ),
    { numRuns: 100 },
  );
});

test('User-Password of a wrong length cannot be revealed or hidden', () => {
  const seed = new Uint8Array(16);
  for (const length of [0, 15, 17, 144])
    expect(revealPassword(new Uint8Array(length), seed, secret)).toBeNull();
  expect(() => hidePassword(new Uint8Array(129), seed, secret)).toThrow('129 octets');
});

test('salt encryption: what is encrypted is decrypted, its length hidden; another salt gives other octets', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 239 }), authenticator, (value, seed) => {
      const encrypted = saltEncrypt(value, seed, secret, 0x8001);
      expect((encrypted.length - 2) % 16).toBe(0);
      expect(Buffer.from(saltDecrypt(encrypted, seed, secret) ?? [])).toEqual(Buffer.from(value));
      expect(saltEncrypt(value, seed, secret, 0x8002).subarray(2)).not.toEqual(encrypted.subarray(2));
    }),
    { numRuns: 100 },
  );
});

test('a salt always has its top bit set; a ciphertext that cannot be one gives null', () => {
  for (let round = 0; round < 100; round++) expect(randomSalt() & 0x8000).toBe(0x8000);
  for (const length of [0, 1, 2, 17, 19])
    expect(saltDecrypt(new Uint8Array(length), new Uint8Array(16), secret)).toBeNull();
});

test("Ascend's secret is its own inverse", () => {
  const seed = Buffer.alloc(16, 3);
  const value = Buffer.from('sixteen octets!!');
  expect(Buffer.from(ascendSecret(ascendSecret(value, seed, secret), seed, secret))).toEqual(value);
});
