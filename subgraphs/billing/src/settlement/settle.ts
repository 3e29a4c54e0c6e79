import type { TenantDatabase } from '@dotmac/migrations';
import type { Transaction } from 'kysely';
import { debtorOf, type IdentifiedDraft } from '../document/rules-draft.ts';
import { type PostingSet, reversal } from '../ledger/rules.ts';
import { postApplication } from '../ledger/rules-postings.ts';
import { post } from '../ledger/store.ts';
import { allocatePayment, smaller } from '../payment/rules.ts';
import { netShare } from '../payment/rules-net.ts';
import {
  type CreditItem,
  creditItems,
  insertAllocations,
  insertCreditItems,
  insertOpenItems,
  type NewAllocation,
  type OpenItem,
  openItems,
  reduceCreditItems,
  reduceOpenItems,
} from './store.ts';

/** An invoice that a settlement paid off; `number` is missing while it has none. */
export interface SettledInvoice {
  readonly id: string;
  readonly number?: string;
  readonly customerId: string;
  readonly currency: string;
  readonly gross: bigint;
  readonly net: bigint;
}

/** Credit of a payment that paid a new invoice. Minor units. */
export interface AppliedPayment {
  readonly paymentId: string;
  readonly invoiceId: string;
  readonly customerId: string;
  readonly currency: string;
  readonly amount: bigint;
  readonly net: bigint;
}

/**
 * Opens new invoices, less the credit that their customers still have.
 * @returns those that the credit paid off, and what of it was payments'.
 */
export async function settleNewInvoices(
  transaction: Transaction<TenantDatabase>,
  invoices: readonly IdentifiedDraft[],
  when: { readonly dueOn: (one: IdentifiedDraft) => string; readonly postedOn: string; readonly at: Date },
): Promise<{ readonly paid: SettledInvoice[]; readonly applied: AppliedPayment[] }> {
  if (invoices.length === 0) return { paid: [], applied: [] };
  const credits = Map.groupBy(
    await creditItems(
      transaction,
      invoices.map(({ draft }) => debtorOf(draft)),
    ),
    ({ customerId }) => customerId,
  );
  const allocations: NewAllocation[] = [];
  const postings: PostingSet[] = [];
  const paid: SettledInvoice[] = [];
  const applied: AppliedPayment[] = [];
  const items = invoices.map((one) => {
    const { id, draft } = one;
    const { currency, gross, net } = draft;
    const customerId = debtorOf(draft);
    let open = gross;
    let paidNet = 0n;
    for (const credit of credits.get(customerId) ?? []) {
      if (open === 0n || credit.currency !== currency) continue;
      const amount = smaller(credit.open, open);
      const share = netShare({ net, gross, paid: gross - open, paidNet }, amount);
      allocations.push({ sourceId: credit.sourceId, documentId: id, amount, net: share });
      if (credit.sourceId.startsWith('pay_')) {
        const paymentId = credit.sourceId;
        applied.push({ paymentId, invoiceId: id, customerId, currency, amount, net: share });
      }
      postings.push(
        postApplication({ ref: `${credit.sourceId}:${id}`, customer: customerId, currency, amount }),
      );
      open -= amount;
      paidNet += share;
    }
    if (open === 0n && gross > 0n) paid.push({ id, customerId, currency, gross, net });
    return { documentId: id, customerId, currency, dueOn: when.dueOn(one), open };
  });
  await insertOpenItems(transaction, items);
  await insertAllocations(transaction, allocations, when.at);
  await reduceCreditItems(transaction, allocations);
  await post(transaction, postings, when.postedOn, when.at);
  return { paid, applied };
}

/**
 * Takes credit notes off what their customers owe: off the invoice they name first, then off the oldest. What is left
 * becomes the customer's credit.
 */
export async function settleCreditNotes(
  transaction: Transaction<TenantDatabase>,
  creditNotes: readonly IdentifiedDraft[],
  when: { readonly postedOn: string; readonly at: Date },
): Promise<SettledInvoice[]> {
  if (creditNotes.length === 0) return [];
  const open = Map.groupBy(
    await openItems(transaction, [...new Set(creditNotes.map(({ draft }) => debtorOf(draft)))]),
    ({ customerId }) => customerId,
  );
  const allocations: NewAllocation[] = [];
  const left: CreditItem[] = [];
  const postings: PostingSet[] = [];
  const paid: SettledInvoice[] = [];
  for (const { id, draft } of creditNotes) {
    if (draft.gross === 0n) continue;
    const { currency, creditsDocumentId } = draft;
    const customerId = debtorOf(draft);
    const spread = spreadOver(
      id,
      -draft.gross,
      currency,
      ordered(open.get(customerId) ?? [], creditsDocumentId),
    );
    open.set(customerId, spread.items);
    allocations.push(...spread.allocations);
    paid.push(...spread.paid);
    if (spread.rest === 0n) continue;
    left.push({ sourceId: id, customerId, currency, open: spread.rest });
    // The note took its whole amount off the receivable: what no invoice needed is the customer's money.
    const application = postApplication({ ref: id, customer: customerId, currency, amount: spread.rest });
    postings.push(reversal(application, 'paymentReversal', id));
  }
  await insertAllocations(transaction, allocations, when.at);
  await reduceOpenItems(transaction, allocations);
  await insertCreditItems(transaction, left, when.at);
  await post(transaction, postings, when.postedOn, when.at);
  return paid;
}

/** The named invoice first, the others oldest first. */
function ordered(items: readonly OpenItem[], first: string | null): OpenItem[] {
  return [...items.filter(({ id }) => id === first), ...items.filter(({ id }) => id !== first)];
}

/** Pays open items in the given order from one source. Pure. */
export function spreadOver(
  sourceId: string,
  amount: bigint,
  currency: string,
  items: readonly OpenItem[],
): {
  readonly allocations: NewAllocation[];
  readonly items: OpenItem[];
  readonly paid: OpenItem[];
  readonly rest: bigint;
} {
  const result = allocatePayment({ amount, currency }, items, {
    type: 'named',
    invoiceIds: items.filter((item) => item.currency === currency).map(({ id }) => id),
  });
  if (!result.ok) throw new Error(result.error.message);
  const byId = new Map(result.allocations.map((one) => [one.invoiceId, one.amount]));
  const allocations: NewAllocation[] = [];
  const paid: OpenItem[] = [];
  const after = items.map((item) => {
    const taken = byId.get(item.id);
    if (taken === undefined) return item;
    const net = netShare(item, taken);
    allocations.push({ sourceId, documentId: item.id, amount: taken, net });
    const next = {
      ...item,
      open: item.open - taken,
      paid: item.paid + taken,
      paidNet: item.paidNet + net,
    };
    if (next.open === 0n) paid.push(next);
    return next;
  });
  return { allocations, items: after, paid, rest: result.unallocated };
}
