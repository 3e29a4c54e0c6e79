import type { TenantDatabase } from '@dotmac/migrations';
import type { Executor } from '@dotmac/platform';
import { sql } from 'kysely';
import type { Span, Used } from './rules.ts';

/**
 * What services have used of the day and month around `now`. Sessions live in the time of NASes, days in the tenant's:
 * `aheadMilliseconds` is how far the latter is ahead.
 */
export async function usedOf(
  db: Executor<TenantDatabase>,
  serviceIds: readonly string[],
  now: number,
  span: Span,
  days: { readonly day: string; readonly month: string; readonly aheadMilliseconds: number },
): Promise<Map<string, Used>> {
  if (serviceIds.length === 0) return new Map();
  const at = (business: number) => new Date(business - days.aheadMilliseconds);
  const { rows } = await sql<{
    serviceId: string;
    daySeconds: number;
    monthSeconds: number;
    online: number;
    dayOctets: string;
    monthOctets: string;
    totalOctets: string;
  }>`
    with asked as (select unnest(${[...serviceIds]}::text[]) as id), time as (
      select s.service_id,
        sum(extract(epoch from greatest(interval '0', coalesce(s.stopped_at, ${at(now)}::timestamptz)
          - greatest(s.started_at, ${at(span.dayStart)}::timestamptz))))::float8 as day,
        sum(extract(epoch from greatest(interval '0', coalesce(s.stopped_at, ${at(now)}::timestamptz)
          - greatest(s.started_at, ${at(span.monthStart)}::timestamptz))))::float8 as month,
        count(*) filter (where s.stopped_at is null)::int as online
      from network.session s
      where s.service_id in (select id from asked)
        and (s.stopped_at is null or s.stopped_at > ${at(span.monthStart)})
      group by 1
    ), volume as (
      select d.service_id, sum(d.downstream_octets + d.upstream_octets) as total,
        coalesce(sum(d.downstream_octets + d.upstream_octets) filter (where d.day >= ${days.month}::date), 0) as month,
        coalesce(sum(d.downstream_octets + d.upstream_octets) filter (where d.day = ${days.day}::date), 0) as day
      from network.usage_day d
      where d.service_id in (select id from asked)
      group by 1
    )
    select a.id as "serviceId", coalesce(t.day, 0) as "daySeconds", coalesce(t.month, 0) as "monthSeconds",
      coalesce(t.online, 0) as online, coalesce(v.day, 0)::text as "dayOctets", coalesce(v.month, 0)::text as "monthOctets",
      coalesce(v.total, 0)::text as "totalOctets"
    from asked a left join time t on t.service_id = a.id left join volume v on v.service_id = a.id`.execute(
    db,
  );
  return new Map(
    rows.map(({ serviceId, dayOctets, monthOctets, totalOctets, ...row }) => [
      serviceId,
      {
        ...row,
        at: now,
        span,
        dayOctets: BigInt(dayOctets),
        monthOctets: BigInt(monthOctets),
        totalOctets: BigInt(totalOctets),
      },
    ]),
  );
}
