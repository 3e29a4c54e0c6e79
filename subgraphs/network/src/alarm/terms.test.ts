import { ValidationError } from '@dotmac/schema';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { alarmMetrics, calm, isBad, severities, watchReading } from './rules.ts';
import { checkTerms, type WantedRule } from './terms.ts';

const hot: WantedRule = {
  name: ' Shelter hot ',
  metric: 'SENSOR_VALUE',
  severity: 'MAJOR',
  sensorClass: 'temperature',
  raiseAbove: 45,
  clearBelow: 40,
};

test('what is left out is filled in', () => {
  expect(checkTerms(hot)).toEqual({
    name: 'Shelter hot',
    metric: 'SENSOR_VALUE',
    severity: 'MAJOR',
    sensorClass: 'temperature',
    sensorName: null,
    raiseAbove: 45,
    clearBelow: 40,
    raiseBelow: null,
    clearAbove: null,
    raiseAfter: 1,
    clearAfter: 2,
    degrades: false,
  });
});

const wrongs: readonly [string, Partial<WantedRule>][] = [
  ['name', { name: ' ' }],
  ['clearBelow', { clearBelow: null }],
  ['raiseAbove', { raiseAbove: null }],
  ['clearBelow', { clearBelow: 46 }],
  ['raiseBelow', { raiseBelow: 1, clearAbove: 2 }],
  ['clearAbove', { raiseAbove: null, clearBelow: null, raiseBelow: 5, clearAbove: 4 }],
  ['raiseAfter', { raiseAfter: 0 }],
  ['clearAfter', { clearAfter: 101 }],
  ['degrades', { degrades: true }],
  ['sensorClass', { sensorClass: null }],
  ['sensorClass', { sensorClass: 'Not A Class' }],
  ['sensorName', { sensorName: ' ' }],
  ['sensorClass', { metric: 'PROCESSOR_PERCENT' }],
  ['raiseAbove', { metric: 'PROCESSOR_PERCENT', sensorClass: null, raiseAbove: 100 }],
  ['raiseAbove', { metric: 'INTERFACE_DOWN', sensorClass: null }],
  ['raiseAbove', { metric: 'CUSTOMER_SIGNAL_DBM', sensorClass: null }],
  ['raiseBelow', { metric: 'CUSTOMER_SNR_DB', sensorClass: null, raiseAbove: null, clearBelow: null }],
];

test.each(wrongs)('a wrong %s is named: %j', (field, change) => {
  expect(() => checkTerms({ ...hot, ...change })).toThrow(
    expect.objectContaining({ name: 'ValidationError', field: `input.${field}` }),
  );
});

test('whatever is wanted is refused by name, or is a rule that can be raised and cleared', () => {
  const limit = fc.option(fc.double({ noNaN: true, min: -1e6, max: 1e6 }));
  const wanted = fc.record({
    name: fc.string(),
    metric: fc.constantFrom(...alarmMetrics),
    severity: fc.constantFrom(...severities),
    sensorClass: fc.option(fc.constantFrom('temperature', 'voltage', '?')),
    raiseAbove: limit,
    clearBelow: limit,
    raiseBelow: limit,
    clearAbove: limit,
    raiseAfter: fc.constant(1),
    clearAfter: fc.constant(1),
  });
  fc.assert(
    fc.property(wanted, (one) => {
      let rule: ReturnType<typeof checkTerms>;
      try {
        rule = checkTerms(one);
      } catch (error) {
        expect(error).toBeInstanceOf(ValidationError);
        return;
      }
      const low = rule.raiseBelow !== null;
      const [bad, good] = low ? [-1e9, 1e9] : [1e9, -1e9];
      expect(isBad(rule, bad)).toBe(true);
      const raised = watchReading(rule, calm, bad, 0);
      expect(raised.raised).toBe(true);
      expect(watchReading(rule, raised, good, 1).raised).toBe(false);
    }),
  );
});
