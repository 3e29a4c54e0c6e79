import type { TenantDatabase } from '@dotmac/migrations';
import type { Executor } from '@dotmac/platform';
import type { UsagePayload } from '@dotmac/schema';
import { type Selectable, sql, type Transaction } from 'kysely';
import { type Day, formatDay } from '../calendar/rules.ts';
import type { TopUp, UsageDay } from './rules.ts';

/** The line of charges of what a service used beyond its cap. */
export const overageLineId = (serviceLineId: string): string => `${serviceLineId}/usage`;

export type TopUpRow = Selectable<TenantDatabase['billing.usageTopUp']>;
export type Allowance = Omit<Selectable<TenantDatabase['billing.usageAllowance']>, 'state'> & {
  readonly state: 'WITHIN' | 'THROTTLED' | 'BLOCKED';
};

/** @returns false when a newer word is known already, or nothing new was said. */
export async function keepUsage(
  transaction: Transaction<TenantDatabase>,
  usage: UsagePayload,
  position: bigint,
): Promise<boolean> {
  const hours =
    usage.hours === undefined
      ? null
      : JSON.stringify(usage.hours.map((one) => [one.hour, one.downstreamOctets, one.upstreamOctets]));
  const { numAffectedRows } = await sql`
    insert into billing.usage_day as known (service_line_id, day, downstream_octets, upstream_octets, hours, complete, source_position)
    values (${usage.serviceId}, ${usage.day}::date, ${usage.downstreamOctets}::bigint, ${usage.upstreamOctets}::bigint,
      ${hours}::jsonb, ${usage.complete}, ${position.toString()}::bigint)
    on conflict (service_line_id, day) do update set downstream_octets = excluded.downstream_octets,
      upstream_octets = excluded.upstream_octets, hours = excluded.hours, complete = excluded.complete,
      source_position = excluded.source_position
    where known.source_position < excluded.source_position
      and (known.downstream_octets, known.upstream_octets, known.hours, known.complete)
        is distinct from (excluded.downstream_octets, excluded.upstream_octets, excluded.hours, excluded.complete)`.execute(
    transaction,
  );
  return numAffectedRows === 1n;
}

/**
 * Makes sure that a service has a line for its overage, and that the periods which a day of usage touches are looked at
 * again: with the next invoice, or today when none is to come.
 */
export async function expectOverage(
  transaction: Transaction<TenantDatabase>,
  service: { readonly lineId: string; readonly customerId: string },
  day: string,
  today: string,
): Promise<void> {
  const id = overageLineId(service.lineId);
  await sql`
    insert into billing.service_line as line (id, customer_id) values (${id}, ${service.customerId})
    on conflict (id) do update set settled_before = ${day}::date where line.settled_before > ${day}::date`.execute(
    transaction,
  );
  await sql`
    update billing.account set next_bill_on = ${today}::date
    where customer_id = ${service.customerId} and next_bill_on is null`.execute(transaction);
}

interface Row {
  readonly lineId: string;
  readonly day: Day;
  readonly downstream: bigint;
  readonly upstream: bigint;
  readonly complete: boolean;
  readonly hours: [number, string, string][] | null;
}

/** What services used from a day on, by service. */
export async function usageOfLines(
  db: Executor<TenantDatabase>,
  lines: readonly { readonly id: string; readonly from: Day }[],
): Promise<Map<string, UsageDay[]>> {
  if (lines.length === 0) return new Map();
  const { rows } = await sql<Row>`
    select u.service_line_id as "lineId", u.day - date '1970-01-01' as day, u.downstream_octets as downstream,
      u.upstream_octets as upstream, u.complete, u.hours
    from unnest(${lines.map(({ id }) => id)}::text[], ${lines.map(({ from }) => formatDay(from))}::date[]) as w (id, from_day)
    join billing.usage_day u on u.service_line_id = w.id and u.day >= w.from_day
    order by u.service_line_id, u.day`.execute(db);
  const days = Map.groupBy(rows, ({ lineId }) => lineId);
  return new Map(
    [...days].map(([id, own]) => [
      id,
      own.map(({ hours, ...day }) => ({
        ...day,
        hours: hours?.map(([hour, down, up]) => [hour, BigInt(down), BigInt(up)] as const) ?? null,
      })),
    ]),
  );
}

export async function topUpsOfLines(
  db: Executor<TenantDatabase>,
  lineIds: readonly string[],
): Promise<Map<string, TopUp[]>> {
  if (lineIds.length === 0) return new Map();
  const { rows } = await sql<TopUp & { lineId: string }>`
    select service_line_id as "lineId", bought_on - date '1970-01-01' as day, octets
    from billing.usage_top_up where service_line_id = any(${lineIds}::text[]) order by bought_on, id`.execute(
    db,
  );
  return Map.groupBy(rows, ({ lineId }) => lineId);
}

/** How far the overage of services is settled, for those that have a line for it. */
export async function overageSettled(
  db: Executor<TenantDatabase>,
  lineIds: readonly string[],
): Promise<Map<string, Day | null>> {
  if (lineIds.length === 0) return new Map();
  const { rows } = await sql<{ id: string; settledBefore: Day | null }>`
    select id, settled_before - date '1970-01-01' as "settledBefore" from billing.service_line
    where id = any(${lineIds.map(overageLineId)}::text[])`.execute(db);
  return new Map(rows.map((row) => [row.id, row.settledBefore]));
}

export async function topUpByReference(
  db: Executor<TenantDatabase>,
  customerId: string,
  reference: string,
): Promise<TopUpRow | null> {
  const row = await db
    .selectFrom('billing.usageTopUp')
    .selectAll()
    .where('customerId', '=', customerId)
    .where('reference', '=', reference)
    .executeTakeFirst();
  return row ?? null;
}

export async function insertTopUp(transaction: Transaction<TenantDatabase>, topUp: TopUpRow): Promise<void> {
  await transaction.insertInto('billing.usageTopUp').values(topUp).execute();
}

export async function allowancesOf(
  db: Executor<TenantDatabase>,
  lineIds: readonly string[],
): Promise<Allowance[]> {
  return (await db
    .selectFrom('billing.usageAllowance')
    .selectAll()
    .where('serviceLineId', 'in', lineIds)
    .execute()) as Allowance[];
}

/** Services that something is asked of the network for; what is asked may end with their period. */
export async function reachedAllowances(
  db: Executor<TenantDatabase>,
): Promise<{ lineId: string; customerId: string }[]> {
  return db
    .selectFrom('billing.usageAllowance as allowance')
    .innerJoin('billing.serviceLine as line', 'line.id', 'allowance.serviceLineId')
    .select(['line.id as lineId', 'line.customerId'])
    .where('allowance.state', '<>', 'WITHIN')
    .orderBy('line.customerId')
    .orderBy('line.id')
    .execute();
}

export async function keepAllowance(
  transaction: Transaction<TenantDatabase>,
  allowance: Allowance,
): Promise<void> {
  const { serviceLineId, ...said } = allowance;
  await transaction
    .insertInto('billing.usageAllowance')
    .values(allowance)
    .onConflict((conflict) => conflict.column('serviceLineId').doUpdateSet(said))
    .execute();
}

/** The customers of these services, for those that are charged. */
export async function customersOfLines(
  db: Executor<TenantDatabase>,
  lineIds: readonly string[],
): Promise<{ lineId: string; customerId: string }[]> {
  return db
    .selectFrom('billing.serviceLine')
    .select(['id as lineId', 'customerId'])
    .where('id', 'in', lineIds)
    .execute();
}
