import fc from 'fast-check';
import { expect, it } from 'vitest';
import { dayOf } from '../calendar/rules.ts';
import { creditNoteDraft } from '../credit/rules-note.ts';
import type { CreditableInvoice, CreditLine } from '../credit/rules-note-types.ts';
import { type Draft, snapshotOf } from '../document/rules-draft.ts';
import { agreedFee } from '../fee/rules.ts';
import { canonicalJson } from '../numbering/rules.ts';
import { bill } from '../run/rules.ts';
import type { TaxComponent, TaxExemption } from '../tax/rules-types.ts';
import { brokenRules } from './rules-en16931.ts';
import { type EnInvoice, enInvoice } from './rules-model.ts';
import { snapshotOfText } from './rules-snapshot.ts';

/*
 * Whatever an invoice mixes (rates, categories, prices with and without tax, discounts, certificates, reverse charges), it
 * and the credit notes over parts of it keep the rules of EN 16931.
 */

const start = dayOf(2026, 11, 3);
/** Two names of one rate, which is one rate of the breakdown. `unknown` has no tax at all. */
const rates = [
  ['internetAccess', 'XX/VAT', '20', 'S'],
  ['voice', 'XX/VAT', '5.5', 'S'],
  ['equipment', 'XX/VAT-goods', '20.0', 'S'],
  ['installation', 'XX/VAT', '0', 'Z'],
  ['other', 'XX/VAT', '0', 'E'],
] as const;
const components: TaxComponent[] = rates.map(([productClass, id, percent, category]) => ({
  id,
  jurisdiction: 'XX',
  productClass,
  from: 0,
  name: 'VAT',
  charge: { percent },
  category,
}));
const vatId = 'ATU12345678';
const exemption = fc.constantFrom<TaxExemption[]>(
  [],
  [{ certificate: 'CERT-1', jurisdiction: 'XX', from: 0, to: start + 9 }],
  [{ certificate: vatId, reverseCharge: true, jurisdiction: 'XX', from: 0, to: start + 9 }],
);
const charge = fc.record({
  minor: fc.bigInt(1n, 100_000n),
  inclusive: fc.boolean(),
  productClass: fc.constantFrom(...rates.map(([name]) => name), 'unknown'),
  /** Of a service; null: a fee. */
  discount: fc.option(fc.integer({ min: 0, max: 99 })),
});
const scenario = fc.record({
  exemptions: exemption,
  charges: fc.array(charge, { minLength: 1, maxLength: 8 }),
  credits: fc.array(fc.record({ at: fc.nat(20), share: fc.bigInt(1n, 1000n) }), {
    minLength: 1,
    maxLength: 8,
  }),
});
type Scenario = typeof scenario extends fc.Arbitrary<infer S> ? S : never;

function invoiceOf({ exemptions, charges }: Scenario): Draft {
  const services = charges.filter(({ discount }) => discount !== null);
  const fees = charges.filter(({ discount }) => discount === null);
  const result = bill(
    {
      customerId: 'cus',
      name: 'Ada',
      email: null,
      currency: 'EUR',
      anchorDay: 1,
      paymentTermDays: 14,
      taxJurisdictions: ['XX'],
      exemptions,
      usage: null,
      lines: services.map(({ minor, inclusive, productClass, discount }, index) => ({
        id: `svc_${index}`,
        settledBefore: null,
        events: [
          {
            type: 'start',
            on: start,
            version: {
              id: `plv_${index}`,
              planName: `Plan ${index}`,
              priceMinor: minor,
              currency: 'EUR',
              interval: { unit: 'month', count: 1 },
              timing: 'inAdvance',
              productClass,
              taxInclusive: inclusive,
            },
          },
        ],
        billed: [],
        discounts: [
          {
            id: 'dis',
            name: 'Welcome',
            value: { type: 'percent', percent: `${discount ?? 0}` },
            settledBefore: null,
            billed: [],
          },
        ],
      })),
      fees: fees.map(({ minor, inclusive, productClass }, index) => ({
        id: `fee_${index}`,
        description: `Fee ${index}`,
        productClass,
        currency: 'EUR',
        amount: minor,
        taxInclusive: inclusive,
        on: start,
        explanation: agreedFee(minor, 'test'),
      })),
    },
    start,
    new Map([['XX', components]]),
  );
  if (!result.ok) throw new Error(result.message);
  if (result.draft === null) throw new Error('nothing is due');
  return result.draft;
}

