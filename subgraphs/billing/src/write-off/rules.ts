import { postRecovery, postWriteOff } from '../ledger/rules-postings.ts';
import type { Movement } from '../movement/rules.ts';
import { netShare, type PaidSoFar } from '../payment/rules-net.ts';

/** An invoice, what is open of it and what of it stands written off. Minor units. */
export interface WriteOffInvoice extends PaidSoFar {
  readonly id: string;
  readonly customerId: string;
  readonly currency: string;
  readonly open: bigint;
  readonly writtenOff: bigint;
}

export type WriteOffResult =
  | { readonly ok: true; readonly movement: Movement }
  | { readonly ok: false; readonly field: string; readonly message: string };

/** Everything that is open of an invoice becomes bad debt. */
export function writeOff(invoice: WriteOffInvoice): WriteOffResult {
  if (invoice.open === 0n)
    return { ok: false, field: 'input.invoiceId', message: 'Nothing of this invoice is open' };
  return { ok: true, movement: settled(invoice, invoice.open) };
}

/** Opens what was written off again, so that money that comes after all can pay it. */
export function recovery(invoice: WriteOffInvoice, amount: bigint): WriteOffResult {
  const fail = (message: string): WriteOffResult => ({ ok: false, field: 'input.amount.amount', message });
  if (amount <= 0n) return fail(`A recovery is more than 0, not ${amount}`);
  if (amount > invoice.writtenOff)
    return fail(`${amount} is more than the ${invoice.writtenOff} that stands written off`);
  return { ok: true, movement: settled(invoice, -amount) };
}

function settled(invoice: WriteOffInvoice, amount: bigint): Movement {
  const { id: documentId, customerId, currency } = invoice;
  const absolute = amount < 0n ? -amount : amount;
  const movement = { customer: customerId, currency, amount: absolute };
  return {
    customerId,
    currency,
    amount: absolute,
    credits: [],
    allocations: [{ documentId, amount, net: netShare(invoice, amount) }],
    postings: (ref) => [
      amount > 0n ? postWriteOff({ ...movement, ref }) : postRecovery({ ...movement, ref }),
    ],
  };
}
