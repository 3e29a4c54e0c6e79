import { expect, test } from 'vitest';
import { MessageBudget } from './message-budget.ts';

test('so many at once, then as many as refill, and no more saved up than that', () => {
  const budget = new MessageBudget(2, 0);
  const take = (count: number, now: number) =>
    Array.from({ length: count }, () => budget.take(now)).filter((taken) => taken).length;
  expect(take(30, 0)).toBe(20);
  expect(take(5, 400)).toBe(0);
  expect(take(5, 1_000)).toBe(2);
  expect(take(50, 1_000_000)).toBe(20);
});
