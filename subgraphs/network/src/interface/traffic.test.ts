import fc from 'fast-check';
import { expect, test } from 'vitest';
import { trafficPlan, trafficResolutions } from './traffic.ts';

const hour = 3_600_000;
const day = 24 * hour;
const now = Date.UTC(2026, 10, 28);

test.each([
  ['an hour', hour, 300, 'reading'],
  ['a week', 7 * day, 300, 'five_minutes'],
  ['a year', 365 * day, 400, 'hour'],
  ['three years', 3 * 365 * day, 400, 'day'],
  ['a minute of half a year ago', 0.001 * hour, 300, 'hour'],
])('%s', (name, length, mostPoints, source) => {
  const to = name.includes('ago') ? now - 180 * day : now;
  expect(trafficPlan({ from: to - length, to, mostPoints }, now).source).toBe(source);
});

test('never more points than asked for, on the grid of a source that still holds the window', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 60_000, max: 3_000 * day }),
      fc.integer({ min: 0, max: 3_000 * day }),
      fc.integer({ min: 2, max: 2_000 }),
      (length, age, mostPoints) => {
        const to = now - age;
        const from = to - length;
        const { source, bucketSeconds } = trafficPlan({ from, to, mostPoints }, now);
        const { seconds, keptSeconds } = trafficResolutions.find((one) => one.name === source) ?? {
          seconds: 0,
          keptSeconds: 0,
        };
        expect(bucketSeconds % seconds).toBe(0);
        const grid = (at: number) => Math.floor(at / 1_000 / bucketSeconds);
        expect(grid(to - 1) - grid(from) + 1).toBeLessThanOrEqual(mostPoints);
        if ((now - from) / 1_000 <= 1_830 * 86_400)
          expect((now - from) / 1_000).toBeLessThanOrEqual(keptSeconds);
      },
    ),
  );
});
