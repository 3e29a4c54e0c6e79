import { expect, test } from 'vitest';
import type { SnmpValue } from '../codec/value.ts';
import type { WalkColumn } from './columns.ts';
import { guessIdentity } from './identity.ts';
import { commonDivisor, divisorFor, measured, ofName, unitInName } from './quantity.ts';
import { guessScalars } from './scalars.ts';
import { guessTransceivers } from './transceiver.ts';

const columns = (...values: readonly (readonly number[])[]): WalkColumn[] =>
  values.map((cells, i) => ({
    oid: `1.9.${i + 1}`,
    cells: new Map(cells.map((value, row) => [`${row + 10}`, { type: 'integer', value } as SnmpValue])),
  }));

test('a table in the order of SFF-8472 with its 3.3 V is one of optical modules', () => {
  const table = columns([10, 11], [4150, 3920], [3290, 3310], [6123, 7002], [-2310, -2480], [-40000, -8120]);
  expect(guessTransceivers(table).map(({ source }) => [source.class, source.column, source.divisor])).toEqual(
    [
      ['temperature', '1.9.2', 100],
      ['voltage', '1.9.3', 1000],
      ['current', '1.9.4', 100_000],
      ['dbm', '1.9.5', 1000],
      ['dbm', '1.9.6', 1000],
    ],
  );
});

test('a 3 among small numbers, or 3.3 V alone, is no optical module', () => {
  expect(guessTransceivers(columns([10, 11], [41, 39], [33, 32], [6, 7], [2, 3], [1, 1]))).toEqual([]);
  expect(guessTransceivers(columns([41, 39], [3290, 3310]))).toEqual([]);
});

test('a number with its unit may carry what the agent thinks of it', () => {
  expect(measured('6.582 mA: Normal')).toEqual({ value: 6.582, unit: 'mA' });
  expect(measured('4.1.17')).toBeNull();
});

test('limits, states and names of supplies are no measurements', () => {
  expect(ofName('Intake temperature')?.class).toBe('temperature');
  for (const name of ['Over temperature', 'Temperature.SetPtHigh', 'Fan status', 'Power-1/1']) {
    expect(ofName(name), name).toBeNull();
  }
});

test('what a row measures may stand in it with its unit', () => {
  expect(unitInName('Temperature (milliDegC)')).toEqual({ class: 'temperature', multiplier: 0.001 });
  expect(unitInName('Voltage (mV)')).toEqual({ class: 'voltage', multiplier: 0.001 });
  expect(unitInName('Voltage (A)')).toBeNull();
});

test('most quantities of a column choose its scale', () => {
  const row = (name: string, value: number) => {
    const quantity = ofName(name);
    if (quantity === null) throw new Error(name);
    return { quantity, name, value };
  };
  const rows = [row('Load voltage', 5399), row('Load current', 517), row('Battery temperature', 2085)];
  expect(divisorFor(rows[1]?.quantity as never, rows.slice(1, 2))?.divisor).toBe(10);
  expect(commonDivisor(rows)?.divisor).toBe(100);
  expect(commonDivisor([row('board temperature', 385), row('12V rail', 1210)])).toBeNull();
});

test('a text names the number in the very next object, and no other', () => {
  const text = (value: string): SnmpValue => ({ type: 'octets', value: Buffer.from(value) });
  const scalars = [
    { oid: '1.3.6.1.4.1.60606.3.1.0', value: text('rack temp') },
    { oid: '1.3.6.1.4.1.60606.3.2.0', value: text('26.44') },
    { oid: '1.3.6.1.4.1.60606.3.5.0', value: text('floor temp') },
    { oid: '1.3.6.1.4.1.60606.3.9.0', value: text('21.1') },
  ];
  expect(guessScalars(scalars).map(({ source }) => [source.class, source.oid, source.nameOid])).toEqual([
    ['temperature', '1.3.6.1.4.1.60606.3.2.0', '1.3.6.1.4.1.60606.3.1.0'],
  ]);
});

test('a group of texts that describe the box tells model, version and serial; one text alone does not', () => {
  const text = (arcs: string, value: string) => ({
    oid: `1.3.6.1.4.1.60606.${arcs}.0`,
    value: { type: 'octets', value: Buffer.from(value) } as SnmpValue,
  });
  const fields = (...scalars: ReturnType<typeof text>[]) =>
    guessIdentity(scalars, 'an agent').map(({ field, source }) => [field, source.oid?.slice(18)]);
  const model = text('1.1', 'TCW241');
  const version = text('1.2', 'v1.252');
  expect(fields(model, version, text('1.3', '02:00:5e:00:00:01'), text('1.4', '202203001'))).toEqual([
    ['model', '1.1.0'],
    ['version', '1.2.0'],
    ['serial', '1.4.0'],
  ]);
  expect(fields(model)).toEqual([]);
  expect(fields(model, text('2.1', 'v1.252'))).toEqual([]);
});
