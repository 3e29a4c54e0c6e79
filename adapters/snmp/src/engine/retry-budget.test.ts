import { expect, test } from 'vitest';
import { RetryBudget } from './retry-budget.ts';

function spent(budget: RetryBudget, wanted: number): number {
  let count = 0;
  for (let i = 0; i < wanted; i++) if (budget.spend()) count++;
  return count;
}

test('without an answer no more is sent again than the savings and so many a second', () => {
  let now = 0;
  const budget = new RetryBudget({ now: () => now }, 100);
  expect(spent(budget, 10_000)).toBe(400);
  now = 1_000;
  expect(spent(budget, 10_000)).toBe(100);
  now = 3_600_000;
  expect(spent(budget, 10_000)).toBe(400);
});

test('each answer earns one, so that a lossy network is overcome', () => {
  const budget = new RetryBudget({ now: () => 0 }, 0);
  spent(budget, 400);
  for (let i = 0; i < 30; i++) budget.earn();
  expect(spent(budget, 100)).toBe(30);
});

test('a clock that jumps neither earns nor loses anything', () => {
  let now = 1_000_000;
  const budget = new RetryBudget({ now: () => now }, 100);
  spent(budget, 400);
  now = 0;
  expect(spent(budget, 10)).toBe(0);
  now = 500;
  expect(spent(budget, 100)).toBe(50);
});
