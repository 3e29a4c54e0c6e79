import type { TenantDatabase } from '@dotmac/migrations';
import type { Executor } from '@dotmac/platform';
import { type Selectable, sql, type Transaction } from 'kysely';
import { idArray } from '../database/id-array.ts';
import type { PrepaidStanding } from './rules.ts';

export type Prepaid = Selectable<TenantDatabase['billing.prepaid']> & {
  readonly currency: string;
  readonly balance: bigint;
};

/** Those of these customers who pay ahead, with what they have: their money that no invoice took. */
export async function prepaidOfCustomers(
  db: Executor<TenantDatabase>,
  customerIds: readonly string[],
): Promise<Prepaid[]> {
  const { rows } = await sql<Prepaid>`
    select p.customer_id as "customerId", p.since, p.notice_days as "noticeDays", p.told_of as "toldOf",
      p.expired_on as "expiredOn",
      p.grace_days as "graceDays", p.unpaid_since as "unpaidSince", a.currency, coalesce((select sum(c.open_minor) from billing.credit_item c
        where c.customer_id = p.customer_id and c.currency = a.currency and c.open_minor > 0), 0)::bigint as balance
    from billing.prepaid p join billing.account a on a.customer_id = p.customer_id
    where p.customer_id = any(${idArray(customerIds)})`.execute(db);
  return rows;
}

export async function prepaidStandings(
  db: Executor<TenantDatabase>,
  customerIds: readonly string[],
): Promise<Map<string, PrepaidStanding>> {
  return new Map((await prepaidOfCustomers(db, customerIds)).map((row) => [row.customerId, row]));
}

export async function insertPrepaid(
  transaction: Transaction<TenantDatabase>,
  row: Pick<Prepaid, 'customerId' | 'since' | 'noticeDays' | 'graceDays'>,
): Promise<void> {
  await transaction.insertInto('billing.prepaid').values(row).execute();
}

export async function deletePrepaid(
  transaction: Transaction<TenantDatabase>,
  customerId: string,
): Promise<void> {
  await transaction.deleteFrom('billing.prepaid').where('customerId', '=', customerId).execute();
}

export async function updatePrepaid(
  transaction: Transaction<TenantDatabase>,
  customerId: string,
  change: Partial<Pick<Prepaid, 'expiredOn' | 'toldOf' | 'noticeDays' | 'unpaidSince'>>,
): Promise<void> {
  await transaction.updateTable('billing.prepaid').set(change).where('customerId', '=', customerId).execute();
}

/** What these customers waited to buy is bought, or no longer wanted. */
export async function endGrace(
  transaction: Transaction<TenantDatabase>,
  customerIds: readonly string[],
): Promise<void> {
  if (customerIds.length === 0) return;
  await transaction
    .updateTable('billing.prepaid')
    .set({ unpaidSince: null })
    .where('customerId', 'in', customerIds)
    .execute();
}

/** Puts every running service of the customer on hold from a day (ISO) on, those that are not yet. */
export async function insertExpiry(
  transaction: Transaction<TenantDatabase>,
  hold: {
    readonly ids: () => string;
    readonly customerId: string;
    readonly from: string;
    readonly because: string;
    readonly by: string;
    readonly at: Date;
  },
): Promise<void> {
  const { rows } = await sql<{ id: string }>`
    select l.id from billing.service_line l
    cross join lateral (select type from billing.service_event e where e.service_line_id = l.id
      order by ordinal desc limit 1) last
    where l.customer_id = ${hold.customerId} and last.type <> 'cancel'
      and not exists (select from billing.hold h
        where h.service_line_id = l.id and h.kind = 'expired' and h.to_day is null)
    order by l.id`.execute(transaction);
  if (rows.length === 0) return;
  await transaction
    .insertInto('billing.hold')
    .values(
      rows.map(({ id }) => ({
        id: hold.ids(),
        serviceLineId: id,
        customerId: hold.customerId,
        kind: 'expired',
        fromDay: hold.from,
        because: hold.because,
        setBy: hold.by,
        setAt: hold.at,
      })),
    )
    .execute();
}

