import { expect, test } from 'vitest';
import type { SnmpValue } from '../codec/value.ts';
import { sensorReadings } from './interpret.ts';
import { scaled } from './scale.ts';

const integer = (value: number): SnmpValue => ({ type: 'integer', value });
const values = (cells: Record<string, number>, setting: number) => ({
  scalars: new Map([['1.9.0', integer(setting)]]),
  columns: new Map([
    ['1.2.1', new Map(Object.entries(cells).map(([index, value]) => [index, integer(value)]))],
  ]),
  entityNames: new Map<string, string>(),
});

test('a setting of the box chooses the source that counts', () => {
  const source = { class: 'current', column: '1.2.1', name: 'load {index}' };
  const whole = { ...source, when: { oid: '1.9.0', values: [0] } };
  const tenths = { ...source, when: { oid: '1.9.0', values: [1] }, divisor: 10 };
  const read = (setting: number) =>
    [whole, tenths].flatMap((it) => sensorReadings(it, values({ 1: 33 }, setting)).map(({ value }) => value));
  expect([read(0), read(1), read(2)]).toEqual([[33], [3.3], []]);
});

test('the unit that a scalar names chooses what another one measures, its limits with it', () => {
  const source = {
    class: 'temperature',
    oid: '1.5.0',
    name: 'channel 1',
    variant: {
      oid: '1.9.0',
      cases: {
        '°C': { class: 'temperature', divisor: 10 },
        '°F': { class: 'temperature', divisor: 10, convert: 'fahrenheit' },
        '%RH': { class: 'humidity', divisor: 10 },
      },
    },
    limits: { highCritical: '1.6.0' },
  } as const;
  const read = (unit: string) =>
    sensorReadings(source, {
      scalars: new Map<string, SnmpValue>([
        ['1.5.0', integer(500)],
        ['1.6.0', integer(770)],
        ['1.9.0', { type: 'octets', value: Buffer.from(unit) }],
      ]),
      columns: new Map(),
      entityNames: new Map(),
    }).map((it) => [it.class, it.value, it.limits?.highCritical]);
  expect([read('°C'), read('°F'), read('%RH'), read('ppm')]).toEqual([
    [['temperature', 50, 77]],
    [['temperature', 10, 25]],
    [['humidity', 50, 77]],
    [],
  ]);
});

test('a column is summed or its rows counted, under the object of its first row', () => {
  const source = { class: 'clients', column: '1.2.1', name: 'all radios' } as const;
  const cells = values({ 1: 4, 2: 0, 3: 5 }, 0);
  const reading = { class: 'clients', oid: '1.2.1.1', name: 'all radios' };
  expect(sensorReadings({ ...source, aggregate: 'sum' }, cells)).toEqual([{ ...reading, value: 9 }]);
  expect(sensorReadings({ ...source, aggregate: 'rows' }, cells)).toEqual([{ ...reading, value: 3 }]);
  expect(sensorReadings({ ...source, aggregate: 'sum' }, values({}, 0))).toEqual([]);
});

test('a value beyond what can be is one of a card that sends tenths; an octet may be signed', () => {
  expect(scaled(1222, { tenthAbove: 600 })).toBe(122.2);
  expect(scaled(230, { tenthAbove: 600 })).toBe(230);
  expect(scaled(161, { convert: 'signedOctet' })).toBe(-95);
  expect(scaled(-95, { convert: 'signedOctet' })).toBe(-95);
  expect(scaled(5_500, { convert: 'signedDbMicrowatts' })).toBe(-19);
  expect(scaled(65_036, { convert: 'signedDbMicrowatts' })).toBe(-31);
});
