import type { TenantDatabase } from '@dotmac/migrations';
import { type Executor, StatementValues } from '@dotmac/platform';
import { type Selectable, sql, type Transaction } from 'kysely';

export type UsageDay = Pick<
  Selectable<TenantDatabase['network.usageDay']>,
  'serviceId' | 'day' | 'downstreamOctets' | 'upstreamOctets' | 'complete'
>;
export type UsageHour = Selectable<TenantDatabase['network.usageHour']>;

/** A session whose counters are ahead of what is counted. */
export interface Due {
  readonly sessionId: string;
  readonly serviceId: string;
  readonly updatedAt: Date;
  readonly downstreamOctets: string;
  readonly upstreamOctets: string;
  readonly countedDownstream: string;
  readonly countedUpstream: string;
  readonly countedUntil: Date;
}

/** One counter of usage in the process group at a time, until the transaction ends. */
export async function lockUsage(transaction: Transaction<TenantDatabase>): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtext('network.usage'))`.execute(transaction);
}

/** Of these sessions, those that are ahead of what is counted. */
export async function dueSessions(
  db: Executor<TenantDatabase>,
  sessionIds: readonly string[],
): Promise<Due[]> {
  const { rows } = await sql<Due>`
    select s.id as "sessionId", s.service_id as "serviceId", s.updated_at as "updatedAt",
      s.downstream_octets as "downstreamOctets", s.upstream_octets as "upstreamOctets",
      coalesce(c.downstream_octets, 0) as "countedDownstream", coalesce(c.upstream_octets, 0) as "countedUpstream",
      coalesce(c.counted_until, s.started_at) as "countedUntil"
    from network.session s left join network.usage_counted c on c.session_id = s.id
    where s.id = any(${[...sessionIds]}::text[]) and s.service_id is not null
      and (s.downstream_octets > coalesce(c.downstream_octets, 0) or s.upstream_octets > coalesce(c.upstream_octets, 0))
    order by s.id`.execute(db);
  return rows;
}

/** Sessions heard of since an instant that are ahead of what is counted: what a crash left behind. */
export async function uncountedSessions(db: Executor<TenantDatabase>, since: Date): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    select s.id from network.session s left join network.usage_counted c on c.session_id = s.id
    where s.service_id is not null and s.updated_at > ${since}
      and (s.downstream_octets > coalesce(c.downstream_octets, 0) or s.upstream_octets > coalesce(c.upstream_octets, 0))`.execute(
    db,
  );
  return rows.map((row) => row.id);
}

export interface UsedHour {
  readonly serviceId: string;
  readonly day: string;
  readonly hour: number;
  readonly downstreamOctets: string;
  readonly upstreamOctets: string;
}

/** Adds usage to its hours and days, and moves the sessions' marks; for the transaction that read them as due. */
export async function addUsage(
  transaction: Transaction<TenantDatabase>,
  due: readonly Due[],
  hours: readonly UsedHour[],
): Promise<void> {
  const values = new StatementValues();
  const text = <T>(rows: readonly T[], pick: (row: T) => string) => values.array('text', rows, pick);
  await values.run(
    transaction,
    `with used as (
      select service_id, day, hour::smallint, down::numeric, up::numeric
      from unnest(${text(hours, (one) => one.serviceId)}, ${values.array('date', hours, (one) => one.day)},
        ${values.array('int', hours, (one) => one.hour)}, ${text(hours, (one) => one.downstreamOctets)},
        ${text(hours, (one) => one.upstreamOctets)}) as row (service_id, day, hour, down, up)
    ), by_hour as (
      insert into network.usage_hour as h (service_id, day, hour, downstream_octets, upstream_octets)
      select * from used on conflict (service_id, day, hour) do update set
        downstream_octets = h.downstream_octets + excluded.downstream_octets,
        upstream_octets = h.upstream_octets + excluded.upstream_octets
    ), counted as (
      insert into network.usage_counted as c (session_id, downstream_octets, upstream_octets, counted_until)
      select id, down::numeric, up::numeric, until from unnest(${text(due, (one) => one.sessionId)},
        ${text(due, (one) => one.downstreamOctets)}, ${text(due, (one) => one.upstreamOctets)},
        ${values.array('timestamptz', due, (one) => one.updatedAt)}) as row (id, down, up, until)
      on conflict (session_id) do update set
        downstream_octets = greatest(c.downstream_octets, excluded.downstream_octets),
        upstream_octets = greatest(c.upstream_octets, excluded.upstream_octets),
        counted_until = greatest(c.counted_until, excluded.counted_until)
    )
    insert into network.usage_day as d (service_id, day, downstream_octets, upstream_octets)
    select service_id, day, sum(down), sum(up) from used group by 1, 2
    on conflict (service_id, day) do update set
      downstream_octets = d.downstream_octets + excluded.downstream_octets,
      upstream_octets = d.upstream_octets + excluded.upstream_octets`,
  );
}

