import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compareOids, decodeIndex, decodeOid, encodeOid, isBelow } from './oid.ts';

const arc = fc.oneof(fc.nat(300), fc.integer({ min: 0, max: 0xffffffff }));
const oidArcs = fc
  .tuple(fc.constantFrom(0, 1, 2), fc.nat(39), fc.array(arc, { maxLength: 20 }))
  .map(([first, second, rest]) => [first, second, ...rest]);

test('an OID survives the wire, sub-identifiers of 32 bits unsigned included', () => {
  fc.assert(
    fc.property(oidArcs, (arcs) => {
      expect(decodeOid(encodeOid(arcs.join('.')))).toBe(arcs.join('.'));
    }),
  );
});

test('below arc 2 the second arc may pass 39', () => {
  expect(decodeOid(encodeOid('2.999.3'))).toBe('2.999.3');
});

test('the order of encoded OIDs is the order of their arcs', () => {
  const byArcs = (a: number[], b: number[]) => {
    for (let i = 0; i < Math.min(a.length, b.length); i++) {
      if (a[i] !== b[i]) return Math.sign((a[i] as number) - (b[i] as number));
    }
    return Math.sign(a.length - b.length);
  };
  fc.assert(
    fc.property(oidArcs, oidArcs, fc.nat(5), (a, b, shared) => {
      const other = [...a.slice(0, 2 + shared), ...b.slice(2)];
      const order = Math.sign(compareOids(encodeOid(a.join('.')), encodeOid(other.join('.'))));
      expect(order).toBe(byArcs(a, other));
    }),
  );
});

test('an index is what stands below the column', () => {
  const column = encodeOid('1.3.6.1.2.1.2.2.1.8');
  const cell = encodeOid('1.3.6.1.2.1.2.2.1.8.4294967295.7');
  expect(isBelow(cell, column)).toBe(true);
  expect(isBelow(column, column)).toBe(false);
  expect(isBelow(encodeOid('1.3.6.1.2.1.2.2.1.80.1'), column)).toBe(false);
  expect(decodeIndex(cell, column.length)).toBe('4294967295.7');
});

test.each(['', '1', '1.3.x', '1.40.1', '3.1', '1.3.4294967296', '1..3', '.1.3'])(
  '"%s" is refused by name',
  (oid) => {
    expect(() => encodeOid(oid)).toThrow(`Not an object identifier: "${oid}"`);
  },
);

test.each([
  ['a sub-identifier cut short', [0x2b, 0x86]],
  ['a sub-identifier over 32 bits', [0x2b, 0x9f, 0xff, 0xff, 0xff, 0x7f]],
])('%s is no OID', (_, bytes) => {
  expect(decodeOid(Uint8Array.from(bytes))).toBeNull();
});
