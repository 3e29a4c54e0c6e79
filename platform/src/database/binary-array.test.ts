import fc from 'fast-check';
import { expect, test } from 'vitest';
import { binaryArray } from './binary-array.ts';

test('an array is header, lengths and big-endian values', () => {
  expect(binaryArray('int', [7, null]).toString('hex')).toBe(
    ['00000001', '00000001', '00000017', '00000002', '00000001', '00000004', '00000007', 'ffffffff'].join(''),
  );
  // The epoch of PostgreSQL.
  expect(binaryArray('date', ['2000-01-01', 10_958]).toString('hex')).toBe(
    [
      '00000001',
      '00000000',
      '0000043a',
      '00000002',
      '00000001',
      '00000004',
      '00000000',
      '00000004',
      '00000001',
    ].join(''),
  );
});

/** The texts of an array, and a check that nothing follows them. */
function textsOf(array: Buffer): (string | null)[] {
  let at = 20;
  const texts = Array.from({ length: array.readInt32BE(12) }, () => {
    const length = array.readInt32BE(at);
    at += 4 + Math.max(length, 0);
    return length < 0 ? null : array.toString('utf8', at - length, at);
  });
  expect(at).toBe(array.length);
  return texts;
}

test('text that needs more than an octet a unit is whole', () => {
  const texts = ['€'.repeat(1000), 'x'.repeat(5000), ...Array.from({ length: 50 }, () => '😀€é')];
  expect(textsOf(binaryArray('text', texts))).toEqual(texts);
});

test('what has no value finds room after long text', () => {
  const texts = ['ࠀࠀ', '€'.repeat(500), 'ࠀࠀ', '€'.repeat(500), ...Array.from({ length: 300 }, () => null)];
  expect(textsOf(binaryArray('text', texts))).toEqual(texts);
  const text = fc.oneof(
    fc.constant(null),
    fc.nat(300).map((length) => '€'.repeat(length)),
  );
  fc.assert(
    fc.property(fc.array(text, { maxLength: 60 }), (any) => {
      expect(textsOf(binaryArray('text', any))).toEqual(any);
    }),
  );
});

test('a time is exact in whatever year, and however it is given', () => {
  const at = (value: Date | number | string) => binaryArray('timestamptz', [value]).readBigInt64BE(24);
  const date = fc.date({ noInvalidDate: true, min: new Date('0001-01-01'), max: new Date('9999-12-31') });
  fc.assert(
    fc.property(date, (time) => {
      const microseconds = BigInt(time.getTime() - Date.UTC(2000, 0)) * 1000n;
      expect([at(time), at(time.getTime()), at(time.toISOString())]).toEqual(Array(3).fill(microseconds));
    }),
  );
});

test('what a type cannot hold is refused', () => {
  expect(() => binaryArray('int', [2 ** 31])).toThrow(RangeError);
  expect(() => binaryArray('bigint', [2n ** 63n])).toThrow(RangeError);
  expect(() => binaryArray('date', ['31.12.2026'])).toThrow('"31.12.2026" is not a date');
  expect(() => binaryArray('date', ['2026-02-31'])).toThrow('"2026-02-31" is not a date');
  expect(() => binaryArray('timestamptz', ['soon'])).toThrow(RangeError);
});
