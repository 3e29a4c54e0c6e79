import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Budget } from './budget.ts';

test('a budget refills with time, and says how long to wait', () => {
  const time = { now: 0 };
  const budget = new Budget(600, { now: () => time.now });
  expect(budget.spend('a', 500)).toEqual({
    ok: true,
    state: { limit: 600, remaining: 100, resetSeconds: 50 },
  });
  expect(budget.spend('a', 150)).toMatchObject({ ok: false, retryAfterSeconds: 5 });
  expect(budget.spend('b', 600)).toMatchObject({ ok: true });
  time.now += 5_000;
  expect(budget.spend('a', 150)).toMatchObject({ ok: true, state: { remaining: 0 } });
  budget.refund('a', 150);
  expect(budget.spend('a', 150)).toMatchObject({ ok: true });
});

test('nobody ever spends more than a full budget and what flowed in since', () => {
  const step = fc.record({ wait: fc.nat({ max: 30_000 }), cost: fc.nat({ max: 700 }) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 50 }), (steps) => {
      const time = { now: 0 };
      const budget = new Budget(600, { now: () => time.now });
      let spent = 0;
      for (const { wait, cost } of steps) {
        time.now += wait;
        const answer = budget.spend('a', cost);
        if (answer.ok) spent += cost;
        else {
          // After the wait that was named it would have been enough, unless it never is.
          time.now += answer.retryAfterSeconds * 1000;
          const again = budget.spend('a', cost);
          expect(again.ok).toBe(cost <= 600);
          if (again.ok) spent += cost;
        }
        expect(spent).toBeLessThanOrEqual(600 + (time.now / 60_000) * 600 + 1e-6);
      }
    }),
    { numRuns: 200 },
  );
});
