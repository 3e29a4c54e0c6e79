import fc from 'fast-check';
import { expect, it } from 'vitest';
import { dayOf } from '../calendar/rules.ts';
import { type Draft, snapshotOf } from '../document/rules-draft.ts';
import { checkExplanation } from '../explanation/rules-checker.ts';
import { agreedFee } from '../fee/rules.ts';
import { canonicalJson } from '../numbering/rules.ts';
import { brokenRules } from '../rendering/rules-en16931.ts';
import { enInvoice } from '../rendering/rules-model.ts';
import { snapshotOfText } from '../rendering/rules-snapshot.ts';
import type { TaxComponent } from '../tax/rules-types.ts';
import { type AccountSnapshot, bill } from './rules.ts';

const start = dayOf(2026, 11, 3);
const vat = (percent: string): TaxComponent[] =>
  ['internetAccess', 'other'].map((productClass) => ({
    id: 'XX/VAT',
    jurisdiction: 'XX',
    productClass,
    from: dayOf(2020, 1, 1),
    name: 'VAT',
    charge: { percent },
    category: 'S',
  }));

const price = fc.record({ minor: fc.bigInt(1n, 100_000n), inclusive: fc.boolean() });
const discount = fc.option(fc.integer({ min: 1, max: 99 }), { nil: undefined });
const scenario = fc.record({
  percent: fc.constantFrom('20', '19', '25.5', '15', '10', '9.975', '27'),
  services: fc.array(
    fc.record({ price, discount, cancelledAfter: fc.option(fc.integer({ min: 1, max: 27 })) }),
    {
      minLength: 1,
      maxLength: 6,
    },
  ),
  fees: fc.array(price, { maxLength: 4 }),
  always: fc.constantFrom(null, true, false),
});
type Scenario = typeof scenario extends fc.Arbitrary<infer S> ? S : never;

function accountOf({ services, fees, always }: Scenario): AccountSnapshot {
  return {
    customerId: 'cus',
    name: 'Ada',
    email: null,
    currency: 'EUR',
    anchorDay: 1,
    paymentTermDays: 14,
    taxJurisdictions: ['XX'],
    pricesIncludeTax: always,
    exemptions: [],
    usage: null,
    lines: services.map(({ price: { minor, inclusive }, discount: percent, cancelledAfter }, index) => ({
      id: `svc_${index}`,
      settledBefore: null,
      events: [
        {
          type: 'start' as const,
          on: start,
          version: {
            id: `plv_${index}`,
            planName: `Fibre ${index}`,
            priceMinor: minor,
            currency: 'EUR',
            interval: { unit: 'month' as const, count: 1 },
            timing: 'inAdvance' as const,
            productClass: 'internetAccess',
            taxInclusive: inclusive,
          },
        },
        ...(cancelledAfter === null
          ? []
          : [{ type: 'cancel' as const, on: start + cancelledAfter, version: null }]),
      ],
      billed: [],
      discounts:
        percent === undefined
          ? []
          : [
              {
                id: 'dis_1',
                name: 'Welcome',
                value: { type: 'percent' as const, percent: `${percent}` },
                settledBefore: null,
                billed: [],
              },
            ],
    })),
    fees: fees.map(({ minor, inclusive }, index) => ({
      id: `fee_${index}`,
      description: 'Set-up',
      productClass: 'other',
      currency: 'EUR',
      amount: minor,
      taxInclusive: inclusive,
      on: start,
      explanation: agreedFee(minor, 'test'),
    })),
  };
}

function draftOf(one: Scenario): Draft {
  const result = bill(accountOf(one), start, new Map([['XX', vat(one.percent)]]));
  if (!result.ok) throw new Error(result.message);
  if (result.draft === null) throw new Error('nothing is due');
  return result.draft;
}

it('what a price with its tax promised is what is charged, to the unit', () => {
  const promised = scenario.map((one) => ({ ...one, always: true }));
  fc.assert(
    fc.property(promised, (one) => {
      const { lines, gross } = draftOf(one);
      for (const fee of one.fees)
        expect(lines.some((line) => line.kind === 'oneOff' && line.net + line.tax === fee.minor)).toBe(true);
      // Off the lines, because a part of a period and a discount are rounded there.
      const stated = lines.map(({ explanation }) => BigInt(explanation.inputs.gross ?? '0'));
      expect(lines.map(({ net, tax }) => net + tax)).toEqual(stated);
      expect(gross).toBe(stated.reduce((sum, amount) => sum + amount, 0n));
    }),
  );
});

it('a line costs the same whatever stands beside it on the document', () => {
  fc.assert(
    fc.property(scenario, (one) => {
      const together = draftOf(one);
      for (const line of together.lines)
        if (line.taxInclusive === true)
          expect(
            checkExplanation(line.explanation.parts?.gross ?? line.explanation, line.net + line.tax),
          ).toEqual({
            outcome: 'AGREES',
          });
    }),
  );
});

it('every line and tax is recomputed by the independent checker, and the document keeps EN 16931', () => {
  fc.assert(
    fc.property(scenario, (one) => {
      const draft = draftOf(one);
      for (const line of draft.lines)
        expect(checkExplanation(line.explanation, line.net)).toEqual({ outcome: 'AGREES' });
      for (const tax of draft.taxes)
        expect(checkExplanation(tax.explanation, tax.tax)).toEqual({ outcome: 'AGREES' });
      const party = { city: 'Kiel', country: 'DE', vatId: 'DE123456789' };
      const text = canonicalJson(
        snapshotOf(draft, {
          number: 'INV-1',
          issuedOn: '2026-11-03',
          dueOn: '2026-11-17',
          seller: 'Nordnetz',
          sellerDetails: party,
          customerDetails: { city: 'Kiel', country: 'DE' },
        }),
      );
      const model = enInvoice(snapshotOfText(text), undefined);
      if (!model.ok) throw new Error(model.message);
      expect(brokenRules(model.invoice)).toEqual([]);
      expect(model.invoice.payable).toBe(draft.gross);
    }),
  );
});
