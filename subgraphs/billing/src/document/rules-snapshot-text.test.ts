import fc from 'fast-check';
import { expect, test } from 'vitest';
import { canonicalJson } from '../numbering/rules.ts';
import { type Draft, type DraftLine, snapshotOf } from './rules-draft.ts';
import { snapshotText } from './rules-snapshot-text.ts';

const text = fc.string({ unit: 'binary' });
const minor = fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n);
const day = fc.integer({ min: -700_000, max: 2_900_000 });
const explanation = { rule: 'r', version: 1, inputs: {}, formula: '0', facts: {} };

const line: fc.Arbitrary<DraftLine> = fc.record({
  kind: fc.constant('recurring' as const),
  description: text,
  productClass: text,
  serviceLineId: text,
  priceKey: fc.oneof(text, fc.constant('plv_1/dis_1')),
  price: fc.record({ num: minor, den: fc.bigInt(1n, 1000n) }),
  dayCount: fc.constant('actual' as const),
  periodFrom: day,
  periodTo: day,
  from: day,
  to: day,
  days: fc.integer(),
  ofDays: fc.integer(),
  correction: fc.nat(),
  taxInclusive: fc.constantFrom(true, false, undefined),
  net: minor,
  tax: minor,
  taxParts: fc.array(fc.record({ componentId: text, tax: minor, group: fc.nat() }), { maxLength: 3 }),
  explanation: fc.constant(explanation),
});

const draft: fc.Arbitrary<Draft> = fc.record({
  type: fc.constantFrom('INVOICE', 'CREDIT_NOTE'),
  customerId: text,
  customerName: text,
  customerEmail: fc.option(text),
  currency: text,
  runDate: day,
  paymentTermDays: fc.nat(),
  lines: fc.array(line, { maxLength: 3 }),
  taxes: fc.array(
    fc.record(
      {
        componentId: text,
        name: text,
        category: text,
        percent: text,
        base: minor,
        tax: minor,
        reason: text,
        explanation: fc.constant(explanation),
      },
      { requiredKeys: ['componentId', 'name', 'category', 'base', 'tax', 'explanation'] },
    ),
    { maxLength: 2 },
  ),
  net: minor,
  tax: minor,
  gross: minor,
  creditsDocumentId: fc.option(text),
  reason: fc.option(text),
});
const details = fc.record({ street: fc.option(text), country: text, vatId: text }, { requiredKeys: [] });
const frame = fc.record(
  {
    issuedOn: fc.constant('2026-03-31'),
    dueOn: fc.constant('2026-04-14'),
    seller: text,
    sellerDetails: details,
    customerDetails: details,
  },
  { requiredKeys: ['issuedOn', 'dueOn', 'seller'] },
);

test('the text of a snapshot is its canonical JSON', () => {
  fc.assert(
    fc.property(draft, frame, text, (one, around, number) => {
      const { before, after } = snapshotText(one, around);
      expect(before + JSON.stringify(number) + after).toBe(
        canonicalJson(snapshotOf(one, { ...around, number })),
      );
    }),
  );
});
