import { createHash, createHmac } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { md5, md5Append } from './md5.ts';
import { hmacMd5Begin, hmacMd5Finish, sharedSecret } from './shared-secret.ts';

test('RFC 1321 appendix A.5', () => {
  const digests = ['', 'a', 'abc', 'message digest', 'abcdefghijklmnopqrstuvwxyz'].map((text) =>
    Buffer.from(md5(Buffer.from(text))).toString('hex'),
  );
  expect(digests).toEqual([
    'd41d8cd98f00b204e9800998ecf8427e',
    '0cc175b9c0f1b6a831c399e269772661',
    '900150983cd24fb0d6963f7d28e17f72',
    'f96b697d7cb7938d525a2f31aaf161d0',
    'c3fcd3d76192e4007dfb496cca67e13b',
  ]);
});

test('agrees with OpenSSL for every length and split', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 5000 }), { maxLength: 4 }), (parts) => {
      const expected = createHash('md5').update(Buffer.concat(parts)).digest();
      expect(Buffer.from(md5(...parts))).toEqual(expected);
    }),
    { numRuns: 200 },
  );
});

test('HMAC agrees with OpenSSL, also for keys longer than a block', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 1, maxLength: 150 }),
      fc.uint8Array({ maxLength: 400 }),
      (key, data) => {
        const secret = sharedSecret(key);
        const out = Buffer.alloc(16);
        hmacMd5Begin(secret);
        md5Append(data);
        hmacMd5Finish(secret, out);
        expect(out).toEqual(createHmac('md5', key).update(data).digest());
      },
    ),
    { numRuns: 200 },
  );
});

test('an empty secret is refused', () => {
  expect(() => sharedSecret('')).toThrow(RangeError);
});