/** Ends the holds of an expiry on a day (ISO); null opens them again. @returns their ids. */
export async function endExpiry(
  transaction: Transaction<TenantDatabase>,
  customerId: string,
  today: string,
): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    update billing.hold set to_day = greatest(from_day, ${today}::date)
    where customer_id = ${customerId} and kind = 'expired' and to_day is null returning id`.execute(
    transaction,
  );
  return rows.map(({ id }) => id);
}

export async function reopenExpiry(
  transaction: Transaction<TenantDatabase>,
  ids: readonly string[],
): Promise<void> {
  if (ids.length === 0) return;
  await transaction.updateTable('billing.hold').set({ toDay: null }).where('id', 'in', ids).execute();
}

/** Customers whose balance is used up. */
export async function expiredCustomers(db: Executor<TenantDatabase>): Promise<string[]> {
  const rows = await db
    .selectFrom('billing.prepaid')
    .select('customerId')
    .where('expiredOn', 'is not', null)
    .orderBy('customerId')
    .execute();
  return rows.map(({ customerId }) => customerId);
}

/** Customers with a purchase within their days of notice of which they were not told; local days, ISO. */
export async function purchasesAhead(
  db: Executor<TenantDatabase>,
  today: string,
): Promise<{ readonly customerId: string; readonly on: string }[]> {
  const { rows } = await sql<{ customerId: string; on: string }>`
    select p.customer_id as "customerId", a.next_bill_on::text as "on"
    from billing.prepaid p join billing.account a on a.customer_id = p.customer_id
    where p.expired_on is null and p.unpaid_since is null and a.next_bill_on > ${today}::date
      and a.next_bill_on <= ${today}::date + p.notice_days and p.told_of is distinct from a.next_bill_on
    order by p.customer_id`.execute(db);
  return rows;
}

/** What moved a balance: above zero it grew. `balance` is that after it. Minor units. */
export interface PrepaidEntry {
  readonly on: string;
  readonly kind: string;
  readonly ref: string;
  readonly currency: string;
  readonly amount: bigint;
  readonly balance: bigint;
}

/** The last entries of a customer's prepaid account, newest first: read from the ledger. */
export async function prepaidHistory(
  db: Executor<TenantDatabase>,
  customerId: string,
  limit: number,
): Promise<PrepaidEntry[]> {
  const { rows } = await sql<PrepaidEntry>`
    select * from (
      select t.posted_on::text as "on", e.kind, e.ref, e.currency, -e.amount_minor as amount,
        (-sum(e.amount_minor) over (partition by e.currency order by t.posted_on, e.kind = 'application', e.ref, e.kind))::bigint as balance,
        row_number() over (order by t.posted_on, e.kind = 'application', e.ref, e.kind) as place
      from billing.ledger_entry e join billing.ledger_transaction t using (kind, ref)
      where e.account = ${`prepaid:${customerId}`}) history
    order by place desc limit ${limit}`.execute(db);
  return rows;
}

export type PrepaidRefund = Selectable<TenantDatabase['billing.prepaidRefund']>;

/** @returns the refund with this method and reference, and whether it is new. */
export async function insertPrepaidRefund(
  transaction: Transaction<TenantDatabase>,
  row: PrepaidRefund,
  parts: readonly { readonly sourceId: string; readonly amount: bigint }[],
): Promise<void> {
  await transaction.insertInto('billing.prepaidRefund').values(row).execute();
  await transaction
    .insertInto('billing.prepaidRefundPart')
    .values(parts.map(({ sourceId, amount }) => ({ refundId: row.id, sourceId, amountMinor: amount })))
    .execute();
}

export async function prepaidRefundByReference(
  db: Executor<TenantDatabase>,
  method: string,
  reference: string,
): Promise<PrepaidRefund | null> {
  const row = await db
    .selectFrom('billing.prepaidRefund')
    .selectAll()
    .where('method', '=', method)
    .where('reference', '=', reference)
    .executeTakeFirst();
  return row ?? null;
}
