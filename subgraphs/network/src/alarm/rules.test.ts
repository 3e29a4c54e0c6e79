import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  calm,
  flappingMilliseconds,
  isActive,
  isFlapping,
  type Thresholds,
  type Watch,
  watchReading,
} from './rules.ts';

const high = { raiseBelow: null, clearAbove: null };
const busy = { raiseAbove: 90, clearBelow: 80, raiseAfter: 3, clearAfter: 2, ...high };
const dark = {
  raiseAbove: null,
  clearBelow: null,
  raiseBelow: -27,
  clearAbove: -26,
  raiseAfter: 2,
  clearAfter: 2,
};
const port = { raiseAbove: null, clearBelow: null, raiseAfter: 1, clearAfter: 1, ...high };
const read = (values: readonly number[], rule: Thresholds = busy, step = 60_000) =>
  values.reduce<Watch>((watch, value, index) => watchReading(rule, watch, value, index * step), calm);

test('raised after enough readings in a row above, cleared after enough in a row below', () => {
  expect(read([95, 95]).raised).toBe(false);
  expect(read([95, 95, 50, 95, 95]).raised).toBe(false);
  expect(read([95, 95, 95]).raised).toBe(true);
  expect(read([95, 95, 95, 70]).raised).toBe(true);
  expect(read([95, 95, 95, 70, 70]).raised).toBe(false);
});

test('between the thresholds nothing changes, however long it sways there', () => {
  fc.assert(
    fc.property(fc.array(fc.double({ min: 80, max: 90, noNaN: true })), fc.boolean(), (values, raised) => {
      const before: Watch = { ...calm, raised };
      const after = values.reduce((watch, value) => watchReading(busy, watch, value, 0), before);
      expect(after.raised).toBe(raised);
      expect(after.changes).toEqual([]);
    }),
    { numRuns: 100 },
  );
});

test('more than five changes in a quarter of an hour are flapping, and it stays active until that has passed', () => {
  expect(isFlapping(read([1, 0, 1, 0, 1], port), 300_000)).toBe(false);
  const flapping = read([1, 0, 1, 0, 1, 0], port);
  expect(flapping.raised).toBe(false);
  expect(isFlapping(flapping, 360_000)).toBe(true);
  expect(isActive(flapping, 360_000)).toBe(true);
  expect(isActive(flapping, 300_000 + flappingMilliseconds)).toBe(false);
});

test('what must not be low is raised below and clears above, with the same hysteresis', () => {
  let watch: Watch = calm;
  const states = [-20, -27.5, -27.1, -26.5, -25.9, -25.9].map((value, at) => {
    watch = watchReading(dark, watch, value, at);
    return watch.raised;
  });
  expect(states).toEqual([false, false, true, true, true, false]);
});