/**
 * Takes the days that the event log is to hear of now: changed ones not told of lately, and those that are over and
 * whose sessions have all told of a time after them. They are marked as told.
 */
export async function takeDaysToTell(
  transaction: Transaction<TenantDatabase>,
  which: {
    readonly touched: readonly { readonly serviceId: string; readonly day: string }[];
    readonly now: Date;
    readonly toldBefore: Date;
    readonly today: string;
    /** When today began, in the time of the sessions. */
    readonly todayBegan: Date;
    readonly limit: number;
  },
): Promise<UsageDay[]> {
  const { touched, now, toldBefore, today, todayBegan, limit } = which;
  const { rows } = await sql<UsageDay>`
    with over as (
      select d.service_id, d.day from network.usage_day d
      where not d.complete and d.day < ${today}::date and not exists (
        select 1 from network.session s
        where s.service_id = d.service_id and s.stopped_at is null and s.updated_at < ${todayBegan})
      limit ${limit}
    ), grown as (
      select d.service_id, d.day from network.usage_day d
      join unnest(${touched.map((one) => one.serviceId)}::text[], ${touched.map((one) => one.day)}::date[]) as t (service_id, day)
        on (t.service_id, t.day) = (d.service_id, d.day)
      where d.complete or d.told_at is null or d.told_at < ${toldBefore}
    )
    update network.usage_day d set told_at = ${now},
      complete = d.complete or exists (select 1 from over o where (o.service_id, o.day) = (d.service_id, d.day))
    where (d.service_id, d.day) in (select * from over union select * from grown)
    returning d.service_id as "serviceId", d.day::text as day, d.downstream_octets as "downstreamOctets",
      d.upstream_octets as "upstreamOctets", d.complete`.execute(transaction);
  return rows;
}

export async function hoursOfDays(
  db: Executor<TenantDatabase>,
  days: readonly Pick<UsageDay, 'serviceId' | 'day'>[],
): Promise<UsageHour[]> {
  if (days.length === 0) return [];
  const { rows } = await sql<UsageHour>`
    select h.service_id as "serviceId", h.day::text as day, h.hour, h.downstream_octets as "downstreamOctets",
      h.upstream_octets as "upstreamOctets"
    from unnest(${days.map((one) => one.serviceId)}::text[], ${days.map((one) => one.day)}::date[]) as t (service_id, day)
    join network.usage_hour h on (h.service_id, h.day) = (t.service_id, t.day)
    order by h.service_id, h.day, h.hour`.execute(db);
  return rows;
}

/** Days of some services, the oldest first; both bounds are included. */
export async function usageOfServices(
  db: Executor<TenantDatabase>,
  serviceIds: readonly string[],
  from: string,
  to: string,
): Promise<UsageDay[]> {
  const { rows } = await sql<UsageDay>`
    select service_id as "serviceId", day::text as day, downstream_octets as "downstreamOctets",
      upstream_octets as "upstreamOctets", complete
    from network.usage_day
    where service_id = any(${[...serviceIds]}::text[]) and day between ${from}::date and ${to}::date
    order by service_id, day`.execute(db);
  return rows;
}

/** Hours and marks that nobody asks for any more go; days stay. */
export async function forgetOldUsage(
  transaction: Transaction<TenantDatabase>,
  hoursBefore: string,
  marksBefore: Date,
): Promise<void> {
  await sql`delete from network.usage_hour where day < ${hoursBefore}::date`.execute(transaction);
  await sql`delete from network.usage_counted c using network.session s
    where s.id = c.session_id and s.stopped_at < ${marksBefore}`.execute(transaction);
}
