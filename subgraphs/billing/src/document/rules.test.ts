import fc from 'fast-check';
import { expect, it } from 'vitest';
import { checkDocumentTotals, type DocumentParts, documentTotals } from './rules.ts';

const amount = fc
  .record({
    amount: fc.bigInt(-100_000n, 100_000n),
    category: fc.constantFrom('S', 'Z', 'AE'),
    percent: fc.constantFrom('20', '5.5'),
  })
  .map((one) => (one.category === 'S' ? one : { ...one, percent: '0' }));
const parts: fc.Arbitrary<DocumentParts> = fc.record({
  lines: fc.array(amount, { minLength: 1, maxLength: 6 }),
  allowances: fc.array(amount, { maxLength: 2 }),
  charges: fc.array(amount, { maxLength: 2 }),
  prepaid: fc.bigInt(0n, 1000n),
  payableRounding: fc.bigInt(-4n, 4n),
});

it('computed totals keep every calculation rule of EN 16931', () => {
  fc.assert(
    fc.property(parts, (one) => {
      expect(checkDocumentTotals(one, documentTotals(one))).toEqual([]);
    }),
  );
});

it('names the rule that stated totals break', () => {
  const one: DocumentParts = {
    lines: [{ amount: 1000n, category: 'S', percent: '20' }],
    allowances: [],
    charges: [],
    prepaid: 0n,
    payableRounding: 0n,
  };
  const good = documentTotals(one);
  const broken = (change: Partial<typeof good>) =>
    checkDocumentTotals(one, { ...good, ...change }).map((each) => each.rule);
  expect(broken({ lineTotal: 1n })).toEqual(['BR-CO-10', 'BR-CO-13']);
  expect(broken({ allowanceTotal: 1n })).toEqual(['BR-CO-11', 'BR-CO-13']);
  expect(broken({ chargeTotal: 1n })).toEqual(['BR-CO-12', 'BR-CO-13']);
  expect(broken({ tax: 1n })).toEqual(['BR-CO-14', 'BR-CO-15']);
  expect(broken({ taxInclusive: 1n })).toEqual(['BR-CO-15', 'BR-CO-16']);
  expect(broken({ payable: 1n })).toEqual(['BR-CO-16']);
  expect(broken({ subtotals: [{ category: 'S', percent: '20', taxable: 900n, tax: 200n }] })).toEqual([
    'BR-CO-17',
    'BR-S-08',
  ]);
  expect(broken({ subtotals: [] })).toEqual(['BR-CO-14', 'BR-CO-18']);
});
