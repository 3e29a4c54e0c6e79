import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkExplanation } from '../explanation/rules-checker.ts';
import { averageActive, checkRateCard, graduatedPrice, type RateCard } from './rules.ts';

const EXAMPLE: RateCard = {
  version: 'example',
  bands: [{ upTo: 100n, unitPrice: '50' }, { upTo: 500n, unitPrice: '40.5' }, { unitPrice: '30.125' }],
};
const counts = (from: number, list: number[]) => list.map((active, index) => ({ day: from + index, active }));

describe('metering', () => {
  it('averages the daily counts, half up, and blocks on what is not proven', () => {
    expect(averageActive(counts(0, [10, 11]), { from: 0, to: 2 })).toMatchObject({ ok: true, quantity: 11n });
    const broken = (list: ReturnType<typeof counts>) => {
      const result = averageActive(list, { from: 0, to: 3 });
      return result.ok ? 'OK' : [result.error.code, ...result.error.days];
    };
    expect(broken(counts(0, [1, 1]))).toEqual(['MISSING_DAYS', '1970-01-03']);
    expect(broken([...counts(0, [1, 1, 1]), { day: 1, active: 5 }])).toEqual(['DUPLICATE_DAY', '1970-01-02']);
    expect(broken(counts(0, [1, -1, 1]))).toEqual(['INVALID_COUNT', '1970-01-02']);
  });
  it('a part month prorates itself', () => {
    const half = averageActive(counts(15, Array(15).fill(100)), { from: 0, to: 30, liveFrom: 15 });
    expect(half).toMatchObject({ ok: true, quantity: 50n });
    if (half.ok) expect(checkExplanation(half.explanation, half.quantity).outcome).toBe('AGREES');
  });
});

describe('graduated bands', () => {
  it('price every unit in its own band: one unit more never costs less, nor more than the dearest unit', () => {
    fc.assert(
      fc.property(fc.bigInt(0n, 3000n), (quantity) => {
        const [here, next] = [graduatedPrice(EXAMPLE, quantity), graduatedPrice(EXAMPLE, quantity + 1n)];
        expect(next.amount - here.amount >= 30n && next.amount - here.amount <= 51n).toBe(true);
        expect(checkExplanation(here.explanation, here.amount)).toEqual({ outcome: 'AGREES' });
      }),
    );
    expect([0n, 100n, 101n, 500n, 501n].map((n) => graduatedPrice(EXAMPLE, n).amount)).toEqual([
      0n,
      5000n,
      5041n,
      21_200n,
      21_230n,
    ]);
  });
  it('tile from nothing to everything: the price is the sum of what each single unit costs in its band', () => {
    const price = fc
      .tuple(fc.integer({ min: 0, max: 999 }), fc.integer({ min: 0, max: 9999 }))
      .map(([whole, part]) => `${whole}.${String(part).padStart(4, '0')}`);
    const card = fc
      .tuple(
        fc.uniqueArray(fc.integer({ min: 1, max: 60 }), { maxLength: 5 }),
        fc.array(price, { minLength: 6, maxLength: 6 }),
      )
      .map(([tops, prices]): RateCard => {
        const sorted = tops.toSorted((a, b) => a - b);
        const bands = sorted.map((top, index) => ({ upTo: BigInt(top), unitPrice: prices[index] ?? '0' }));
        return { version: 'any', bands: [...bands, { unitPrice: prices[sorted.length] ?? '0' }] };
      });
    // In ten-thousandths of a minor unit, so that the sum is of whole numbers.
    const scaled = (text: string) => BigInt(text.replace('.', ''));
    fc.assert(
      fc.property(card, fc.integer({ min: 0, max: 90 }), (any, quantity) => {
        expect(checkRateCard(any)).toBeUndefined();
        let sum = 0n;
        for (let unit = 1n; unit <= BigInt(quantity); unit += 1n) {
          const own = any.bands.filter(({ upTo }, index) => {
            const below = any.bands[index - 1]?.upTo ?? 0n;
            return unit > below && (upTo === undefined || unit <= upTo);
          });
          expect(own).toHaveLength(1);
          sum += scaled(own[0]?.unitPrice ?? '0');
        }
        const { amount, explanation } = graduatedPrice(any, BigInt(quantity));
        // Half away from zero, once.
        expect(amount).toBe((sum + 5_000n) / 10_000n);
        expect(checkExplanation(explanation, amount)).toEqual({ outcome: 'AGREES' });
      }),
    );
  });
  it('keep a minimum', () => {
    const price = graduatedPrice({ ...EXAMPLE, minimum: 9900n }, 3n);
    expect(price.amount).toBe(9900n);
    expect(checkExplanation(price.explanation, price.amount).outcome).toBe('AGREES');
  });
  it('are refused when they overlap, end, or cost less than nothing', () => {
    const field = (bands: RateCard['bands']) => checkRateCard({ version: 'x', bands })?.field;
    expect(checkRateCard(EXAMPLE)).toBeUndefined();
    expect(field([])).toBe('bands');
    expect(field([{ upTo: 5n, unitPrice: '1' }])).toBe('bands[0].upTo');
    expect(field([{ upTo: 5n, unitPrice: '1' }, { upTo: 5n, unitPrice: '1' }, { unitPrice: '1' }])).toBe(
      'bands[1].upTo',
    );
    expect(field([{ unitPrice: '-1' }])).toBe('bands[0].unitPrice');
  });
});
