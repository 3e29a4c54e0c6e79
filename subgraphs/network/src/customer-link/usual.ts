import type { TenantDatabase } from '@dotmac/migrations';
import type { Executor } from '@dotmac/platform';
import { sql, type Transaction } from 'kysely';

/** A day with fewer samples says nothing: an hourly reading gives 24. */
const leastSamples = 6;
/** Days of which the median is taken, and how far back they may lie. */
const days = 7;
const daysBack = 14;
/** What is usual is known after this many days. */
const leastDays = 2;
const keptDays = 62;

/** How a customer's levels usually are: the median over days of each day's median. Null: not known. */
export interface UsualLevels {
  readonly serviceId: string;
  readonly signalDbm: number | null;
  readonly rxPowerDbm: number | null;
  readonly lineRxPowerDbm: number | null;
}

/** Takes down the medians of days (UTC) that are over and not yet written; a day left out is made up for within a week. */
export async function noteLevelDays(transaction: Transaction<TenantDatabase>, now: Date): Promise<void> {
  const median = (column: string) => sql`percentile_cont(0.5) within group (order by ${sql.ref(column)})`;
  await sql`
    with span as materialized (
      select greatest(coalesce((select max(day) + 1 from network.customer_level_day), '-infinity'::date), (${now}::timestamptz at time zone 'UTC')::date - 8) as since,
        (${now}::timestamptz at time zone 'UTC')::date as until
    )
    insert into network.customer_level_day (service_id, day, signal_dbm, rx_power_dbm, line_rx_power_dbm)
    select service_id, (at at time zone 'UTC')::date, ${median('signal_dbm')}, ${median('rx_power_dbm')}, ${median('line_rx_power_dbm')}
    from network.customer_sample, span
    where at >= span.since::timestamp at time zone 'UTC' and at < span.until::timestamp at time zone 'UTC'
    group by 1, 2 having count(*) >= ${leastSamples}
    on conflict do nothing`.execute(transaction);
  await sql`delete from network.customer_level_day where day < (${now}::timestamptz at time zone 'UTC')::date - ${keptDays}::integer`.execute(
    transaction,
  );
}

/**
 * What is usual for each of these services; those of whom too little is known are left out. While somebody is told of a fall,
 * the days before it count, so that a lasting fall does not become usual.
 */
export async function usualLevels(
  db: Executor<TenantDatabase>,
  serviceIds: readonly string[],
  now: Date,
): Promise<ReadonlyMap<string, UsualLevels>> {
  if (serviceIds.length === 0) return new Map();
  const median = (column: string) => sql`percentile_cont(0.5) within group (order by d.${sql.ref(column)})`;
  const { rows } = await sql<UsualLevels>`
    select s.id as "serviceId", ${median('signal_dbm')} as "signalDbm", ${median('rx_power_dbm')} as "rxPowerDbm",
      ${median('line_rx_power_dbm')} as "lineRxPowerDbm"
    from unnest(${[...serviceIds]}::text[]) as s (id)
    cross join lateral (
      select coalesce(min(a.raised_at), ${now}::timestamptz) as at from network.alarm a join network.alarm_rule r on r.id = a.rule_id
      where a.service_id = s.id and a.cleared_at is null and r.metric like '%\\_FALL\\_DB'
    ) before
    cross join lateral (
      select * from network.customer_level_day l where l.service_id = s.id and l.day < (before.at at time zone 'UTC')::date
        and l.day >= (before.at at time zone 'UTC')::date - ${daysBack}::integer order by l.day desc limit ${days}
    ) d
    group by s.id having count(*) >= ${leastDays}`.execute(db);
  return new Map(rows.map((row) => [row.serviceId, row]));
}
