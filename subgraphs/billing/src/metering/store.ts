import type { TenantDatabase } from '@dotmac/migrations';
import type { Executor } from '@dotmac/platform';
import { type Selectable, sql, type Transaction } from 'kysely';
import type { Account } from '../account/store.ts';

export type TenantDay = Selectable<TenantDatabase['billing.tenantDay']>;

/** The account of the customer that is this ISP. */
export async function accountOfTenant(
  db: Executor<TenantDatabase>,
  tenantId: string,
): Promise<Account | null> {
  const row = await db
    .selectFrom('billing.account')
    .selectAll()
    .where('tenantId', '=', tenantId)
    .executeTakeFirst();
  return row ?? null;
}

/** @returns the day as it stands: the given one, or the one that was there first. */
export async function keepTenantDay(
  transaction: Transaction<TenantDatabase>,
  day: TenantDay,
): Promise<TenantDay> {
  await transaction
    .insertInto('billing.tenantDay')
    .values(day)
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  return transaction
    .selectFrom('billing.tenantDay')
    .selectAll()
    .where((where) =>
      where.or([
        where('eventId', '=', day.eventId),
        where.and([where('tenantId', '=', day.tenantId), where('localDate', '=', day.localDate)]),
      ]),
    )
    .executeTakeFirstOrThrow();
}

/** Days of [from, to), in order. */
export async function tenantDays(
  db: Executor<TenantDatabase>,
  tenantId: string,
  from: string,
  to: string,
): Promise<TenantDay[]> {
  return db
    .selectFrom('billing.tenantDay')
    .selectAll()
    .where('tenantId', '=', tenantId)
    .where('localDate', '>=', from)
    .where('localDate', '<', to)
    .orderBy('localDate')
    .execute();
}

/** The newest rate card, when somebody opens an account without naming one. */
export async function newestRateCard(db: Executor<TenantDatabase>): Promise<string | null> {
  const row = await db
    .selectFrom('billing.plan')
    .select('id')
    .where('kind', '=', 'RATE_CARD')
    .orderBy('createdAt', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row?.id ?? null;
}

export async function insertUsageLine(
  transaction: Transaction<TenantDatabase>,
  line: { readonly id: string; readonly customerId: string },
): Promise<void> {
  await transaction
    .insertInto('billing.serviceLine')
    .values(line)
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

/** The average, rounded half up, of the last so many counts of every ISP on a rate card; those without any are left out. */
export async function averageCounts(
  db: Executor<TenantDatabase>,
  planId: string,
  days: number,
): Promise<{ readonly customerId: string; readonly tenantId: string; readonly subscribers: bigint }[]> {
  const { rows } = await sql<{ customerId: string; tenantId: string; subscribers: bigint }>`
    select customer_id as "customerId", tenant_id as "tenantId", round(last.average)::bigint as subscribers
    from billing.account a
    cross join lateral (select avg(active_subscribers) as average from (
      select active_subscribers from billing.tenant_day d where d.tenant_id = a.tenant_id
      order by local_date desc limit ${days}) newest) last
    where rate_card_plan_id = ${planId} and last.average is not null order by customer_id`.execute(db);
  return rows;
}
