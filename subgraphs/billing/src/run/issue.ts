import type { TenantDatabase } from '@dotmac/migrations';
import { appendEvents, type NewEvent, newId } from '@dotmac/platform';
import type { TenantEvents } from '@dotmac/schema';
import type { Transaction } from 'kysely';
import type { BillingServices } from '../builder.ts';
import { insertDocumentParts } from '../document/insert-parts.ts';
import { type DocumentType, type Draft, debtorOf, type IdentifiedDraft } from '../document/rules-draft.ts';
import {
  describeDrafts,
  dueDate,
  type IssuedDocument,
  insertDocuments,
  issueDate,
  lockSeries,
} from '../document/store.ts';
import type { PostingSet } from '../ledger/rules.ts';
import { postCreditNote, postInvoice } from '../ledger/rules-postings.ts';
import { post } from '../ledger/store.ts';
import { withDebtors } from '../payer/debtors.ts';
import { buyers, seller } from '../seller/store.ts';
import { type AppliedPayment, settleCreditNotes, settleNewInvoices } from '../settlement/settle.ts';

/** On whose behalf, and when, something is written. */
export interface Act {
  /** The tenant's local day of today, ISO. */
  readonly today: string;
  readonly now: number;
  readonly actor: string;
  readonly traceId?: string;
}

/**
 * Turns drafts into issued documents in this transaction: lines, taxes, postings, what is open, then numbers and
 * events. A handful of statements however many drafts. The caller holds the locks of all accounts concerned. What was
 * written before is refused by constraints: the keys of lines and postings are unique.
 */
export async function issueDrafts(
  transaction: Transaction<TenantDatabase>,
  services: Pick<BillingServices, 'clock' | 'tenant'>,
  given: readonly Draft[],
  act: Act,
): Promise<IssuedDocument[]> {
  if (given.length === 0) return [];
  const drafts = await withDebtors(transaction, given);
  const identified = drafts.map((draft) => ({
    id: newId(draft.type === 'INVOICE' ? 'inv' : 'crn', services.clock),
    draft,
  }));
  const { invoices = [], creditNotes = [] } = Object.groupBy(identified, ({ draft }) =>
    draft.type === 'INVOICE' ? 'invoices' : 'creditNotes',
  );
  const issuedOn = await issueDate(transaction, act.today);
  await insertDocumentParts(transaction, identified);
  const at = new Date(act.now);
  await post(transaction, identified.map(postingOf), issuedOn, at);
  const dueOn = (one: IdentifiedDraft) => dueDate(issuedOn, one.draft.paymentTermDays);
  const opened = await settleNewInvoices(transaction, invoices, { dueOn, postedOn: issuedOn, at });
  const paid = [
    ...opened.paid,
    ...(await settleCreditNotes(transaction, creditNotes, { postedOn: issuedOn, at })),
  ];

  const parties = await partiesOf(transaction, services, drafts);
  const described = {
    INVOICE: describeDrafts(invoices, { issuedOn, ...parties }),
    CREDIT_NOTE: describeDrafts(creditNotes, { issuedOn, ...parties }),
  };
  // The rows everybody needs are locked last.
  const types: DocumentType[] = [
    ...(creditNotes.length > 0 ? (['CREDIT_NOTE'] as const) : []),
    ...(invoices.length > 0 ? (['INVOICE'] as const) : []),
  ];
  const series = await lockSeries(transaction, types);
  const issued: IssuedDocument[] = [];
  for (const type of types) {
    const locked = series.get(type);
    if (locked === undefined) throw new Error(`There is no series ${type}`);
    issued.push(...(await insertDocuments(transaction, locked, described[type], issuedOn, at)));
  }
  const numbers = new Map(issued.map(({ id, number }) => [id, number]));
  await appendEvents<TenantEvents>(transaction, [
    ...issued.filter(({ draft }) => draft.type === 'INVOICE').map((one) => issuedEvent(one, act)),
    ...opened.applied.map((one) => appliedEvent(one, act)),
    ...paid.map((one) => paidEvent({ ...one, number: one.number ?? numbers.get(one.id) ?? '' }, act)),
  ]);
  return issued;
}

async function partiesOf(
  transaction: Transaction<TenantDatabase>,
  { tenant }: Pick<BillingServices, 'tenant'>,
  drafts: readonly Draft[],
) {
  const known = await seller(transaction);
  const buyersOf = await buyers(transaction, [...new Set(drafts.map(({ customerId }) => customerId))]);
  if (known === null) return { seller: tenant?.name ?? '', buyers: buyersOf };
  const { name, ...sellerDetails } = known;
  return { seller: name, sellerDetails, buyers: buyersOf };
}

function postingOf({ id, draft }: IdentifiedDraft): PostingSet {
  const sign = draft.type === 'INVOICE' ? 1n : -1n;
  const document = {
    ref: id,
    customer: debtorOf(draft),
    currency: draft.currency,
    revenue: draft.lines.map((line) => ({ revenueClass: line.productClass, net: sign * line.net })),
    tax: draft.taxes.map(({ componentId, tax }) => ({ component: componentId, tax: sign * tax })),
  };
  return draft.type === 'INVOICE' ? postInvoice(document) : postCreditNote(document);
}

function issuedEvent(document: IssuedDocument, act: Act): NewEvent<TenantEvents> {
  const { id, number, dueOn, draft } = document;
  return {
    type: 'invoice.issued',
    subject: id,
    payload: {
      invoiceId: id,
      number,
      customerId: draft.customerId,
      grossMinor: `${draft.gross}`,
      currency: draft.currency,
      dueOn,
    },
    ...occurred(act),
  };
}

function appliedEvent(applied: AppliedPayment, act: Act): NewEvent<TenantEvents> {
  const { paymentId, invoiceId, customerId, currency, amount, net } = applied;
  return {
    type: 'payment.applied',
    subject: paymentId,
    payload: {
      paymentId,
      invoiceId,
      customerId,
      amountMinor: `${amount}`,
      netMinor: `${net}`,
      currency,
    },
    ...occurred(act),
  };
}

/** An invoice of which nothing is left to pay. Amounts in minor units. */
export interface PaidInvoice {
  readonly id: string;
  readonly number: string;
  readonly customerId: string;
  readonly currency: string;
  readonly gross: bigint;
  readonly net: bigint;
}

export function paidEvent(invoice: PaidInvoice, act: Act): NewEvent<TenantEvents> {
  const { id, number, customerId, currency, gross, net } = invoice;
  return {
    type: 'invoice.paid',
    subject: id,
    payload: { invoiceId: id, number, customerId, grossMinor: `${gross}`, netMinor: `${net}`, currency },
    ...occurred(act),
  };
}

export function occurred({ now, actor, traceId }: Act) {
  return { occurredAt: now, actor, ...(traceId === undefined ? {} : { traceId }) };
}
