import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type AllocationOrder, allocatePayment, type OpenInvoice } from './rules.ts';
import { chargeKey, nextAttempt } from './rules-autopay.ts';
import { creditorReference, parseCreditorReference } from './rules-reference.ts';

const invoices = fc.array(fc.bigInt(1n, 10_000n), { maxLength: 6 }).chain((opens) =>
  fc
    .array(fc.integer({ min: 0, max: 30 }), { minLength: opens.length, maxLength: opens.length })
    .map((days) =>
      opens.map(
        (open, index): OpenInvoice => ({
          id: `I-${index}`,
          currency: 'EUR',
          dueOn: days[index] ?? 0,
          sequence: index,
          open,
        }),
      ),
    ),
);
function pay(open: OpenInvoice[], amount: bigint, order: AllocationOrder) {
  const result = allocatePayment({ currency: 'EUR', amount }, open, order);
  if (!result.ok) throw new Error(result.error.message);
  const paid = new Map(result.allocations.map((one) => [one.invoiceId, one.amount]));
  const rest = open.map((invoice) => ({ ...invoice, open: invoice.open - (paid.get(invoice.id) ?? 0n) }));
  return { ...result, rest };
}

describe('allocation', () => {
  it('loses nothing and pays nothing twice', () => {
    const order = fc.constantFrom<AllocationOrder>({ type: 'oldestDue' }, { type: 'wholeInvoices' });
    fc.assert(
      fc.property(invoices, fc.bigInt(1n, 50_000n), order, (open, amount, how) => {
        const { allocations, unallocated, rest } = pay(open, amount, how);
        expect(allocations.reduce((sum, one) => sum + one.amount, 0n) + unallocated).toBe(amount);
        expect(rest.every((invoice) => invoice.open >= 0n)).toBe(true);
        if (how.type === 'wholeInvoices')
          expect(rest.every((one, index) => one.open === 0n || one.open === open[index]?.open)).toBe(true);
      }),
    );
  });
  it('any split of a payment, in any order, leaves the same balance', () => {
    const parts = fc.array(fc.bigInt(1n, 9000n), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(invoices, parts, (open, amounts) => {
        const inParts = (list: bigint[]) => {
          let [state, credit] = [open, 0n];
          for (const amount of list) {
            const next = pay(state, amount, { type: 'oldestDue' });
            [state, credit] = [next.rest, credit + next.unallocated];
          }
          return { state, credit };
        };
        const whole = inParts([amounts.reduce((a, b) => a + b, 0n)]);
        expect(inParts(amounts)).toEqual(whole);
        expect(inParts(amounts.toReversed())).toEqual(whole);
      }),
    );
  });
  it('follows the customer’s choice and refuses what does not fit', () => {
    const open: OpenInvoice[] = [
      { id: 'a', currency: 'EUR', dueOn: 1, sequence: 1, open: 100n },
      { id: 'b', currency: 'EUR', dueOn: 2, sequence: 2, open: 100n },
      { id: 'c', currency: 'USD', dueOn: 0, sequence: 3, open: 100n },
    ];
    expect(pay(open, 150n, { type: 'oldestDue' }).allocations).toEqual([
      { invoiceId: 'a', amount: 100n },
      { invoiceId: 'b', amount: 50n },
    ]);
    expect(pay(open, 150n, { type: 'named', invoiceIds: ['b', 'b'] })).toMatchObject({
      allocations: [{ invoiceId: 'b', amount: 100n }],
      unallocated: 50n,
    });
    const code = (amount: bigint, ids: string[]) => {
      const result = allocatePayment({ currency: 'EUR', amount }, open, { type: 'named', invoiceIds: ids });
      return result.ok ? 'OK' : result.error.code;
    };
    expect([code(0n, []), code(1n, ['x']), code(1n, ['c'])]).toEqual([
      'PAYMENT_NOT_POSITIVE',
      'UNKNOWN_INVOICE',
      'CURRENCY_MISMATCH',
    ]);
  });
});

it('autopay retries after 1, 3, 5 and 7 days by class of decline, each attempt with its own key', () => {
  expect([1, 2, 3, 4, 5].map((attempts) => nextAttempt(100, attempts, 'soft'))).toEqual([
    101,
    103,
    105,
    107,
    undefined,
  ]);
  expect([nextAttempt(100, 1, 'hard'), nextAttempt(100, 1, 'authenticationRequired')]).toEqual([
    undefined,
    undefined,
  ]);
  expect(chargeKey('I-1', 1)).toBe(chargeKey('I-1', 1));
  expect(chargeKey('I-1', 1)).not.toBe(chargeKey('I-1', 2));
});

it('creditor references carry the check digits of ISO 11649 and refuse a changed digit', () => {
  expect(creditorReference('539007547034')).toBe('RF18539007547034');
  expect(parseCreditorReference('RF18 5390 0754 7034')).toBe('539007547034');
  fc.assert(
    fc.property(
      fc.stringMatching(/^[0-9A-Z]{1,21}$/),
      fc.nat(),
      fc.integer({ min: 1, max: 9 }),
      (text, at, by) => {
        const reference = creditorReference(text);
        expect(parseCreditorReference(reference)).toBe(text);
        const index = 4 + (at % text.length);
        const old = reference.charAt(index);
        if (!/\d/.test(old)) return;
        const changed = `${reference.slice(0, index)}${(Number(old) + by) % 10}${reference.slice(index + 1)}`;
        expect(parseCreditorReference(changed)).toBeUndefined();
      },
    ),
  );
});
