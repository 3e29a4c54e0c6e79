import { expect, test } from 'vitest';
import { Pace } from './pace.ts';

test('a burst is remembered for the span of time after it, and forgotten in silence', () => {
  const pace = new Pace(100);
  expect([pace.note(3, 1_000), pace.note(30, 1_090), pace.note(1, 1_101), pace.note(1, 1_200)]).toEqual([
    3, 33, 33, 33,
  ]);
  expect([pace.note(1, 1_202), pace.note(1, 5_000)]).toEqual([2, 1]);
});
