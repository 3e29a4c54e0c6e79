import fc from 'fast-check';
import { expect, it } from 'vitest';
import { checkExplanation } from '../explanation/rules-checker.ts';
import { cashRounding, explainCashRounding, leastCoin, leastCoins, payableInCash } from './rules-cash.ts';

const nzd = leastCoin('NZD', '2026-11-29');
if (nzd === undefined) throw new Error('New Zealand has no five cents');

it('cash is rounded to the least coin that there was on its day', () => {
  expect(payableInCash(1_234n, 10n)).toBe(1_230n);
  expect(payableInCash(1_236n, 10n)).toBe(1_240n);
  expect(payableInCash(1_235n, 10n)).toBe(1_230n);
  expect(payableInCash(1_233n, 5n)).toBe(1_235n);
  expect(leastCoin('NZD', '2006-10-31')).toBeUndefined();
  expect(leastCoin('CAD', '2013-02-03')).toBeUndefined();
  expect(leastCoin('CAD', '2013-02-04')?.minor).toBe(5n);
  expect(leastCoin('EUR', '2026-11-29')).toBeUndefined();
});

it('what is rounded is half a coin at most, and its explanation says as much', () => {
  fc.assert(
    fc.property(fc.bigInt(1n, 10n ** 12n), fc.constantFrom(...leastCoins), (due, { minor, since }) => {
      const payable = payableInCash(due, minor);
      const amount = due - payable;
      expect(payable % minor).toBe(0n);
      expect(2n * (amount < 0n ? -amount : amount) <= minor).toBe(true);
      expect(checkExplanation(explainCashRounding(due, minor, since), amount)).toEqual({ outcome: 'AGREES' });
    }),
  );
});

it('a payment is rounded only when it is what some invoices come to in coins', () => {
  const open = (...minor: bigint[]) => minor.map((one) => ({ open: one }));
  expect(cashRounding(1_230n, open(1_234n), nzd)).toMatchObject({ at: 0, due: 1_234n, amount: 4n });
  expect(cashRounding(1_240n, open(1_236n), nzd)).toMatchObject({ at: 0, due: 1_236n, amount: -4n });
  // Both together; the exact sum of the first is no rounding of the two.
  expect(cashRounding(1_240n, open(234n, 1_003n), nzd)).toMatchObject({ at: 1, due: 1_237n, amount: -3n });
  expect(cashRounding(1_230n, open(1_230n, 3n), nzd)).toBeUndefined();
  // A part of what is due, and what is due exactly.
  expect(cashRounding(1_000n, open(1_234n), nzd)).toBeUndefined();
  expect(cashRounding(1_234n, open(1_234n), nzd)).toBeUndefined();
  expect(cashRounding(10n, open(...Array.from({ length: 14 }, () => 1n)), nzd)).toBeUndefined();
});

it('whatever is open, rounding leaves every invoice that is paid something to pay', () => {
  fc.assert(
    fc.property(fc.array(fc.bigInt(1n, 3_000n), { minLength: 1, maxLength: 5 }), fc.nat(4), (opens, last) => {
      const items = opens.map((open) => ({ open }));
      const due = opens.slice(0, last + 1).reduce((sum, open) => sum + open, 0n);
      const found = cashRounding(payableInCash(due, nzd.minor), items, nzd);
      if (found === undefined) return;
      expect((opens[found.at] ?? 0n) - found.amount > 0n).toBe(true);
      expect(found.due - found.amount).toBe(payableInCash(due, nzd.minor));
    }),
  );
});
