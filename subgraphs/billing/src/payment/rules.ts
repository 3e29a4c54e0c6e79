import type { Day } from '../calendar/rules.ts';

/** An invoice that still has something open. Minor units of one currency. */
export interface OpenInvoice {
  readonly id: string;
  readonly currency: string;
  readonly dueOn: Day;
  /** Order of issue, to settle ties of `dueOn`. */
  readonly sequence: number;
  readonly open: bigint;
}

export interface IncomingPayment {
  readonly currency: string;
  readonly amount: bigint;
}

/**
 * `oldestDue`: oldest due first, the last one in part. `wholeInvoices`: the same order, but an invoice is paid as a
 * whole or not at all. `named`: the invoices the customer names, in that order, then nothing.
 */
export type AllocationOrder =
  | { readonly type: 'oldestDue' }
  | { readonly type: 'wholeInvoices' }
  | { readonly type: 'named'; readonly invoiceIds: readonly string[] };

interface Allocation {
  readonly invoiceId: string;
  readonly amount: bigint;
}

export type AllocationResult =
  | { readonly ok: true; readonly allocations: Allocation[]; readonly unallocated: bigint }
  | {
      readonly ok: false;
      readonly error: {
        readonly code: 'PAYMENT_NOT_POSITIVE' | 'CURRENCY_MISMATCH' | 'UNKNOWN_INVOICE';
        readonly message: string;
      };
    };

/** Where the money goes. What no invoice takes stays as unallocated cash: it is credit, never lost. */
export function allocatePayment(
  payment: IncomingPayment,
  invoices: readonly OpenInvoice[],
  order: AllocationOrder,
): AllocationResult {
  if (payment.amount <= 0n) {
    return {
      ok: false,
      error: {
        code: 'PAYMENT_NOT_POSITIVE',
        message: `a payment must be more than 0, not ${payment.amount}`,
      },
    };
  }
  const candidates = inOrder(invoices, order);
  if ('code' in candidates) return { ok: false, error: candidates };
  const foreign = candidates.find((invoice) => invoice.currency !== payment.currency);
  if (foreign !== undefined && order.type === 'named') {
    const message = `invoice ${foreign.id} is in ${foreign.currency}, the payment in ${payment.currency}`;
    return { ok: false, error: { code: 'CURRENCY_MISMATCH', message } };
  }
  let left = payment.amount;
  const allocations: Allocation[] = [];
  for (const invoice of candidates) {
    if (invoice.open <= 0n || invoice.currency !== payment.currency) continue;
    if (order.type === 'wholeInvoices' && invoice.open > left) continue;
    const amount = smaller(invoice.open, left);
    if (amount > 0n) allocations.push({ invoiceId: invoice.id, amount });
    left -= amount;
  }
  return { ok: true, allocations, unallocated: left };
}

function inOrder(
  invoices: readonly OpenInvoice[],
  order: AllocationOrder,
): OpenInvoice[] | { readonly code: 'UNKNOWN_INVOICE'; readonly message: string } {
  if (order.type !== 'named')
    return invoices.toSorted((a, b) => a.dueOn - b.dueOn || a.sequence - b.sequence);
  const byId = new Map(invoices.map((invoice) => [invoice.id, invoice]));
  const named: OpenInvoice[] = [];
  for (const id of new Set(order.invoiceIds)) {
    const invoice = byId.get(id);
    if (invoice === undefined) return { code: 'UNKNOWN_INVOICE', message: `no open invoice "${id}"` };
    named.push(invoice);
  }
  return named;
}

export const smaller = (a: bigint, b: bigint): bigint => (a < b ? a : b);
