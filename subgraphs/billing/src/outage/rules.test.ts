import fc from 'fast-check';
import { expect, it } from 'vitest';
import { checkExplanation } from '../explanation/rules-checker.ts';
import { earnsCredit, outageCredit, type Span, uncovered } from './rules.ts';

const span = fc
  .tuple(fc.integer({ min: 0, max: 60 }), fc.integer({ min: 1, max: 20 }))
  .map(([from, length]): Span => ({ from, to: from + length }));

it('no minute is paid for twice, whatever overlaps and in whatever order it comes', () => {
  fc.assert(
    fc.property(fc.array(span, { minLength: 1, maxLength: 6 }), (spans) => {
      const minutes = new Set(
        spans.flatMap(({ from, to }) => Array.from({ length: to - from }, (_, n) => from + n)),
      );
      for (const order of [spans, spans.toReversed()]) {
        const paid = order.reduce((sum, one, index) => sum + uncovered(one, order.slice(0, index)), 0);
        expect(paid).toBe(minutes.size);
      }
    }),
  );
});

it('credits the share of the time, explains it, and never more than is left', () => {
  const outage = {
    from: 0,
    to: 43_200_000,
    downSeconds: 43_200n,
    incidentId: 'inc_1',
    summary: 'tower is down',
  };
  fc.assert(
    fc.property(
      fc.bigInt(0n, 100_000n),
      fc.integer({ min: 1, max: 31 }),
      fc.bigInt(0n, 3_000n),
      (charged, days, left) => {
        const { amount, explanation } = outageCredit(
          { charged, days },
          outage,
          { minimumMinutes: 0, percent: '100' },
          left,
        );
        expect(amount).toBeLessThanOrEqual(left);
        expect(checkExplanation(explanation, -amount)).toEqual({ outcome: 'AGREES' });
      },
    ),
  );
  const half = outageCredit(
    { charged: 3_000n, days: 30 },
    outage,
    { minimumMinutes: 0, percent: '100' },
    3_000n,
  );
  expect(half.amount).toBe(50n);
});

it('short outages earn nothing', () => {
  const policy = { minimumMinutes: 60, percent: '100' };
  expect([
    earnsCredit(3_599, policy),
    earnsCredit(3_600, policy),
    earnsCredit(0, { ...policy, minimumMinutes: 0 }),
  ]).toEqual([false, true, false]);
});
