import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dayOf } from '../calendar/rules.ts';
import { checkExplanation } from '../explanation/rules-checker.ts';
import { calculateTax } from './rules.ts';
import type { TaxableLine, TaxComponent, TaxContext } from './rules-types.ts';

const TODAY = dayOf(2026, 6, 1);
const component = (id: string, percent: string, more: Partial<TaxComponent> = {}): TaxComponent => ({
  id,
  jurisdiction: 'XX',
  productClass: 'access',
  from: dayOf(2020, 1, 1),
  name: id,
  charge: { percent },
  category: 'S',
  ...more,
});
const line = (amount: bigint, more: Partial<TaxableLine> = {}): TaxableLine => ({
  amount,
  quantity: 1n,
  productClass: 'access',
  taxPoint: TODAY,
  ...more,
});
const context = (more: Partial<TaxContext> = {}): TaxContext => ({
  jurisdictions: ['XX'],
  customerClass: 'consumer',
  exemptions: [],
  rounding: 'perRate',
  ...more,
});
function taxed(lines: TaxableLine[], components: TaxComponent[], where: TaxContext = context()) {
  const result = calculateTax(lines, components, where);
  if (!result.ok) throw new Error(result.error.message);
  return result;
}

describe('tax', () => {
  it('lines, subtotals and totals agree under every rounding, and credits mirror charges', () => {
    const amounts = fc.array(fc.bigInt(-100_000n, 100_000n), { minLength: 1, maxLength: 8 });
    const rounding = fc.constantFrom('perRate' as const, 'perLine' as const, 'documentOnce' as const);
    const components = [
      component('a', '9.975'),
      component('b', '5'),
      component('c', '2.5', { onTopOf: ['a'] }),
    ];
    fc.assert(
      fc.property(amounts, rounding, fc.boolean(), (list, how, inclusive) => {
        const where = context({ rounding: how });
        const result = taxed(
          list.map((amount) => line(amount, { inclusive })),
          components,
          where,
        );
        expect(result.subtotals.reduce((sum, one) => sum + one.tax, 0n)).toBe(result.tax);
        expect(result.lines.reduce((sum, one) => sum + one.tax, 0n)).toBe(result.tax);
        result.lines.forEach((one, index) => {
          expect(one.parts.reduce((sum, part) => sum + part.tax, 0n)).toBe(one.tax);
          expect(one.net + (inclusive ? one.tax : 0n)).toBe(list[index]);
        });
        for (const one of result.subtotals)
          expect(checkExplanation(one.explanation, one.tax).outcome).toBe('AGREES');
        const credit = taxed(
          list.map((amount) => line(-amount, { inclusive })),
          components,
          where,
        );
        expect(credit.tax).toBe(-result.tax);
      }),
    );
  });
  it('takes the rate of the tax point and the class of product and customer', () => {
    const change = dayOf(2026, 7, 1);
    const set = [
      component('vat-17', '17', { id: 'vat', to: change }),
      component('vat-18', '18', { id: 'vat', from: change }),
      component('levy', '1', { productClass: 'voice' }),
      component('business', '3', { customerClass: 'business' }),
    ];
    expect(
      taxed([line(10_000n), line(10_000n, { taxPoint: change })], set).lines.map((one) => one.tax),
    ).toEqual([1700n, 1800n]);
    expect(taxed([line(10_000n)], set).subtotals.map((one) => one.percent)).toEqual(['17']);
  });
  it('stacks tax on tax, and takes amounts per unit', () => {
    const set = [
      component('a', '10'),
      component('b', '10', { onTopOf: ['a'] }),
      component('e911', '0', { charge: { perUnit: 75n } }),
    ];
    expect(taxed([line(1000n, { quantity: 2n })], set).subtotals.map((one) => one.tax)).toEqual([
      100n,
      110n,
      150n,
    ]);
  });
  it('takes tax out of an inclusive price', () => {
    const result = taxed([line(12_000n, { inclusive: true })], [component('vat', '20')]);
    expect([result.net, result.tax]).toEqual([10_000n, 2000n]);
  });
  it('exempts while the certificate is valid, and shifts the charge with a reason', () => {
    const exemption = { certificate: 'C-1', jurisdiction: 'XX', from: 0, to: TODAY + 1 };
    const set = [component('vat', '20')];
    const exempt = taxed(
      [line(1000n), line(1000n, { taxPoint: TODAY + 1 })],
      set,
      context({ exemptions: [exemption] }),
    );
    expect(exempt.subtotals.map((one) => [one.category, one.percent, one.tax])).toEqual([
      ['E', '0', 0n],
      ['S', '20', 200n],
    ]);
    const reverse = taxed(
      [line(1000n)],
      set,
      context({ reverseCharge: { reason: 'reverse charge', evidence: 'VAT id checked' } }),
    );
    expect(reverse.subtotals).toMatchObject([
      { category: 'AE', tax: 0n, base: 1000n, reason: 'reverse charge' },
    ]);
  });
  it('refuses what it cannot know', () => {
    const set = [component('vat', '20')];
    expect(calculateTax([line(1n)], set, context({ jurisdictions: ['YY'] }))).toMatchObject({
      ok: false,
      error: { code: 'UNKNOWN_JURISDICTION' },
    });
    expect(calculateTax([line(1n)], [...set, ...set], context())).toMatchObject({
      ok: false,
      error: { code: 'OVERLAPPING_COMPONENTS' },
    });
    expect(
      calculateTax([line(1n)], [component('b', '1', { onTopOf: ['vat'] }), ...set], context()),
    ).toMatchObject({ ok: false, error: { code: 'UNKNOWN_BASE_COMPONENT' } });
    const perUnit = [component('levy', '0', { charge: { perUnit: 1n } })];
    expect(calculateTax([line(1n, { inclusive: true })], perUnit, context())).toMatchObject({
      ok: false,
      error: { code: 'INCLUSIVE_PER_UNIT' },
    });
  });
});
