import type { TenantDatabase } from '@dotmac/migrations';
import { type Executor, type Page, pageBy } from '@dotmac/platform';
import type { Selectable, Transaction } from 'kysely';
import { formatDay, parseDay } from '../calendar/rules.ts';
import { insertRows } from '../database/insert-rows.ts';
import type { Explanation } from '../explanation/rules.ts';
import { chainHashOfText, type Series, takeNumbers } from '../numbering/rules.ts';
import type { PartyDetails } from '../rendering/rules-snapshot.ts';
import type { DocumentType, IdentifiedDraft, LineKind } from './rules-draft.ts';
import { type SnapshotText, snapshotText } from './rules-snapshot-text.ts';

export type Document = Omit<Selectable<TenantDatabase['billing.document']>, 'type'> & {
  readonly type: DocumentType;
};
export type DocumentLine = Omit<
  Selectable<TenantDatabase['billing.documentLine']>,
  'explanation' | 'kind'
> & {
  readonly kind: LineKind;
  readonly explanation: Explanation;
};
export type DocumentTax = Omit<Selectable<TenantDatabase['billing.documentTax']>, 'explanation'> & {
  readonly explanation: Explanation;
};

/** A numbered document as it was just written. */
export interface IssuedDocument extends IdentifiedDraft {
  readonly number: string;
  /** ISO dates. */
  readonly issuedOn: string;
  readonly dueOn: string;
}

/** A series whose row this transaction has locked. */
export interface LockedSeries extends Series {
  readonly lastHash: string;
}

/**
 * The day on which documents are issued now: `today`, or the day of the last number when a catch-up runs behind it,
 * because numbers never go back in time. The series are not locked yet; a number that overtakes is refused later.
 */
export async function issueDate(transaction: Transaction<TenantDatabase>, today: string): Promise<string> {
  const { last } = await transaction
    .selectFrom('billing.series')
    .select((select) => select.fn.max('lastIssuedOn').as('last'))
    .executeTakeFirstOrThrow();
  return last !== null && last > today ? last : today;
}

/** Locks series, always in the same order. From here on nobody else can issue: keep it short. */
export async function lockSeries(
  transaction: Transaction<TenantDatabase>,
  types: readonly DocumentType[],
): Promise<Map<DocumentType, LockedSeries>> {
  const rows = await transaction
    .selectFrom('billing.series')
    .selectAll()
    .where('id', 'in', types)
    .orderBy('id')
    .forUpdate()
    .execute();
  return new Map(
    rows.map((row) => [
      row.id as DocumentType,
      {
        id: row.id,
        pattern: row.pattern,
        digits: row.digits,
        next: row.nextNumber,
        lastHash: row.lastHash,
        ...(row.lastIssuedOn === null ? {} : { lastIssuedOn: row.lastIssuedOn }),
      },
    ]),
  );
}

/** A draft and all that its document will say, except its number. */
export interface DescribedDraft extends IdentifiedDraft {
  readonly issuedOn: string;
  readonly dueOn: string;
  readonly text: SnapshotText;
}

/** What can be done before the series is locked, so that it is locked for short. */
export function describeDrafts(
  drafts: readonly IdentifiedDraft[],
  issue: {
    readonly issuedOn: string;
    readonly seller: string;
    readonly sellerDetails?: PartyDetails;
    readonly buyers: ReadonlyMap<string, PartyDetails>;
  },
): DescribedDraft[] {
  const { buyers, ...frame } = issue;
  return drafts.map(({ id, draft }) => {
    const dueOn = dueDate(issue.issuedOn, draft.paymentTermDays);
    const customerDetails = buyers.get(draft.customerId);
    const text = snapshotText(draft, {
      ...frame,
      dueOn,
      ...(customerDetails === undefined ? {} : { customerDetails }),
    });
    return { id, draft, issuedOn: issue.issuedOn, dueOn, text };
  });
}

