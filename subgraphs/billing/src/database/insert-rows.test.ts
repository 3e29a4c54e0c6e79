import { expect, test } from 'vitest';
import { arrayLiteral } from './insert-rows.ts';

test('an array literal quotes text, and only text', () => {
  expect(arrayLiteral('text', ['a', 'b,c', '', 'NULL', null])).toBe('{"a","b,c","","NULL",NULL}');
  expect(arrayLiteral('text', ['say "x"', 'back\\slash', "it's {1}"])).toBe(
    '{"say \\"x\\"","back\\\\slash","it\'s {1}"}',
  );
  const json = JSON.stringify({ a: 'line\nfeed', 'b"': '\\', c: 'é 😀' });
  expect(arrayLiteral('jsonb', [json, null])).toBe(arrayLiteral('text', [json, null]));
  expect(arrayLiteral('bigint', [1n, -2n, null])).toBe('{1,-2,NULL}');
  expect(arrayLiteral('date', ['2026-11-22'])).toBe('{2026-11-22}');
  expect(arrayLiteral('timestamptz', [new Date(0)])).toBe('{1970-01-01T00:00:00.000Z}');
});
