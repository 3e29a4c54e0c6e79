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

test('text that needs more than an octet a unit is whole', () => {
  const texts = ['€'.repeat(1000), 'x'.repeat(5000), ...Array.from({ length: 50 }, () => '😀€é')];
  const array = binaryArray('text', texts);
  let at = 20;
  const read = texts.map(() => {
    const length = array.readInt32BE(at);
    at += 4 + length;
    return array.toString('utf8', at - length, at);
  });
  expect(read).toEqual(texts);
  expect(at).toBe(array.length);
});

test('what a type cannot hold is refused', () => {
  expect(() => binaryArray('int', [2 ** 31])).toThrow(RangeError);
  expect(() => binaryArray('bigint', [2n ** 63n])).toThrow(RangeError);
  expect(() => binaryArray('date', ['31.12.2026'])).toThrow('"31.12.2026" is not a date');
  expect(() => binaryArray('date', ['2026-02-31'])).toThrow('"2026-02-31" is not a date');
  expect(() => binaryArray('timestamptz', ['soon'])).toThrow(RangeError);
});