function modelOf(draft: Draft): EnInvoice {
  const issued = snapshotOf(draft, {
    number: draft.type === 'INVOICE' ? 'INV-1' : 'CRN-1',
    issuedOn: '2026-11-03',
    dueOn: '2026-11-17',
    seller: 'Nordnetz',
    sellerDetails: { city: 'Kiel', country: 'DE', vatId: 'DE123456789' },
    customerDetails: { city: 'Wien', country: 'AT', vatId },
  });
  const preceding = draft.type === 'INVOICE' ? undefined : { number: 'INV-1', issuedOn: '2026-11-03' };
  const model = enInvoice(snapshotOfText(canonicalJson(issued)), preceding);
  if (!model.ok) throw new Error(model.message);
  return model.invoice;
}

/** An invoice that was just issued, as a credit note sees it. */
const creditable = (draft: Draft): CreditableInvoice => ({
  id: 'inv',
  customerId: 'cus',
  customerName: 'Ada',
  customerEmail: null,
  currency: 'EUR',
  lines: draft.lines.map((line, index) => ({
    ...line,
    id: `inv.${index}`,
    corrections: 1,
    credited: 0n,
    taxInclusive: line.taxInclusive === true,
    parts: line.taxParts.map((part) => ({ ...part, credited: 0n })),
  })),
  taxes: draft.taxes.map(({ base, percent = '0', ...tax }) => ({
    ...tax,
    percent,
    net: base,
    creditedNet: 0n,
    creditedTax: 0n,
  })),
});

it('every invoice, and every credit note over parts of it, keeps the rules', () => {
  fc.assert(
    fc.property(scenario, (one) => {
      const draft = invoiceOf(one);
      const model = modelOf(draft);
      expect(brokenRules(model)).toEqual([]);
      expect(model.payable).toBe(draft.gross);
      const invoice = creditable(draft);
      const asked = new Map<string, CreditLine>();
      for (const { at, share } of one.credits) {
        const line = invoice.lines[at % invoice.lines.length];
        const amount = ((line?.net ?? 0n) * share) / 1000n;
        if (line !== undefined && amount > 0n) asked.set(line.id, { lineId: line.id, amount });
      }
      if (asked.size === 0) return;
      const note = creditNoteDraft(invoice, [...asked.values()], { reason: 'test', today: start });
      // More of a line than its discount left of the rate.
      if (!note.ok) return;
      const noteModel = modelOf(note.draft);
      expect(brokenRules(noteModel)).toEqual([]);
      expect(noteModel.payable).toBe(-note.draft.gross);
    }),
  );
});

const fee = (productClass: string): Scenario['charges'][number] => ({
  minor: 1000n,
  inclusive: false,
  productClass: productClass as 'voice',
  discount: null,
});
const breakdown = (exemptions: TaxExemption[], ...classes: string[]) =>
  modelOf(invoiceOf({ exemptions, charges: classes.map(fee), credits: [] })).breakdown.map(
    ({ category, percent, base, reason }) => [category, percent, base, reason],
  );

it('BR-S-08: a rate of two taxes is one part of the breakdown', () => {
  expect(breakdown([], 'internetAccess', 'equipment', 'voice')).toEqual([
    ['S', '20', 2000n, undefined],
    ['S', '5.5', 1000n, undefined],
  ]);
});

it('BR-E-01: what a certificate frees, what the law exempts and what no tax is known of are one part', () => {
  const certificate = { certificate: 'CERT-1', jurisdiction: 'XX', from: 0, to: start + 9 };
  expect(breakdown([certificate], 'internetAccess', 'unknown')).toEqual([
    ['E', '0', 2000n, 'certificate CERT-1; Exempt from VAT'],
  ]);
});

it('BR-E-10: what the law exempts says so', () => {
  expect(breakdown([], 'other', 'unknown')).toEqual([['E', '0', 2000n, 'Exempt from VAT']]);
});

it('BR-AE-10: a credit note says the reverse charge of its invoice', () => {
  const exemptions = [
    { certificate: vatId, reverseCharge: true, jurisdiction: 'XX', from: 0, to: start + 9 },
  ];
  const invoice = creditable(invoiceOf({ exemptions, charges: [fee('internetAccess')], credits: [] }));
  const note = creditNoteDraft(invoice, [{ lineId: 'inv.0', amount: 400n }], {
    reason: 'test',
    today: start,
  });
  if (!note.ok) throw new Error(note.message);
  expect(modelOf(note.draft).breakdown).toMatchObject([
    { category: 'AE', base: 400n, tax: 0n, reason: `Reverse charge, VAT id ${vatId}` },
  ]);
});
