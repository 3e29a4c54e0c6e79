import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { SnmpValue } from '../codec/value.ts';
import { entitySensor } from './entity-sensors.ts';
import { memoryReadings } from './health.ts';
import { sensorReadings } from './interpret.ts';
import { channelToMhz, scaled, wattsToDbm } from './scale.ts';
import type { SensorSource, Variant } from './schema.ts';

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

test('a source takes the rows its pattern on the index names, and a text gives its own unit', () => {
  const source: SensorSource = {
    class: 'temperature',
    column: '1.2.7',
    name: '{index}',
    text: true,
    rows: '^\\d+\\.1\\.\\d+$',
  };
  const cells = { '1.1.1': octets('70 F'), '1.1.2': octets('21.5 C (70.7 F)'), '1.2.1': octets('Open 5') };
  const found = sensorReadings(source, values({ '1.2.7': cells }));
  expect(found.map(({ name, value }) => [name, value])).toEqual([
    ['1.1.1', scaled(70, { convert: 'fahrenheit' })],
    ['1.1.2', 21.5],
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

test('columns of the row itself scale its value: decimals, a power of ten, a divisor, a signed factor', () => {
  const of = (scale: object, other: number) =>
    sensorReadings(
      { class: 'voltage', column: '1.2', name: 'rail {index}', ...scale },
      values({ '1.2': { 7: integer(4200) }, '1.3': { 7: integer(other) } }),
    )[0]?.value;
  expect(of({ precisionColumn: '1.3' }, 3)).toBe(4.2);
  expect(of({ exponentColumn: '1.3' }, -2)).toBe(42);
  expect(of({ divisorColumn: '1.3' }, 10)).toBe(420);
  expect(of({ divisorColumn: '1.3' }, 0)).toBe(4200);
  expect(of({ signedScaleColumn: '1.3' }, -100)).toBe(42);
  expect(of({ signedScaleColumn: '1.3' }, 2)).toBe(8400);
});

test('of a text that begins with a name, the number after the name is the reading', () => {
  const source: SensorSource = { class: 'voltage', column: '1.2.7', name: '{index}', text: true };
  const cells = {
    '1': octets('Capacitor Cell 2 Voltage-Ctlr B: 2.69V'),
    '2': octets('Fan 3 (rear): 4100 rpm'),
    '3': octets('7 since 12:30:11'),
  };
  expect(sensorReadings(source, values({ '1.2.7': cells })).map(({ value }) => value)).toEqual([
    2.69, 4100, 7,
  ]);
  const heat: SensorSource = { ...source, class: 'temperature' };
  const inlet = { '1': octets('Temp 1: 50 F'), '2': octets('Temp 1: 10 C 50 F') };
  expect(sensorReadings(heat, values({ '1.2.7': inlet })).map(({ value }) => value)).toEqual([10, 10]);
});

test('what no device can measure is no reading', () => {
  const cells = Object.fromEntries([-128, -40, 85, 5_000, 32_767].map((it, i) => [String(i), integer(it)]));
  const read = (kind: string) =>
    sensorReadings({ class: kind, column: '1.2.7', name: '{index}' }, values({ '1.2.7': cells }));
  expect(read('temperature').map(({ value }) => value)).toEqual([-40, 85]);
  expect(read('humidity').map(({ value }) => value)).toEqual([85]);
  expect(read('count')).toHaveLength(5);
});

test('a variant by the last number of the index, by text, or by the name of the row', () => {
  const cells = values({
    v: { '5.1': integer(230), '5.2': integer(7), '5.9': integer(1) },
    u: { '5.1': octets('V'), '5.2': octets('A') },
    n: { '5.1': octets('Fan tray'), '5.2': octets('CPU temp') },
  });
  const classes = (variant: Variant, nameColumn?: string) =>
    sensorReadings(
      { class: 'measured', column: 'v', name: '{index}', variant, ...(nameColumn ? { nameColumn } : {}) },
      cells,
    ).map((it) => `${it.class} ${it.value}`);
  const volts = { class: 'voltage' };
  const amps = { class: 'current', divisor: 10 };
  expect(classes({ lastIndex: true, cases: { 1: volts, 2: amps } })).toEqual(['voltage 230', 'current 0.7']);
  expect(classes({ column: 'u', cases: { V: volts, A: amps } })).toEqual(['voltage 230', 'current 0.7']);
  const names = [
    { pattern: 'fan', class: 'fanspeed' },
    { pattern: 'temp', class: 'temperature' },
  ];
  expect(classes({ names }, 'n')).toEqual(['fanspeed 230', 'temperature 7']);
});

test('only rows that are there by another column, and shared enumerations', () => {
  const source: SensorSource = {
    class: 'state',
    column: 'v',
    name: 'door {index}',
    when: { column: 'k', values: [2] },
    states: 'door',
  };
  const cells = values({ v: { 1: integer(1), 2: integer(1) }, k: { 1: integer(2), 2: integer(5) } });
  expect(sensorReadings(source, cells, { door: { 1: ['open', 'warning'] } })).toEqual([
    { class: 'state', oid: 'v.1', name: 'door 1', value: 1, severity: 'warning', text: 'open' },
  ]);
});

test('rows named by a text index, and states in a string of bits', () => {
  const cells = values({ v: { '3.97.112.49': integer(5), '9.1.1': integer(6) } });
  const read = sensorReadings({ class: 'count', column: 'v', name: 'net {index}', textIndex: true }, cells);
  expect(read.map(({ name }) => name)).toEqual(['net ap1', 'net 9.1.1']);
  const bits: SensorSource = {
    class: 'state',
    column: 'b',
    name: 'p',
    bits: true,
    states: { 4: ['jam', 'critical'] },
  };
  const jam = values({ b: { 1: { type: 'octets', value: Buffer.from([4, 0]) } } });
  expect(sensorReadings(bits, jam)).toMatchObject([{ value: 4, severity: 'critical' }]);
  const empty = values({ b: { 1: { type: 'octets', value: Buffer.alloc(0) } } });
  expect(sensorReadings(bits, empty)).toEqual([]);
});

test('conversions: Fahrenheit, channels, and optics that change their unit at 1 mW', () => {
  expect(scaled(1040, { divisor: 10, convert: 'fahrenheit' })).toBe(40);
  expect([1, 11, 14, 36, 5180, 0, 200].map(channelToMhz)).toEqual([2412, 2462, 2484, 5180, 5180, null, null]);
  expect(scaled(-1684, { convert: 'microwattsOrCentiDbm' })).toBe(-16.84);
  expect(scaled(1000, { convert: 'microwattsOrCentiDbm' })).toBeCloseTo(0, 9);
});

test('optical power: a milliwatt is 0 dBm, and darkness is no reading', () => {
  expect(wattsToDbm(0.001)).toBe(0);
  expect(wattsToDbm(0.0000001)).toBeCloseTo(-40, 9);
  expect(wattsToDbm(0)).toBeNull();
});

test('a state said in words has a number and a severity; other words are no reading', () => {
  const texts = { active: [5, 'ok'], suspended: [3, 'critical'] } as const;
  const source: SensorSource = { class: 'state', column: '1.2.3', name: 'HA {index}', texts };
  const found = sensorReadings(
    source,
    values({ '1.2.3': { 1: octets('Active'), 2: octets('suspended\0'), 3: octets('?') } }),
  );
  expect(found.map(({ value, severity, text }) => [value, severity, text])).toEqual([
    [5, 'ok', 'Active'],
    [3, 'critical', 'suspended'],
  ]);
});
