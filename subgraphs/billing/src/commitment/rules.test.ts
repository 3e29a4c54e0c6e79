import fc from 'fast-check';
import { expect, it } from 'vitest';
import { checkExplanation } from '../explanation/rules-checker.ts';
import { trueUp } from './rules.ts';

it('tops up to the prorated minimum and no further', () => {
  fc.assert(
    fc.property(
      fc.bigInt(0n, 10n ** 7n),
      fc.integer({ min: 0, max: 31 }),
      fc.bigInt(0n, 10n ** 7n),
      (minimum, coveredDays, charged) => {
        const { amount, explanation } = trueUp({ minimum, coveredDays, periodDays: 31, charged });
        expect(amount >= 0n).toBe(true);
        expect(checkExplanation(explanation, amount)).toEqual({ outcome: 'AGREES' });
        if (coveredDays === 31) expect(charged + amount >= minimum).toBe(true);
      },
    ),
  );
  expect(trueUp({ minimum: 1000n, coveredDays: 25, periodDays: 28, charged: 800n }).amount).toBe(93n);
});
