import { rational } from '@dotmac/platform/money/rational';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { dayOf } from '../calendar/rules.ts';
import { checkExplanation } from '../explanation/rules-checker.ts';
import { calculateTax } from '../tax/rules.ts';
import type { TaxComponent } from '../tax/rules-types.ts';
import { creditNoteDraft } from './rules-note.ts';
import type { CreditableInvoice, CreditLine } from './rules-note-types.ts';

const today = dayOf(2026, 11, 3);
const components: TaxComponent[] = [
  ['internetAccess', '20', 'VAT'],
  ['voice', '5.5', 'VAT'],
  ['other', '9.975', 'VAT'],
  ['other', '5', 'Levy'],
].map(([productClass = '', percent = '', name = '']) => ({
  id: `XX/${name}`,
  jurisdiction: 'XX',
  productClass,
  from: 0,
  name,
  charge: { percent },
  category: 'S',
}));

const line = fc.record({
  amount: fc.bigInt(1n, 20_000n),
  inclusive: fc.boolean(),
  productClass: fc.constantFrom('internetAccess', 'voice', 'other'),
});
/** Which line, how much of what is left of it (in thousandths), and whether by gross. */
const step = fc.record({ at: fc.nat(), share: fc.integer({ min: 1, max: 1000 }), gross: fc.boolean() });

function invoiceOf(lines: readonly { amount: bigint; inclusive: boolean; productClass: string }[]) {
  const taxed = calculateTax(
    lines.map((one) => ({ ...one, quantity: 1n, taxPoint: today })),
    components,
    { jurisdictions: ['XX'], customerClass: 'consumer', exemptions: [], rounding: 'perRate' },
  );
  if (!taxed.ok) throw new Error(taxed.error.message);
  const invoice: CreditableInvoice = {
    id: 'inv',
    customerId: 'cus',
    customerName: 'Ada',
    customerEmail: null,
    currency: 'EUR',
    lines: lines.map(({ inclusive, productClass }, index) => ({
      id: `inv.${index}`,
      description: 'Fibre',
      productClass,
      serviceLineId: `svc_${index}`,
      priceKey: 'plv',
      price: rational(1n),
      dayCount: 'actual',
      periodFrom: today,
      periodTo: today + 30,
      from: today,
      ofDays: 30,
      corrections: 1,
      taxInclusive: inclusive,
      net: taxed.lines[index]?.net ?? 0n,
      credited: 0n,
      parts: (taxed.lines[index]?.parts ?? []).map((part) => ({ ...part, credited: 0n })),
    })),
    taxes: taxed.subtotals.map(({ componentId, name, category, percent = '0', base, tax }) => ({
      componentId,
      name,
      category,
      percent,
      net: base,
      tax,
      creditedNet: 0n,
      creditedTax: 0n,
    })),
  };
  return { invoice, gross: taxed.net + taxed.tax };
}

/** The invoice as it stands after a note. */
function after(invoice: CreditableInvoice, request: readonly CreditLine[]) {
  const note = creditNoteDraft(invoice, request, { reason: 'test', today });
  if (!note.ok) throw new Error(`${note.field}: ${note.message}`);
  const { draft } = note;
  for (const one of draft.lines)
    expect(checkExplanation(one.explanation, one.net)).toEqual({ outcome: 'AGREES' });
  for (const one of draft.taxes)
    expect(checkExplanation(one.explanation, one.tax)).toEqual({ outcome: 'AGREES' });
  for (const [at, tax] of draft.taxes.entries()) {
    const parts = draft.lines.flatMap(({ taxParts }) => taxParts.filter(({ group }) => group === at));
    expect(parts.reduce((sum, part) => sum + part.tax, 0n)).toBe(tax.tax);
  }
  const next: CreditableInvoice = {
    ...invoice,
    lines: invoice.lines.map((one) => {
      const credited = draft.lines[request.findIndex(({ lineId }) => lineId === one.id)];
      if (credited === undefined) return one;
      return {
        ...one,
        credited: one.credited + credited.net,
        parts: one.parts.map((part, index) => ({
          ...part,
          credited: part.credited - (credited.taxParts[index]?.tax ?? 0n),
        })),
      };
    }),
    taxes: invoice.taxes.map((one) => {
      const credited = draft.taxes.find(
        (tax) => tax.componentId === one.componentId && tax.percent === one.percent,
      );
      return {
        ...one,
        creditedNet: one.creditedNet - (credited?.base ?? 0n),
        creditedTax: one.creditedTax - (credited?.tax ?? 0n),
      };
    }),
  };
  return { next, draft };
}

type Line = CreditableInvoice['lines'][number];
const leftOf = ({ net, credited, parts }: Line, gross: boolean): bigint =>
  net + credited + (gross ? parts.reduce((sum, part) => sum + part.tax - part.credited, 0n) : 0n);

it('notes that cover an invoice equal it, however they were cut, with the tax beside prices or inside', () => {
  fc.assert(
    fc.property(
      fc.array(line, { minLength: 1, maxLength: 5 }),
      fc.array(step, { maxLength: 12 }),
      (lines, steps) => {
        const { invoice, gross } = invoiceOf(lines);
        let standing = invoice;
        let credited = 0n;
        for (const { at, share, gross: byGross } of steps) {
          const one = standing.lines[at % lines.length];
          if (one === undefined) throw new Error('no line');
          const ofGross = byGross && one.taxInclusive;
          const amount = (leftOf(one, ofGross) * BigInt(share)) / 1000n;
          if (amount === 0n) continue;
          const { next, draft } = after(standing, [{ lineId: one.id, amount, gross: ofGross }]);
          // What is asked for of a price with its tax is what is given back.
          if (ofGross) expect(draft.gross).toBe(-amount);
          expect(draft.tax <= 0n && draft.net <= 0n).toBe(true);
          credited += draft.gross;
          standing = next;
        }
        const rest = standing.lines.flatMap((one) => {
          const left = leftOf(one, one.taxInclusive);
          return left === 0n ? [] : [{ lineId: one.id, amount: left, gross: one.taxInclusive }];
        });
        if (rest.length > 0) credited += after(standing, rest).draft.gross;
        expect(credited).toBe(-gross);
      },
    ),
  );
});

it('refuses a gross amount of a price without tax, more than is left, nothing, and a line named twice', () => {
  const { invoice } = invoiceOf([
    { amount: 1000n, inclusive: false, productClass: 'voice' },
    { amount: 1200n, inclusive: true, productClass: 'internetAccess' },
  ]);
  const refused = (...request: CreditLine[]) => {
    const result = creditNoteDraft(invoice, request, { reason: 'test', today });
    return result.ok ? 'issued' : `${result.field}: ${result.message}`;
  };
  expect(refused({ lineId: 'inv.0', amount: 1n, gross: true })).toMatch(
    /^input\.lines\[0\]\.gross: .*without tax/,
  );
  expect(refused({ lineId: 'inv.1', amount: 1201n, gross: true })).toContain('more than the 1200');
  expect(refused({ lineId: 'inv.1', amount: 1001n })).toContain(
    'input.lines[0].net: 1001 is more than the 1000',
  );
  expect(refused({ lineId: 'inv.1', amount: 0n })).toContain('more than 0');
  expect(refused({ lineId: 'inv.1', amount: 1n }, { lineId: 'inv.1', amount: 1n })).toContain('named twice');
});
