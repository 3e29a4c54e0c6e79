import type { TenantDatabase } from '@dotmac/migrations';
import type { Executor } from '@dotmac/platform';
import { sql, type Transaction } from 'kysely';
import { idArray } from '../database/id-array.ts';
import { insertRows } from '../database/insert-rows.ts';
import type { PaidSoFar } from '../payment/rules-net.ts';

/** An invoice of which something is left to pay. */
export interface OpenItem extends PaidSoFar {
  readonly id: string;
  readonly number: string;
  readonly customerId: string;
  readonly currency: string;
  /** Days since 1970-01-01. */
  readonly dueOn: number;
  readonly sequence: number;
  readonly open: bigint;
}

/** What invoices of these customers leave open, oldest due first. The caller holds the accounts' locks. */
export async function openItems(
  db: Executor<TenantDatabase>,
  customerIds: readonly string[],
): Promise<OpenItem[]> {
  const { rows } = await sql<OpenItem>`
    select d.id, d.number, o.customer_id as "customerId", d.currency, o.due_on - date '1970-01-01' as "dueOn",
      d.sequence::int as sequence, o.open_minor as open, d.net_minor as net, d.gross_minor as gross,
      coalesce(a.paid, 0)::bigint as paid, coalesce(a.net, 0)::bigint as "paidNet"
    from billing.open_item o
    join billing.document d on d.id = o.document_id
    left join lateral (
      select sum(amount_minor) as paid, sum(net_minor) as net from billing.allocation where document_id = o.document_id
    ) a on true
    where o.customer_id = any(${idArray(customerIds)}) and o.open_minor > 0
    order by o.due_on, d.sequence`.execute(db);
  return rows;
}

export interface CreditItem {
  readonly sourceId: string;
  readonly customerId: string;
  readonly currency: string;
  readonly open: bigint;
}

/** Money of these customers that no invoice took yet, oldest first. */
export async function creditItems(
  db: Executor<TenantDatabase>,
  customerIds: readonly string[],
): Promise<CreditItem[]> {
  const { rows } = await sql<CreditItem>`
    select source_id as "sourceId", customer_id as "customerId", currency, open_minor as open
    from billing.credit_item where customer_id = any(${idArray(customerIds)}) and open_minor > 0
    order by created_at, source_id`.execute(db);
  return rows;
}

/** Money from a source (a payment or a credit note) that settles part of an invoice. */
export interface NewAllocation {
  readonly sourceId: string;
  readonly documentId: string;
  readonly amount: bigint;
  readonly net: bigint;
}

export async function insertAllocations(
  transaction: Transaction<TenantDatabase>,
  allocations: readonly NewAllocation[],
  at: Date,
): Promise<void> {
  await insertRows(
    transaction,
    'billing.allocation',
    {
      source_id: 'text',
      document_id: 'text',
      amount_minor: 'bigint',
      net_minor: 'bigint',
      allocated_at: 'timestamptz',
    },
    allocations.map(({ sourceId, documentId, amount, net }) => ({
      source_id: sourceId,
      document_id: documentId,
      amount_minor: amount,
      net_minor: net,
      allocated_at: at,
    })),
  );
}

/** Takes amounts off open items (below zero: opens them again); the database refuses to go below zero. */
export async function reduceOpenItems(
  transaction: Transaction<TenantDatabase>,
  amounts: readonly { readonly documentId: string; readonly amount: bigint }[],
): Promise<void> {
  if (amounts.length === 0) return;
  await sql`
    update billing.open_item o set open_minor = o.open_minor - taken.amount
    from (select id, sum(amount) as amount
      from unnest(${amounts.map((one) => one.documentId)}::text[], ${amounts.map((one) => `${one.amount}`)}::bigint[]) as t (id, amount)
      group by id) taken
    where o.document_id = taken.id`.execute(transaction);
}

/** Takes amounts off credit items; the database refuses to go below zero. */
export async function reduceCreditItems(
  transaction: Transaction<TenantDatabase>,
  amounts: readonly { readonly sourceId: string; readonly amount: bigint }[],
): Promise<void> {
  if (amounts.length === 0) return;
  await sql`
    update billing.credit_item c set open_minor = c.open_minor - taken.amount
    from (select id, sum(amount) as amount
      from unnest(${amounts.map((one) => one.sourceId)}::text[], ${amounts.map((one) => `${one.amount}`)}::bigint[]) as t (id, amount)
      group by id) taken
    where c.source_id = taken.id`.execute(transaction);
}

export async function insertOpenItems(
  transaction: Transaction<TenantDatabase>,
  items: readonly {
    readonly documentId: string;
    readonly customerId: string;
    readonly currency: string;
    readonly dueOn: string;
    readonly open: bigint;
  }[],
): Promise<void> {
  await insertRows(
    transaction,
    'billing.open_item',
    { document_id: 'text', customer_id: 'text', currency: 'text', due_on: 'date', open_minor: 'bigint' },
    items.map(({ documentId, customerId, currency, dueOn, open }) => ({
      document_id: documentId,
      customer_id: customerId,
      currency,
      due_on: dueOn,
      open_minor: open,
    })),
  );
}

export async function insertCreditItems(
  transaction: Transaction<TenantDatabase>,
  items: readonly CreditItem[],
  at: Date,
): Promise<void> {
  await insertRows(
    transaction,
    'billing.credit_item',
    {
      source_id: 'text',
      customer_id: 'text',
      currency: 'text',
      open_minor: 'bigint',
      created_at: 'timestamptz',
    },
    items.map(({ sourceId, customerId, currency, open }) => ({
      source_id: sourceId,
      customer_id: customerId,
      currency,
      open_minor: open,
      created_at: at,
    })),
  );
}

/** What is left of these invoices, paid ones included. */
export async function openItemsById(
  db: Executor<TenantDatabase>,
  documentIds: readonly string[],
): Promise<{ documentId: string; customerId: string; openMinor: bigint }[]> {
  return db
    .selectFrom('billing.openItem')
    .select(['documentId', 'customerId', 'openMinor'])
    .where('documentId', 'in', documentIds)
    .execute();
}

/** What is left of the credit of these sources (payments and credit notes). */
export async function creditItemsById(
  db: Executor<TenantDatabase>,
  sourceIds: readonly string[],
): Promise<{ sourceId: string; openMinor: bigint }[]> {
  return db
    .selectFrom('billing.creditItem')
    .select(['sourceId', 'openMinor'])
    .where('sourceId', 'in', sourceIds)
    .execute();
}
