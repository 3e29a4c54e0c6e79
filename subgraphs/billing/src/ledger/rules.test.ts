import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { balances, type PostingSet, postingSet, prepaidSet, reversal, UnbalancedPosting } from './rules.ts';
import * as post from './rules-postings.ts';

const amount = fc.bigInt(0n, 1_000_000n);
const at = { customer: 'C', currency: 'EUR', gateway: 'bank' };
const document = fc.record({
  revenue: fc.array(
    fc.record({ revenueClass: fc.constantFrom('access', 'fees'), net: fc.bigInt(-1000n, 100_000n) }),
    { minLength: 1, maxLength: 4 },
  ),
  tax: fc.array(fc.record({ component: fc.constantFrom('vat', 'levy'), tax: amount }), { maxLength: 3 }),
  rounding: fc.bigInt(-2n, 2n),
});

/** One of every kind of posting over the same figures. */
function everyPosting(
  d: {
    revenue: Array<{ revenueClass: string; net: bigint }>;
    tax: Array<{ component: string; tax: bigint }>;
    rounding: bigint;
  },
  a: bigint,
  b: bigint,
): PostingSet[] {
  const invoice = { ...d, ref: 'I', customer: 'C', currency: 'EUR' };
  const move = { ...at, ref: 'R', amount: a };
  const allocated = a < b ? a : b;
  return [
    post.postInvoice(invoice),
    post.postCreditNote({ ...invoice, ref: 'CN' }),
    post.postPayment({ ...move, allocated }),
    post.postApplication(move),
    post.postRefund(move),
    post.postChargeback({ ...move, allocated, fee: 150n }),
    post.postDeposit(move),
    post.postDepositApplied(move),
    post.postDepositRefund(move),
    post.postPrepaidTransfer(move),
    post.postPrepaidTransfer(move, true),
    post.postPrepaidRefund(move),
    post.postVoucherSale(move),
    post.postVoucherRedemption(move),
    post.postWriteOff(move),
    post.postRecovery(move),
    post.postSuspense(move),
    post.postSuspenseMatched(move),
  ];
}

describe('ledger', () => {
  it('every posting sums to zero, each account once, no zero entries; its reversal cancels it', () => {
    fc.assert(
      fc.property(document, amount, amount, (d, a, b) => {
        for (const set of everyPosting(d, a, b)) {
          expect(set.entries.reduce((sum, entry) => sum + entry.amount, 0n)).toBe(0n);
          expect(set.entries.every((entry) => entry.amount !== 0n)).toBe(true);
          const both = balances([set, reversal(set, 'paymentReversal', 'undo')]);
          expect([...both.values()].every((balance) => balance === 0n)).toBe(true);
        }
      }),
    );
  });
  it('an invoice, its payment, a refund through a credit note: every account tells its story', () => {
    const invoice = {
      ref: 'I-1',
      customer: 'C',
      currency: 'EUR',
      revenue: [{ revenueClass: 'access', net: 1000n }],
      tax: [{ component: 'vat', tax: 200n }],
    };
    const story = [
      post.postInvoice(invoice),
      post.postPayment({ ...at, ref: 'P-1', amount: 1500n, allocated: 1200n }),
      post.postRefund({ ...at, ref: 'RF-1', amount: 300n }),
      post.postCreditNote({
        ...invoice,
        ref: 'CN-1',
        revenue: [{ revenueClass: 'access', net: 500n }],
        tax: [{ component: 'vat', tax: 100n }],
      }),
    ];
    expect(Object.fromEntries(balances(story))).toEqual({
      'receivable:C|EUR': -600n,
      'revenue:access|EUR': -500n,
      'taxPayable:vat|EUR': -100n,
      'clearing:bank|EUR': 1200n,
      'unappliedCash:C|EUR': 0n,
    });
  });
  it('a prepaid voucher ends as revenue', () => {
    const move = { ...at, ref: 'V-1', amount: 1000n };
    const voucher = { ...move, gateway: 'voucher' };
    const story = [
      post.postVoucherSale(move),
      post.postPayment({ ...voucher, allocated: 0n }),
      post.postVoucherRedemption(voucher),
      post.postInvoice({
        ref: 'I',
        customer: 'C',
        currency: 'EUR',
        revenue: [{ revenueClass: 'access', net: 1000n }],
        tax: [],
      }),
      post.postApplication(move),
    ].map((set) => prepaidSet(set, new Set(['C'])));
    expect(balances(story.slice(0, 3)).get('prepaid:C|EUR')).toBe(-1000n);
    const open = Object.fromEntries([...balances(story)].filter(([, balance]) => balance !== 0n));
    expect(open).toEqual({ 'clearing:bank|EUR': 1000n, 'revenue:access|EUR': -1000n });
  });
  it('refuses what does not balance', () => {
    expect(() => postingSet('payment', 'x', 'EUR', [{ account: { type: 'suspense' }, amount: 1n }])).toThrow(
      UnbalancedPosting,
    );
  });
});
