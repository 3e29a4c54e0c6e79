import { expect, it } from 'vitest';
import { parseDay } from '../calendar/rules.ts';
import { calculateTax } from './rules.ts';
import { JURISDICTION_SETS, shippedComponents, withRecorded } from './rules-jurisdictions.ts';

const components = shippedComponents();
function tax(jurisdictions: string[], date: string, amount = 10_000n) {
  const line = {
    amount,
    quantity: 1n,
    productClass: 'internetAccess',
    taxPoint: parseDay(date) ?? Number.NaN,
  };
  const context = {
    jurisdictions,
    customerClass: 'consumer',
    exemptions: [],
    inclusive: false,
    rounding: 'perRate' as const,
  };
  const result = calculateTax([line], components, context);
  if (!result.ok) throw new Error(result.error.message);
  return result.subtotals.map((one) => [one.name, one.tax]);
}

it('every shipped set names its source and gives exactly one rate on any day', () => {
  for (const { jurisdiction, source } of JURISDICTION_SETS) {
    expect(source.length).toBeGreaterThan(10);
    for (const date of ['2024-01-01', '2024-08-31', '2025-06-30', '2025-07-01', '2026-11-22']) {
      expect([jurisdiction, date, tax([jurisdiction], date).length]).toEqual([jurisdiction, date, 1]);
    }
  }
});
it('rates change on their day', () => {
  expect(tax(['CA-NS'], '2025-03-31')).toEqual([['HST', 1500n]]);
  expect(tax(['CA-NS'], '2025-04-01')).toEqual([['HST', 1400n]]);
  expect(tax(['FI'], '2026-01-01')).toEqual([['VAT', 2550n]]);
});
it('rounds once per rate and document, across classes of product', () => {
  const taxPoint = parseDay('2026-01-01') ?? Number.NaN;
  const lines = ['internetAccess', 'equipment', 'voice'].map((productClass) => ({
    amount: 3n,
    quantity: 1n,
    productClass,
    taxPoint,
  }));
  const context = {
    jurisdictions: ['GB'],
    customerClass: 'consumer',
    exemptions: [],
    inclusive: false,
  } as const;
  const once = calculateTax(lines, components, { ...context, rounding: 'perRate' });
  const perLine = calculateTax(lines, components, { ...context, rounding: 'perLine' });
  expect([once.ok && once.tax, perLine.ok && perLine.tax]).toEqual([2n, 3n]);
});
it('Québec stands beside GST, both on the price alone', () => {
  expect(tax(['CA', 'CA-QC'], '2026-01-01')).toEqual([
    ['GST', 500n],
    ['QST', 998n],
  ]);
});

it('a recorded rate takes over on its day, from what is shipped and from older ones, and overlaps nothing', () => {
  const shipped = shippedComponents();
  const from = [parseDay('2024-06-01'), parseDay('2026-01-01')] as const;
  const own = from.map((day, index) => ({
    id: 'EE/VAT',
    jurisdiction: 'EE',
    productClass: 'voice',
    name: 'VAT',
    category: 'S',
    from: day ?? 0,
    charge: { percent: `${20 + index}` },
  }));
  const all = withRecorded(shipped, own.toReversed());
  const rateOn = (text: string, productClass: string) =>
    all
      .filter(
        (one) =>
          one.jurisdiction === 'EE' &&
          one.productClass === productClass &&
          one.from <= (parseDay(text) ?? 0) &&
          (parseDay(text) ?? 0) < (one.to ?? Number.POSITIVE_INFINITY),
      )
      .map(({ charge }) => charge);
  expect(rateOn('2024-05-31', 'voice')).toEqual([{ percent: '22' }]);
  expect(rateOn('2024-06-01', 'voice')).toEqual([{ percent: '20' }]);
  expect(rateOn('2025-12-31', 'voice')).toEqual([{ percent: '20' }]);
  expect(rateOn('2026-01-01', 'voice')).toEqual([{ percent: '21' }]);
  // Other classes keep what is shipped.
  expect(rateOn('2026-01-01', 'equipment')).toEqual([{ percent: '24' }]);
});
