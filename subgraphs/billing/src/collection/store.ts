import type { TenantDatabase } from '@dotmac/migrations';
import type { Executor } from '@dotmac/platform';
import { type Selectable, sql, type Transaction } from 'kysely';
import type { Day } from '../calendar/rules.ts';
import type { Shield } from '../dunning/rules.ts';
import type { DeclineClass } from '../payment/rules-autopay.ts';
import type { AttemptState, CollectableInvoice } from './rules.ts';

export type CollectionRow = Selectable<TenantDatabase['billing.collection']>;
export type AttemptRow = Omit<
  Selectable<TenantDatabase['billing.chargeAttempt']>,
  'state' | 'declineClass'
> & { readonly state: AttemptState; readonly declineClass: DeclineClass | null };

export const autopay = 'autopay';

/** Customers after `after` of whom autopay has something to look at on a local day (ISO), in order, locked. */
export async function claimCollectable(
  transaction: Transaction<TenantDatabase>,
  today: string,
  after: string,
  limit: number,
): Promise<string[]> {
  const { rows } = await sql<{ customerId: string }>`
    select customer_id as "customerId" from billing.account a
    where customer_id > ${after} and (
      exists (select from billing.collection c where c.customer_id = a.customer_id and c.next_attempt_on <= ${today}::date)
      or (autopay_method_id is not null and exists (
        select from billing.open_item o
        where o.customer_id = a.customer_id and o.open_minor > 0 and o.due_on <= ${today}::date)))
    order by customer_id limit ${limit} for update`.execute(transaction);
  return rows.map((row) => row.customerId);
}

export interface AutopayInvoice extends CollectableInvoice {
  readonly number: string;
  readonly customerId: string;
  readonly currency: string;
  /** The collection that is active. */
  readonly collectionId: string | null;
  /** What it is charged with; null when there is nothing left to charge with. */
  readonly methodId: string | null;
}

/** The invoices that these customers owe, those of whom they pay for among them, and autopay decides on; oldest due first. */
export async function autopayInvoices(
  db: Executor<TenantDatabase>,
  customerIds: readonly string[],
): Promise<AutopayInvoice[]> {
  const { rows } = await sql<
    Omit<AutopayInvoice, 'collection'> & { nextAttemptOn: Day | null; stopped: boolean }
  >`
    select d.id, d.number, o.customer_id as "customerId", d.currency, o.due_on - date '1970-01-01' as "dueOn",
      o.open_minor as open, c.id as "collectionId", c.next_attempt_on - date '1970-01-01' as "nextAttemptOn",
      m.id as "methodId",
      exists (select from billing.collection s
        where s.document_id = d.id and s.state = 'stopped' and s.method_id = m.id) as stopped,
      exists (select from billing.allocation a join billing.payment_return r on r.id = a.source_id
        where a.document_id = d.id and r.kind = 'chargeback') as "chargedBack"
    from billing.open_item o
    join billing.document d on d.id = o.document_id
    join billing.account account on account.customer_id = o.customer_id
    left join billing.collection c on c.document_id = d.id and c.state = 'active'
    left join billing.payment_method m on m.id = account.autopay_method_id and m.removed_at is null
      and exists (select from billing.provider p where p.id = m.provider_id and p.enabled)
    where o.customer_id = any(${customerIds}::text[])
      and (c.id is not null or (o.open_minor > 0 and m.id is not null))
    order by o.due_on, d.sequence`.execute(db);
  return rows.map(({ nextAttemptOn, stopped, ...row }) => ({
    ...row,
    collection:
      row.collectionId !== null
        ? { state: 'active' as const, nextAttemptOn }
        : { state: stopped ? ('stopped' as const) : ('none' as const) },
  }));
}

/** Shields that stand until they are lifted or over, by customer. */
export async function shieldsByCustomer(
  db: Executor<TenantDatabase>,
  customerIds: readonly string[],
): Promise<Map<string, Shield[]>> {
  const { rows } = await sql<{
    customerId: string;
    kind: Shield['kind'];
    from: Day;
    until: Day | null;
    invoiceIds: string[] | null;
  }>`
    select customer_id as "customerId", kind, from_day - date '1970-01-01' as "from",
      until_day - date '1970-01-01' as until, invoice_ids as "invoiceIds"
    from billing.shield where customer_id = any(${customerIds}::text[]) and lifted_at is null`.execute(db);
  return Map.groupBy(
    rows.map(({ until, invoiceIds, ...row }) => ({
      ...row,
      ...(until === null ? {} : { until }),
      ...(invoiceIds === null ? {} : { invoiceIds }),
    })),
    (row) => row.customerId,
  );
}

