import { parseDecimal } from '@dotmac/platform/money/decimal';
import { minus, rationalText } from '@dotmac/platform/money/rational';
import { divRound, mulDivRound } from '@dotmac/platform/money/rounding';
import { expect } from 'vitest';
import { type CreditableGroup, creditableGross, creditNote } from '../credit/rules.ts';
import { applyDiscounts, type DocumentDiscount } from '../discount/rules.ts';
import { documentTotals } from '../document/rules.ts';

import { basisPoints, day, given, type Runner, runner, vat, vatOf } from './case-file.ts';

interface CreditFigures {
  credits: number[][];
  remaining_creditable_minor?: number;
}

const groupOf = (net: number, bp: number): CreditableGroup => {
  const percent = basisPoints(bp);
  return {
    id: 'S',
    percent,
    net: BigInt(net),
    tax: vat(BigInt(net), percent),
    creditedNet: 0n,
    creditedTax: 0n,
  };
};
const creditOnce = (group: CreditableGroup, net: bigint) => {
  const note = creditNote([group], [{ id: 'S', net }]);
  if (!note.ok) throw new Error(note.error.message);
  return note;
};
const invoiceOf = (group: CreditableGroup) => [group.net, group.tax, group.net + group.tax].map(Number);

/** Cases of documents: tax, discounts, credit notes, totals. */
export const DOCUMENT_KINDS: Record<string, Runner> = {
  credit_note: runner<
    { net_minor: number; tax_bp: number; unused: [string, string]; period: [string, string] },
    { invoice: number[]; credit: number[] }
  >(({ input, expected }) => {
    const group = groupOf(input.net_minor, input.tax_bp);
    expect(invoiceOf(group)).toEqual(expected.invoice);
    const num = BigInt(day(input.unused[1]) - day(input.unused[0]));
    const note = creditOnce(
      group,
      mulDivRound(group.net, num, BigInt(day(input.period[1]) - day(input.period[0]))),
    );
    expect([note.net, note.tax, note.gross].map(Number)).toEqual(expected.credit);
  }),
  credit_sequence: runner<
    { lines_minor: number[]; credit_nets_minor: number[]; tax_bp: number },
    CreditFigures & { invoice: number[] },
    CreditFigures
  >(({ input, expected, recommended_convention: convention }) => {
    let group = groupOf(
      input.lines_minor.reduce((a: number, b: number) => a + b, 0),
      input.tax_bp,
    );
    expect(invoiceOf(group)).toEqual(expected.invoice);
    const notes = input.credit_nets_minor.map((net: number) => {
      const note = creditOnce(group, BigInt(net));
      group = {
        ...group,
        creditedNet: group.creditedNet + note.net,
        creditedTax: group.creditedTax + note.tax,
      };
      return [note.net, note.tax, note.gross].map(Number);
    });
    expect(notes).toEqual(convention.differs ? convention.credits : expected.credits);
    const remaining = convention.differs
      ? convention.remaining_creditable_minor
      : expected.remaining_creditable_minor;
    if (remaining !== undefined) expect(creditableGross([group])).toBe(BigInt(remaining));
  }),
  discount_tax: runner<
    { lines: Array<[number, number]>; coupons: Array<{ fixed_minor: number; applies_to: 'all' | number[] }> },
    { discounts_minor: string[]; net_minor: number; tax_minor: number },
    { tax_minor: number; gross_minor: number }
  >(({ input, expected, recommended_convention: convention }) => {
    const discounts = input.coupons.map(
      (coupon, index): DocumentDiscount => ({
        id: `${index}`,
        value: { type: 'fixed', amount: BigInt(coupon.fixed_minor) },
        appliesTo: coupon.applies_to,
      }),
    );
    const lines = applyDiscounts(
      input.lines.map(([net]) => BigInt(net)),
      discounts,
    );
    for (const [index, line] of lines.entries()) {
      const stated = parseDecimal(given(expected.discounts_minor[index]));
      const gap = minus(line.exact, stated);
      expect(divRound(gap.num * 100n, gap.den), rationalText(line.exact)).toBe(0n);
    }
    expect(lines.reduce((sum, line) => sum + line.net, 0n)).toBe(BigInt(expected.net_minor));
    const taxable = lines.map(
      (line, index) => [line.net, basisPoints(given(input.lines[index])[1])] as const,
    );
    const tax = vatOf(taxable, 'perRate');
    expect([tax, BigInt(expected.net_minor) + tax]).toEqual([
      BigInt(given(convention.tax_minor)),
      BigInt(given(convention.gross_minor)),
    ]);
    expect(vatOf(taxable, 'documentOnce')).toBe(BigInt(expected.tax_minor));
  }),
  tax: runner<{ taxable: string; rate: string }, { tax: string }>(({ input, expected }) => {
    const net = parseDecimal(input.taxable);
    const cents = divRound(net.num * 100n, net.den);
    const stated = parseDecimal(expected.tax);
    expect(vat(cents, input.rate)).toBe(divRound(stated.num * 100n, stated.den));
  }),
  document_totals: runner<
    Record<'lines' | 'allowances' | 'charges', Array<[string, string]>> &
      Record<'prepaid' | 'payable_rounding', string>,
    Record<'line_total' | 'tax_exclusive' | 'tax_inclusive' | 'payable', string> & {
      tax_subtotals: Array<[string, string, string]>;
    }
  >(({ input, expected }) => {
    const cents = (text: string) => divRound(parseDecimal(text).num * 100n, parseDecimal(text).den);
    const amounts = (list: Array<[string, string]>) =>
      list.map(([amount, percent]) => ({ amount: cents(amount), category: 'S', percent }));
    const totals = documentTotals({
      lines: amounts(input.lines),
      allowances: amounts(input.allowances),
      charges: amounts(input.charges),
      prepaid: cents(input.prepaid),
      payableRounding: cents(input.payable_rounding),
    });
    expect(totals.subtotals.map((one) => [one.taxable, one.percent, one.tax])).toEqual(
      expected.tax_subtotals.map(([base, percent, tax]: [string, string, string]) => [
        cents(base),
        percent,
        cents(tax),
      ]),
    );
    expect([totals.lineTotal, totals.taxExclusive, totals.taxInclusive, totals.payable]).toEqual(
      [expected.line_total, expected.tax_exclusive, expected.tax_inclusive, expected.payable].map(cents),
    );
  }),
};
