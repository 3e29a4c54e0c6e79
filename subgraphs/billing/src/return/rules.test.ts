import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { balances } from '../ledger/rules.ts';
import { type ReturnablePayment, type ReturnKind, returnPayment } from './rules.ts';

const payment: ReturnablePayment = {
  id: 'pay',
  customerId: 'ada',
  method: 'card',
  currency: 'EUR',
  amount: 150n,
  returned: 0n,
  credit: 30n,
  rounding: null,
  noteCredits: [{ sourceId: 'note', open: 20n, net: 17n, gross: 20n }],
  allocations: [{ documentId: 'inv', left: 120n, net: 100n, gross: 120n, paid: 120n, paidNet: 100n }],
};

/** The payment as it stands after a return. */
function after(before: ReturnablePayment, kind: ReturnKind, amount: bigint, fee = 0n) {
  const result = returnPayment(before, kind, amount, fee);
  if (!result.ok) throw new Error(result.message);
  const { credits, allocations } = result.movement;
  const off = (id: string) => credits.reduce((sum, one) => sum + (one.sourceId === id ? one.amount : 0n), 0n);
  const next: ReturnablePayment = {
    ...before,
    returned: before.returned + amount,
    credit: before.credit - off(before.id),
    noteCredits: before.noteCredits.map((one) => ({ ...one, open: one.open - off(one.sourceId) })),
    allocations: before.allocations.map((one) => {
      const change = allocations.find(({ documentId }) => documentId === one.documentId);
      if (change === undefined) return one;
      return {
        ...one,
        left: one.left + change.amount,
        paid: one.paid + change.amount,
        paidNet: one.paidNet + change.net,
      };
    }),
  };
  return { next, postings: result.movement.postings('r') };
}

describe('a return', () => {
  it('takes the credit first, and what is left opens the invoice again, net of tax in proportion', () => {
    const { next } = after(payment, 'refund', 110n);
    expect(next.credit).toBe(0n);
    expect(next.noteCredits[0]?.open).toBe(0n);
    expect(next.allocations[0]).toMatchObject({ left: 60n, paidNet: 50n });
    expect(after(payment, 'chargeback', 50n).next).toMatchObject({
      credit: 0n,
      noteCredits: [{ open: 20n }],
      allocations: [{ left: 100n }],
    });
  });

  it('is refused above what is left of the payment', () => {
    expect(returnPayment({ ...payment, returned: 100n }, 'refund', 51n)).toMatchObject({
      ok: false,
      message: '51 is more than the 50 left of the payment',
    });
    expect(returnPayment(payment, 'refund', 0n).ok).toBe(false);
  });

  it('leaves the same world in whatever order and pieces it comes', () => {
    const kind = fc.constantFrom<ReturnKind>('refund', 'chargeback');
    const pieces = fc.array(fc.tuple(kind, fc.bigInt(1n, 40n)), { minLength: 2, maxLength: 3 });
    fc.assert(
      fc.property(pieces, (returns) => {
        const run = (order: typeof returns) =>
          order.reduce(
            (state, [how, amount]) => {
              const { next, postings } = after(state.payment, how, amount);
              return { payment: next, postings: [...state.postings, ...postings] };
            },
            { payment, postings: [] as ReturnType<typeof after>['postings'] },
          );
        const [one, other] = [run(returns), run(returns.toReversed())];
        const cash = (state: typeof one) => balances(state.postings).get('clearing:card|EUR');
        expect(cash(one)).toBe(cash(other));
        // What he owes less what is his: where a refund found credit, a chargeback before it may not have.
        const owed = ({ payment: p }: typeof one) =>
          p.credit + (p.noteCredits[0]?.open ?? 0n) + p.allocations.reduce((sum, { paid }) => sum + paid, 0n);
        expect(owed(one)).toBe(owed(other));
        const [entries] = [balances(one.postings)];
        expect([...entries.values()].reduce((sum, amount) => sum + amount, 0n)).toBe(0n);
        if (returns.every(([how]) => how === returns[0]?.[0])) expect(one.payment).toEqual(other.payment);
        for (const { paid, paidNet, net, gross } of one.payment.allocations)
          expect(paidNet).toBe((net * paid * 2n + gross) / (gross * 2n));
      }),
    );
  });
});

describe('what a payment in cash was rounded by', () => {
  // Of 12.34 with 1.61 of tax, 12.30 were paid in cash and 0.04 settled without money.
  const cash = (paid: bigint, rounding: bigint): ReturnablePayment => ({
    ...payment,
    amount: paid,
    credit: 0n,
    noteCredits: [],
    rounding: { id: 'rnd', documentId: 'inv', amount: rounding },
    allocations: [
      { documentId: 'inv', left: paid, net: 1_073n, gross: 1_234n, paid: paid + rounding, paidNet: 1_073n },
    ],
  });

  it('stands while the payment pays any of its invoice, and goes back with the rest of it', () => {
    const part = returnPayment(cash(1_230n, 4n), 'refund', 1_229n);
    expect(part.ok && part.movement.rounding).toBeUndefined();
    const all = returnPayment(cash(1_230n, 4n), 'refund', 1_230n);
    expect(all.ok && all.movement).toMatchObject({
      allocations: [{ amount: -1_230n }],
      rounding: { reverses: 'rnd', amount: -4n },
    });
    if (!all.ok) throw new Error(all.message);
    const { allocations, rounding, postings } = all.movement;
    expect(allocations.reduce((sum, { net }) => sum + net, rounding?.net ?? 0n)).toBe(-1_073n);
    expect(postings('r').map(({ kind, ref }) => [kind, ref])).toEqual([
      ['paymentReversal', 'r'],
      ['refund', 'r'],
      ['cashRounding', 'r:rounding'],
    ]);
  });

  it('leaves nothing in the books, whichever way it went and however it goes back', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: -5n, max: 5n }).filter((amount) => amount !== 0n),
        fc.constantFrom<ReturnKind>('refund', 'chargeback', 'reversal'),
        (rounded, kind) => {
          const all = returnPayment(cash(1_234n - rounded, rounded), kind, 1_234n - rounded);
          if (!all.ok) throw new Error(all.message);
          const { allocations, rounding, postings } = all.movement;
          const open = allocations.reduce((sum, { amount }) => sum - amount, -(rounding?.amount ?? 0n));
          expect(open).toBe(1_234n);
          const at = balances(postings('r'));
          for (const [account, sum] of at)
            if (account.startsWith('receivable') || account === 'cashRounding')
              expect(sum).toBe(account === 'cashRounding' ? -rounded : 1_234n);
        },
      ),
    );
  });
});
