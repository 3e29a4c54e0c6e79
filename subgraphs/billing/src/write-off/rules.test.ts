import fc from 'fast-check';
import { expect, it } from 'vitest';
import { balances } from '../ledger/rules.ts';
import { recovery, type WriteOffInvoice, writeOff } from './rules.ts';

const invoice: WriteOffInvoice = {
  id: 'inv',
  customerId: 'ada',
  currency: 'EUR',
  net: 100n,
  gross: 119n,
  paid: 19n,
  paidNet: 16n,
  open: 100n,
  writtenOff: 0n,
};

it('writes off all that is open, and nothing when nothing is', () => {
  const result = writeOff(invoice);
  if (!result.ok) throw new Error(result.message);
  expect(result.movement.allocations).toEqual([{ documentId: 'inv', amount: 100n, net: 84n }]);
  expect(writeOff({ ...invoice, open: 0n }).ok).toBe(false);
  expect(recovery({ ...invoice, open: 0n, writtenOff: 100n }, 101n).ok).toBe(false);
});

it('recoveries that cover a write-off undo it, however they were cut', () => {
  fc.assert(
    fc.property(fc.array(fc.bigInt(1n, 33n), { minLength: 1, maxLength: 3 }), (parts) => {
      const whole = [...parts, 100n - parts.reduce((sum, one) => sum + one, 0n)];
      let now: WriteOffInvoice = { ...invoice, open: 0n, writtenOff: 100n, paid: 119n, paidNet: 100n };
      const first = writeOff(invoice);
      if (!first.ok) throw new Error(first.message);
      const postings = first.movement.postings('w');
      for (const [index, amount] of whole.entries()) {
        const result = recovery(now, amount);
        if (!result.ok) throw new Error(result.message);
        const [change] = result.movement.allocations;
        postings.push(...result.movement.postings(`${index}`));
        now = {
          ...now,
          open: now.open + amount,
          writtenOff: now.writtenOff - amount,
          paid: now.paid - amount,
          paidNet: now.paidNet + (change?.net ?? 0n),
        };
      }
      expect(now).toEqual(invoice);
      expect([...balances(postings).values()].every((balance) => balance === 0n)).toBe(true);
    }),
  );
});
