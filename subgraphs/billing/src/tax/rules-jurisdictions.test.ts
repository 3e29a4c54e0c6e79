import fc from 'fast-check';
import { expect, it } from 'vitest';
import { parseDay } from '../calendar/rules.ts';
import { calculateTax } from './rules.ts';
import { shippedComponents, withRecorded } from './rules-jurisdictions.ts';
import { DATA_FROM, JURISDICTION_SETS } from './rules-shipped.ts';

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
    rounding: 'perRate' as const,
  };
  const result = calculateTax([line], components, context);
  if (!result.ok) throw new Error(result.error.message);
  return result.subtotals.map((one) => [one.name, one.tax]);
}

it('every shipped set is well formed: a source, what it was checked against, and steps that follow one another', () => {
  const names = JURISDICTION_SETS.map(({ jurisdiction }) => jurisdiction);
  expect(new Set(names).size).toBe(names.length);
  for (const { jurisdiction, source, checked, rates } of JURISDICTION_SETS) {
    expect(jurisdiction).toMatch(/^[A-Z]{2}(-[A-Z0-9]+)*$/);
    expect(source.length).toBeGreaterThan(10);
    expect(checked.against.length).toBeGreaterThan(10);
    expect(parseDay(checked.on)).toBeDefined();
    expect(rates[0]?.from).toBe(DATA_FROM);
    for (const [index, { percent, from, to }] of rates.entries()) {
      expect(percent).toMatch(/^\d{1,2}(\.\d{1,3})?$/);
      expect(parseDay(from)).toBeDefined();
      // Without a gap, without an overlap, and the last without an end.
      expect(to).toBe(rates[index + 1]?.from);
      if (to !== undefined) expect(from < to).toBe(true);
    }
  }
});
it('every shipped set gives exactly one rate to any class of product on any day', () => {
  const first = parseDay(DATA_FROM) ?? Number.NaN;
  fc.assert(
    fc.property(
      fc.constantFrom(...JURISDICTION_SETS),
      fc.constantFrom('internetAccess', 'voice', 'equipment', 'installation', 'other'),
      fc.integer({ min: first, max: first + 3650 }),
      ({ jurisdiction }, productClass, day) => {
        const found = components.filter(
          (one) =>
            one.jurisdiction === jurisdiction &&
            one.productClass === productClass &&
            one.from <= day &&
            day < (one.to ?? Number.POSITIVE_INFINITY),
        );
        expect(found).toHaveLength(1);
      },
    ),
  );
});
it('a day before the shipped data is untaxed rather than guessed', () => {
  expect(tax(['GB'], '2023-12-31')).toEqual([]);
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
