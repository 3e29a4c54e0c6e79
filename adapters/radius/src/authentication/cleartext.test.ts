import fc from 'fast-check';
import { expect, test } from 'vitest';
import { cleartextOctets } from './cleartext.ts';

test('every password, of any length and script, is its UTF-8', () => {
  const passwords = fc.oneof(
    fc.string({ maxLength: 40 }),
    fc.string({ unit: 'binary', maxLength: 400 }),
    fc.integer({ min: 330, max: 700 }).map((length) => 'ä'.repeat(length)),
  );
  fc.assert(
    fc.property(passwords, (password) => {
      const { octets, length } = cleartextOctets(password);
      expect(Buffer.from(octets.subarray(0, length)).toString('hex')).toBe(
        Buffer.from(password, 'utf8').toString('hex'),
      );
    }),
  );
});
