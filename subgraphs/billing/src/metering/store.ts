import type { TenantDatabase } from '@dotmac/migrations';
import type { Executor } from '@dotmac/platform';
import { type Selectable, sql, type Transaction } from 'kysely';
import type { Account } from '../account/store.ts';
import { formatDay, parseDay } from '../calendar/rules.ts';

export type TenantDay = Selectable<TenantDatabase['billing.tenantDay']>;
export type TenantDayRestatement = Selectable<TenantDatabase['billing.tenantDayRestatement']>;

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

/** A day as it was counted, and what was corrected of it since, oldest first. */
export interface StandingDay extends TenantDay {
  readonly restatements: readonly TenantDayRestatement[];
}

/** Days of [from, to), in order. */
export async function tenantDays(
  db: Executor<TenantDatabase>,
  tenantId: string,
  from: string,
  to: string,
): Promise<StandingDay[]> {
  const days = await db
    .selectFrom('billing.tenantDay')
    .selectAll()
    .where('tenantId', '=', tenantId)
    .where('localDate', '>=', from)
    .where('localDate', '<', to)
    .orderBy('localDate')
    .execute();
  const restated = await db
    .selectFrom('billing.tenantDayRestatement')
    .selectAll()
    .where('tenantId', '=', tenantId)
    .where('localDate', '>=', from)
    .where('localDate', '<', to)
    .orderBy('revision')
    .execute();
  const byDay = Map.groupBy(restated, ({ localDate }) => localDate);
  return days.map((day) => ({ ...day, restatements: byDay.get(day.localDate) ?? [] }));
}

/** The count of a day as it stands, and how often it was corrected; null when it was not counted. */
export async function standingDay(
  db: Executor<TenantDatabase>,
  tenantId: string,
  localDate: string,
): Promise<{ readonly activeSubscribers: number; readonly revision: number } | null> {
  const [day] = await tenantDays(db, tenantId, localDate, formatDay((parseDay(localDate) ?? 0) + 1));
  if (day === undefined) return null;
  const last = day.restatements.at(-1);
  return {
    activeSubscribers: last?.activeSubscribers ?? day.activeSubscribers,
    revision: last?.revision ?? 0,
  };
}

export async function insertRestatement(
  transaction: Transaction<TenantDatabase>,
  restatement: TenantDayRestatement,
): Promise<TenantDayRestatement> {
  return transaction
    .insertInto('billing.tenantDayRestatement')
    .values(restatement)
    .returningAll()
    .executeTakeFirstOrThrow();
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
      select active_subscribers from billing.standing_tenant_day d where d.tenant_id = a.tenant_id
      order by local_date desc limit ${days}) newest) last
    where rate_card_plan_id = ${planId} and last.average is not null order by customer_id`.execute(db);
  return rows;
}
