import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BerReader, BerWriter } from './ber.ts';
import { readValue, type SnmpValue, writeValue } from './value.ts';

const read = (hex: string) => readValue(new BerReader(Buffer.from(hex, 'hex')));
const number = (min: number, max: number) => fc.integer({ min, max });

const anyValue: fc.Arbitrary<SnmpValue> = fc.oneof(
  number(-(2 ** 31), 2 ** 31 - 1).map((value): SnmpValue => ({ type: 'integer', value })),
  fc
    .tuple(
      fc.constantFrom('counter32' as const, 'gauge32' as const, 'timeTicks' as const),
      number(0, 2 ** 32 - 1),
    )
    .map(([type, value]): SnmpValue => ({ type, value })),
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map((value): SnmpValue => ({ type: 'counter64', value })),
  fc
    .uint8Array({ maxLength: 300 })
    .map((value): SnmpValue => ({ type: 'octets', value: Buffer.from(value) })),
  fc.double().map((value): SnmpValue => ({ type: 'double', value })),
  fc.float().map((value): SnmpValue => ({ type: 'float', value })),
  fc.ipV4().map((value): SnmpValue => ({ type: 'ipAddress', value })),
  fc
    .constantFrom(
      'null' as const,
      'noSuchObject' as const,
      'noSuchInstance' as const,
      'endOfMibView' as const,
    )
    .map((type): SnmpValue => ({ type })),
);

test('every value survives the wire', () => {
  fc.assert(
    fc.property(anyValue, (value) => {
      const writer = new BerWriter();
      writeValue(writer, value);
      expect(readValue(new BerReader(writer.finish()))).toEqual(value);
    }),
  );
});

test.each([
  ['a Counter32 sent as a negative number', '4104fffffffe', { type: 'counter32', value: 4294967294 }],
  ['a short negative Gauge32', '4201ff', { type: 'gauge32', value: 4294967295 }],
  [
    'a Counter32 of five octets with a leading zero',
    '410500fffffffe',
    { type: 'counter32', value: 4294967294 },
  ],
  ['a Counter64 of nine octets', '460900ffffffffffffffff', { type: 'counter64', value: 2n ** 64n - 1n }],
  [
    'a Counter64 of eight octets with the top bit',
    '4608ffffffffffffffff',
    { type: 'counter64', value: 2n ** 64n - 1n },
  ],
  ['a negative Counter64 cut short', '4601ff', { type: 'counter64', value: 2n ** 64n - 1n }],
  ['a Counter64 of seven octets', '460700ffffffffffff', { type: 'counter64', value: 2n ** 48n - 1n }],
  ['an INTEGER of eight octets', '0208000000000000002a', { type: 'integer', value: 42 }],
  ['a length in long form, not minimal', '02840000000105', { type: 'integer', value: 5 }],
  ['an Opaque float', '44079f780441280000', { type: 'float', value: 10.5 }],
  ['an Opaque double', '440b9f79084025000000000000', { type: 'double', value: 10.5 }],
  ['an empty OBJECT IDENTIFIER', '0600', { type: 'oid', value: '0.0' }],
])('%s is read as agents mean it', (_, hex, expected) => {
  expect(read(hex)).toEqual(expected);
});

test.each([
  ['a one-octet IpAddress', '400100'],
  ['an empty INTEGER', '0200'],
  ['an INTEGER over 53 bit', '02087fffffffffffffff'],
  ['an empty Counter64', '4600'],
  ['an unknown type', '4701aa'],
])('%s is malformed, and an error of its own only', (_, hex) => {
  expect(read(hex).type).toBe('malformed');
});