/** Gives documents of one type their numbers and links in the chain, and writes them. Their series is locked. */
export async function insertDocuments(
  transaction: Transaction<TenantDatabase>,
  series: LockedSeries,
  drafts: readonly DescribedDraft[],
  issuedOn: string,
  issuedAt: Date,
): Promise<IssuedDocument[]> {
  const taken = takeNumbers(series, drafts.length, issuedOn);
  if (!taken.ok) throw new Error(taken.error.message);
  let hash = series.lastHash;
  const rows = drafts.map(({ id, draft, dueOn, text }, index) => {
    const number = taken.numbers[index] ?? '';
    const snapshot = `${text.before}${JSON.stringify(number)}${text.after}`;
    hash = chainHashOfText(hash, snapshot);
    return {
      id,
      type: draft.type,
      sequence: series.next + BigInt(index),
      number,
      customer_id: draft.customerId,
      currency: draft.currency,
      run_date: draft.runDate,
      issued_on: issuedOn,
      due_on: dueOn,
      net_minor: draft.net,
      tax_minor: draft.tax,
      gross_minor: draft.gross,
      credits_document_id: draft.creditsDocumentId,
      reason: draft.reason,
      snapshot,
      hash,
      issued_at: issuedAt,
    };
  });
  await insertRows(
    transaction,
    'billing.document',
    {
      id: 'text',
      type: 'text',
      sequence: 'bigint',
      number: 'text',
      customer_id: 'text',
      currency: 'text',
      run_date: 'date',
      issued_on: 'date',
      due_on: 'date',
      net_minor: 'bigint',
      tax_minor: 'bigint',
      gross_minor: 'bigint',
      credits_document_id: 'text',
      reason: 'text',
      snapshot: 'text',
      hash: 'text',
      issued_at: 'timestamptz',
    },
    rows,
  );
  await transaction
    .updateTable('billing.series')
    .set({ nextNumber: taken.series.next, lastIssuedOn: issuedOn, lastHash: hash })
    .where('id', '=', series.id)
    .execute();
  return drafts.map(({ id, draft, dueOn }, index) => ({
    id,
    draft,
    number: taken.numbers[index] ?? '',
    issuedOn,
    dueOn,
  }));
}

/** Days after the day of issue, ISO. */
export function dueDate(issuedOn: string, termDays: number): string {
  const day = parseDay(issuedOn);
  if (day === undefined) throw new RangeError(`"${issuedOn}" is not a date; write YYYY-MM-DD`);
  return formatDay(day + termDays);
}

export async function documentsById(
  db: Executor<TenantDatabase>,
  ids: readonly string[],
): Promise<Document[]> {
  return (await db.selectFrom('billing.document').selectAll().where('id', 'in', ids).execute()) as Document[];
}

/** A customer's invoice by its number; null for anybody else's. */
export async function invoiceByNumber(
  db: Executor<TenantDatabase>,
  customerId: string,
  number: string,
): Promise<Document | null> {
  const row = await db
    .selectFrom('billing.document')
    .selectAll()
    .where('customerId', '=', customerId)
    .where('type', '=', 'INVOICE')
    .where('number', '=', number)
    .executeTakeFirst();
  return (row as Document | undefined) ?? null;
}

/** Invoices of which something is left to pay, in the order in which they were issued. */
export async function openInvoices(db: Executor<TenantDatabase>): Promise<Document[]> {
  return (await db
    .selectFrom('billing.document')
    .selectAll()
    .where('id', 'in', (open) =>
      open.selectFrom('billing.openItem').select('documentId').where('openMinor', '>', 0n),
    )
    .orderBy('issuedAt')
    .orderBy('sequence')
    .execute()) as Document[];
}

export async function linesOfDocuments(
  db: Executor<TenantDatabase>,
  ids: readonly string[],
): Promise<DocumentLine[]> {
  return (await db
    .selectFrom('billing.documentLine')
    .selectAll()
    .where('documentId', 'in', ids)
    .orderBy('documentId')
    .orderBy('ordinal')
    .execute()) as unknown as DocumentLine[];
}

export async function taxesOfDocuments(
  db: Executor<TenantDatabase>,
  ids: readonly string[],
): Promise<DocumentTax[]> {
  return (await db
    .selectFrom('billing.documentTax')
    .selectAll()
    .where('documentId', 'in', ids)
    .orderBy('documentId')
    .orderBy('taxGroup')
    .execute()) as unknown as DocumentTax[];
}

/** A window of each customer's documents of one type, newest first; keys are sequences. */
export interface DocumentPage extends Page<bigint> {
  readonly type: DocumentType;
}

/** Pages of many customers with one statement. */
export async function documentPages(
  db: Executor<TenantDatabase>,
  customerIds: readonly string[],
  page: DocumentPage,
): Promise<Document[]> {
  const own = db
    .selectFrom('billing.account as account')
    .innerJoinLateral(
      (inner) =>
        pageBy(
          inner
            .selectFrom('billing.document')
            .selectAll()
            .whereRef('billing.document.customerId', '=', 'account.customerId')
            .where('type', '=', page.type),
          'sequence',
          'desc',
          page,
        ).as('document'),
      (join) => join.onTrue(),
    )
    .selectAll('document')
    .where('account.customerId', 'in', customerIds)
    .orderBy('document.customerId')
    .orderBy('document.sequence', page.inverted ? 'asc' : 'desc');
  return (await own.execute()) as Document[];
}
