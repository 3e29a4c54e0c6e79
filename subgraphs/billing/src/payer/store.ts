import type { TenantDatabase } from '@dotmac/migrations';
import type { Executor } from '@dotmac/platform';
import { type RawBuilder, type Selectable, sql, type Transaction } from 'kysely';
import { idArray } from '../database/id-array.ts';
import type { Group, PayerMode } from './rules.ts';

/** The groups of which somebody is due on a local day (ISO), or that of one customer. */
export async function dueGroups(
  db: Executor<TenantDatabase>,
  runDate: string,
  customerId: string | null,
): Promise<Group[]> {
  const which =
    customerId === null ? sql`next_bill_on <= ${runDate}::date` : sql`customer_id = ${customerId}`;
  const { rows } = await sql<{ payerId: string; customerId: string; mode: PayerMode }>`
    select payer_id as "payerId", customer_id as "customerId", payer_mode as mode from billing.account
    where payer_id in (select coalesce(payer_id, customer_id) from billing.account where grouped and ${which})
    order by payer_id, customer_id`.execute(db);
  return [...Map.groupBy(rows, ({ payerId }) => payerId)].map(([payerId, members]) => ({
    payerId,
    modes: new Map(members.map((member) => [member.customerId, member.mode])),
  }));
}

/** Whom these customers pay for. */
export async function membersOf(
  db: Executor<TenantDatabase>,
  payerIds: readonly string[],
): Promise<{ readonly payerId: string; readonly customerId: string }[]> {
  if (payerIds.length === 0) return [];
  const { rows } = await sql<{ payerId: string; customerId: string }>`
    select payer_id as "payerId", customer_id as "customerId" from billing.account
    where payer_id = any(${idArray(payerIds)}) order by customer_id`.execute(db);
  return rows;
}

export async function setPayer(
  transaction: Transaction<TenantDatabase>,
  customerId: string,
  payer: { readonly id: string; readonly mode: PayerMode } | null,
): Promise<void> {
  const { rows } = await sql<{ payerId: string | null }>`
    select payer_id as "payerId" from billing.account where customer_id = ${customerId}`.execute(transaction);
  await sql`
    update billing.account set payer_id = ${payer?.id ?? null}, payer_mode = ${payer?.mode ?? null}, grouped = ${payer !== null}
    where customer_id = ${customerId}`.execute(transaction);
  for (const id of new Set([payer?.id, rows[0]?.payerId]))
    if (id != null)
      await sql`
        update billing.account p set grouped = exists (select from billing.account m where m.payer_id = p.customer_id)
        where customer_id = ${id}`.execute(transaction);
}

export type Summary = Selectable<TenantDatabase['billing.summary']>;

/** Lists documents of members for their payer. */
export async function insertSummary(
  transaction: Transaction<TenantDatabase>,
  summary: Omit<Summary, 'sequence'>,
  documentIds: readonly string[],
): Promise<void> {
  await sql`
    insert into billing.summary (id, payer_id, sequence, issued_on, due_on, currency, total_minor)
    select ${summary.id}, ${summary.payerId}, coalesce(max(sequence), 0) + 1, ${summary.issuedOn}::date,
      ${summary.dueOn}::date, ${summary.currency}, ${`${summary.totalMinor}`}::bigint
    from billing.summary where payer_id = ${summary.payerId}`.execute(transaction);
  await transaction
    .insertInto('billing.summaryDocument')
    .values(documentIds.map((documentId) => ({ documentId, summaryId: summary.id })))
    .execute();
}

type SummaryOfDocuments = Summary & { readonly openMinor: bigint; readonly documentIds: string[] };

/** Newest first. */
export const summariesOf = (
  db: Executor<TenantDatabase>,
  payerIds: readonly string[],
): Promise<SummaryOfDocuments[]> => summaries(db, sql`s.payer_id = any(${idArray(payerIds)})`);

/** Those that list one of these documents. */
export const summariesOfDocuments = (
  db: Executor<TenantDatabase>,
  documentIds: readonly string[],
): Promise<SummaryOfDocuments[]> =>
  summaries(
    db,
    sql`s.id in (select summary_id from billing.summary_document where document_id = any(${idArray(documentIds)}))`,
  );

async function summaries(
  db: Executor<TenantDatabase>,
  which: RawBuilder<unknown>,
): Promise<SummaryOfDocuments[]> {
  const { rows } = await sql<SummaryOfDocuments>`
    select s.id, s.payer_id as "payerId", s.sequence, s.issued_on as "issuedOn", s.due_on as "dueOn", s.currency,
      s.total_minor as "totalMinor", d.ids as "documentIds", d.open as "openMinor"
    from billing.summary s cross join lateral (
      select array_agg(x.document_id order by x.document_id) as ids, coalesce(sum(o.open_minor), 0)::bigint as open
      from billing.summary_document x left join billing.open_item o on o.document_id = x.document_id
      where x.summary_id = s.id) d
    where ${which} order by s.payer_id, s.sequence desc`.execute(db);
  return rows;
}
