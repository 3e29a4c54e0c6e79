import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { sha1Append, sha1Begin, sha1Finish } from './sha1.ts';

function sha1(octets: Uint8Array): Buffer {
  sha1Begin();
  sha1Append(octets);
  const out = Buffer.alloc(20);
  sha1Finish(out);
  return out;
}

test('RFC 3174 §7.3', () => {
  expect(sha1(Buffer.from('abc')).toString('hex')).toBe('a9993e364706816aba3e25717850c26c9cd0d89d');
  const second = Buffer.from('abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq');
  expect(sha1(second).toString('hex')).toBe('84983e441c3bd26ebaae4aa1f95129e5e54670f1');
  expect(sha1(Buffer.alloc(1_000_000, 'a')).toString('hex'), 'TEST3').toBe(
    '34aa973cd4c4daa4f61eeb2bdbad27316534016f',
  );
});

test('every input, however it is cut, is what OpenSSL makes of it', () => {
  const parts = fc.array(fc.uint8Array({ maxLength: 110 }), { maxLength: 4 });
  fc.assert(
    fc.property(parts, fc.integer({ min: 0, max: 20 }), (given, octets) => {
      const hash = createHash('sha1');
      sha1Begin();
      for (const part of given) {
        hash.update(part);
        sha1Append(part);
      }
      const out = Buffer.alloc(24, 0xee);
      sha1Finish(out, 2, octets);
      const expected = Buffer.alloc(24, 0xee);
      hash.digest().copy(expected, 2, 0, octets);
      expect(out.toString('hex')).toBe(expected.toString('hex'));
    }),
    { numRuns: 1_000 },
  );
});