export async function insertCollection(
  transaction: Transaction<TenantDatabase>,
  row: CollectionRow,
): Promise<void> {
  await transaction.insertInto('billing.collection').values(row).execute();
}

export async function updateCollection(
  transaction: Transaction<TenantDatabase>,
  id: string,
  change: Partial<Pick<CollectionRow, 'state' | 'because' | 'nextAttemptOn' | 'methodId'>>,
): Promise<void> {
  await transaction.updateTable('billing.collection').set(change).where('id', '=', id).execute();
}

export async function collectionById(
  db: Executor<TenantDatabase>,
  id: string,
): Promise<CollectionRow | null> {
  const row = await db.selectFrom('billing.collection').selectAll().where('id', '=', id).executeTakeFirst();
  return row ?? null;
}

/** Newest last. */
export async function collectionsOfDocuments(
  db: Executor<TenantDatabase>,
  documentIds: readonly string[],
): Promise<CollectionRow[]> {
  return db
    .selectFrom('billing.collection')
    .selectAll()
    .where('documentId', 'in', documentIds)
    .orderBy('id')
    .execute();
}

export async function attemptsOfCollections(
  db: Executor<TenantDatabase>,
  collectionIds: readonly string[],
): Promise<AttemptRow[]> {
  return (await db
    .selectFrom('billing.chargeAttempt')
    .selectAll()
    .where('collectionId', 'in', collectionIds)
    .orderBy('ordinal')
    .execute()) as AttemptRow[];
}

export async function insertAttempt(
  transaction: Transaction<TenantDatabase>,
  row: AttemptRow,
): Promise<void> {
  await transaction.insertInto('billing.chargeAttempt').values(row).execute();
}

/** How many attempts there were of an invoice, in whatever collection. */
export async function attemptCount(db: Executor<TenantDatabase>, documentId: string): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    select coalesce(max(ordinal), 0) as count from billing.charge_attempt where document_id = ${documentId}`.execute(
    db,
  );
  return rows[0]?.count ?? 0;
}

/** Which attempt: of an invoice, the first, the second … */
export interface AttemptKey {
  readonly documentId: string;
  readonly ordinal: number;
}

export async function attempt(
  db: Executor<TenantDatabase>,
  { documentId, ordinal }: AttemptKey,
): Promise<AttemptRow | null> {
  const row = await db
    .selectFrom('billing.chargeAttempt')
    .selectAll()
    .where('documentId', '=', documentId)
    .where('ordinal', '=', ordinal)
    .executeTakeFirst();
  return (row as AttemptRow | undefined) ?? null;
}

/** The attempt that a provider's charge belongs to: by the key it was asked with, or by its id. */
export async function attemptOfCharge(
  db: Executor<TenantDatabase>,
  providerId: string,
  charge: { readonly id: string; readonly key: string | null },
): Promise<AttemptRow | null> {
  const row = await db
    .selectFrom('billing.chargeAttempt')
    .selectAll()
    .where('providerId', '=', providerId)
    .where((where) => where.or([where('chargeId', '=', charge.id), where('key', '=', charge.key ?? '')]))
    .executeTakeFirst();
  return (row as AttemptRow | undefined) ?? null;
}

export async function updateAttempt(
  transaction: Transaction<TenantDatabase>,
  { documentId, ordinal }: AttemptKey,
  change: Partial<
    Pick<
      AttemptRow,
      'state' | 'chargeId' | 'declineClass' | 'declineCode' | 'sentAt' | 'settledAt' | 'paymentId'
    >
  >,
): Promise<void> {
  await transaction
    .updateTable('billing.chargeAttempt')
    .set(change)
    .where('documentId', '=', documentId)
    .where('ordinal', '=', ordinal)
    .execute();
}

/** Attempts whose outcome nobody knows yet. */
export async function openAttempts(db: Executor<TenantDatabase>): Promise<AttemptRow[]> {
  return (await db
    .selectFrom('billing.chargeAttempt')
    .selectAll()
    .where('state', 'in', ['requested', 'sent', 'pending'])
    .orderBy('documentId')
    .execute()) as AttemptRow[];
}
