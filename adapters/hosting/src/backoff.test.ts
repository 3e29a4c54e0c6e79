import { expect, it } from 'vitest';
import { backoffMs } from './backoff.ts';

it('doubles from 0.2 s to 30 s', () => {
  const series = [1, 2, 3, 4, 5, 6, 7, 8, 9, 100].map(backoffMs);
  expect(series).toEqual([200, 400, 800, 1_600, 3_200, 6_400, 12_800, 25_600, 30_000, 30_000]);
});
