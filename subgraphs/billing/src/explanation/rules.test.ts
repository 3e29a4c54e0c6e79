import { divRound } from '@dotmac/platform/money/rounding';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { arithmetic, byName, type Explanation, inputsInOrder } from './rules.ts';
import { checkExplanation } from './rules-checker.ts';

const explanation = (formula: string, inputs: Record<string, string>): Explanation => ({
  rule: 'test',
  version: 1,
  inputs,
  formula,
  facts: {},
});

describe('the independent checker', () => {
  it('recomputes what the rules round', () => {
    fc.assert(
      fc.property(
        fc.bigInt(-(10n ** 12n), 10n ** 12n),
        fc.bigInt(1n, 400n),
        fc.bigInt(1n, 366n),
        (price, n, d) => {
          const stated = explanation('round(price * n / d)', { price: `${price}`, n: `${n}`, d: `${d}` });
          expect(checkExplanation(stated, divRound(price * n, d))).toEqual({ outcome: 'AGREES' });
          expect(checkExplanation(stated, divRound(price * n, d) + 1n).outcome).toBe('DIFFERS');
        },
      ),
    );
  });
  it('knows precedence, brackets, min, max, decimals and fractions', () => {
    const inputs = { a: '-1/3', rate: '2.9', big: '9007199254740993' };
    for (const [formula, amount] of [
      ['2 + 3 * (4 - 1) / 9', 3n],
      ['round(500 * rate / 100)', 15n],
      ['round(a * 3) + max(1, min(5, 7))', 4n],
      ['big - 1', 9007199254740992n],
      ['-round(7 / 2)', -4n],
    ] as const) {
      expect([formula, checkExplanation(explanation(formula, inputs), amount)]).toEqual([
        formula,
        { outcome: 'AGREES' },
      ]);
    }
  });
  it('says when a formula cannot be checked', () => {
    for (const formula of ['price', '1 +', '1 / 0', 'round(1', '1 1', 'min(1)', '1 & 2', 'toString']) {
      expect([formula, checkExplanation(explanation(formula, {}), 1n).outcome]).toEqual([
        formula,
        'MALFORMED',
      ]);
    }
  });
  it('names inputs as the formula does, however they were stored', () => {
    const told = (inputs: Record<string, string>, facts: Record<string, string>) => {
      const one = { rule: 'r', version: 1, formula: 'round(price * days / ofDays) - billed', inputs, facts };
      return [inputsInOrder(one), byName(one.facts)];
    };
    const computed = told(
      { price: '1', unused: '9', days: '2', ofDays: '3', billed: '0' },
      { to: 'b', from: 'a' },
    );
    const stored = told(
      { days: '2', price: '1', ofDays: '3', billed: '0', unused: '9' },
      { from: 'a', to: 'b' },
    );
    expect(stored).toEqual(computed);
    expect(computed[0]?.map(([name]) => name)).toEqual(['price', 'days', 'ofDays', 'billed', 'unused']);
  });

  it('shows the arithmetic', () => {
    expect(
      arithmetic(
        explanation('round(price * covered / days) - billed', {
          price: '1000',
          covered: '7',
          days: '31',
          billed: '-3',
        }),
      ),
    ).toBe('round(1000 * 7 / 31) - (-3)');
  });
});
