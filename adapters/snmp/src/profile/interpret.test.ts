import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { SnmpValue } from '../codec/value.ts';
import { entitySensor } from './entity-sensors.ts';
import { memoryReadings, sensorReadings } from './interpret.ts';
import { scaled, wattsToDbm } from './scale.ts';

const integer = (value: number): SnmpValue => ({ type: 'integer', value });
const octets = (text: string): SnmpValue => ({ type: 'octets', value: Buffer.from(text) });
const values = (
  columns: Record<string, Record<string, SnmpValue>>,
  scalars: Record<string, SnmpValue> = {},
) => ({
  scalars: new Map(Object.entries(scalars)),
  columns: new Map(Object.entries(columns).map(([oid, cells]) => [oid, new Map(Object.entries(cells))])),
  entityNames: new Map<string, string>(),
});

test('a column is scaled, named by its neighbour, and its no-readings are left out', () => {
  const found = sensorReadings(
    {
      class: 'temperature',
      column: '1.2.3',
      nameColumn: '1.2.2',
      divisor: 10,
      absent: [0],
      name: 'probe {index}',
    },
    values({
      '1.2.3': {
        1: integer(415),
        2: integer(0),
        3: integer(2147483647),
        4: integer(-32768),
        5: integer(-55),
      },
      '1.2.2': { 1: octets('board') },
    }),
  );
  expect(found).toEqual([
    { class: 'temperature', oid: '1.2.3.1', name: 'board', value: 41.5 },
    { class: 'temperature', oid: '1.2.3.5', name: 'probe 5', value: -5.5 },
  ]);
});

test('a variant column chooses the class of each row', () => {
  const found = sensorReadings(
    {
      class: 'measured',
      column: '1.9.3',
      name: 'gauge {index}',
      variant: {
        column: '1.9.4',
        cases: { 1: { class: 'temperature' }, 3: { class: 'voltage', divisor: 10 } },
      },
    },
    values({
      '1.9.3': { a: integer(40), b: integer(241), c: integer(7) },
      '1.9.4': { a: integer(1), b: integer(3), c: integer(99) },
    }),
  );
  expect(found.map(({ class: kind, value }) => [kind, value])).toEqual([
    ['temperature', 40],
    ['voltage', 24.1],
  ]);
});

test('a state keeps its number, and an unknown one is said to be unknown', () => {
  const source = { class: 'state', oid: '1.5.0', name: 'fan', states: { 1: ['normal', 'ok'] } } as const;
  const one = (value: number) => sensorReadings(source, values({}, { '1.5.0': integer(value) }))[0];
  expect(one(1)).toMatchObject({ value: 1, severity: 'ok', text: 'normal' });
  expect(one(6)).toMatchObject({ value: 6, severity: 'unknown' });
});

test('memory from total and free, used and free, or a share', () => {
  const cells = values({
    t: { 1: integer(100) },
    f: { 1: integer(40) },
    u: { 1: integer(60) },
    p: { 1: integer(56) },
  });
  const pool = (source: object) => memoryReadings({ name: 'pool', unitBytes: 1024, ...source }, cells)[0];
  expect(pool({ total: 't', free: 'f' })).toMatchObject({ totalBytes: 102_400n, usedBytes: 61_440n });
  expect(pool({ used: 'u', free: 'f' })).toMatchObject({ totalBytes: 102_400n, usedBytes: 61_440n });
  expect(pool({ percent: 'p' })).toMatchObject({ totalBytes: null, usedBytes: null, usedPercent: 56 });
});

test('ENTITY-SENSOR scale and precision are powers of ten', () => {
  const row = (...numbers: number[]) => entitySensor(numbers.map(integer));
  expect(row(8, 9, 1, 415, 1)).toEqual({ class: 'temperature', value: 41.5 });
  expect(row(4, 8, 0, 3300, 1)).toEqual({ class: 'voltage', value: 3.3 });
  expect(row(14, 9, 2, -2345, 1)).toEqual({ class: 'dbm', value: -23.45 });
  expect(row(8, 9, 1, 415, 2)).toBeNull();
  expect(row(12, 9, 0, 1, 1)).toBeNull();
});

test('scaling keeps every measured digit and adds no noise', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: -1_000_000, max: 1_000_000 }),
      fc.constantFrom(1, 10, 100, 1000),
      (raw, divisor) => {
        fc.pre(raw !== -32_768);
        expect(scaled(raw, { divisor })).toBe(raw / divisor);
      },
    ),
  );
  expect(scaled(3, { multiplier: 0.1 })).toBe(0.3);
});

test('optical power: a milliwatt is 0 dBm, and darkness is no reading', () => {
  expect(wattsToDbm(0.001)).toBe(0);
  expect(wattsToDbm(0.0000001)).toBeCloseTo(-40, 9);
  expect(wattsToDbm(0)).toBeNull();
});
