import type { TenantDatabase } from '@dotmac/migrations';
import { sql, type Transaction } from 'kysely';

/** A reading is written that much later than it was taken, at the most. */
const latenessMilliseconds = 180_000;

const steps = [
  { resolution: 'hour', width: '1 hour', from: 'sensor_sample' },
  { resolution: 'day', width: '1 day', from: 'sensor_sample_hour' },
] as const;

/** Brings means and extremes up to now, from where they stopped: each span once it is over, in the transaction that notes it. */
export async function rollUpSensors(transaction: Transaction<TenantDatabase>, now: number): Promise<void> {
  for (const { resolution, width, from } of steps) {
    const finest = from === 'sensor_sample';
    const ready = finest
      ? sql`${new Date(now - latenessMilliseconds)}::timestamptz`
      : sql`coalesce((select until from network.sensor_sample_progress where resolution = 'hour'), '-infinity')`;
    const columns = finest
      ? sql`count(*)::integer, avg(r.value), min(r.value), max(r.value)`
      : sql`sum(r.samples)::integer, sum(r.mean * r.samples) / sum(r.samples), min(r.min), max(r.max)`;
    await sql`
      with span as materialized (
        select coalesce((select until from network.sensor_sample_progress where resolution = ${resolution} for update), '-infinity') as since,
          case when isfinite(${ready}) then date_bin(${width}::interval, ${ready}, '2000-01-01 00:00Z') else '-infinity' end as until
      ), rolled as (
        insert into ${sql.table(`network.sensor_sample_${resolution}`)} (sensor_id, at, samples, mean, min, max)
        select r.sensor_id, date_bin(${width}::interval, r.at, '2000-01-01 00:00Z'), ${columns}
        from ${sql.table(`network.${from}`)} r, span where r.at >= span.since and r.at < span.until
        group by 1, 2
        on conflict (sensor_id, at) do update set samples = excluded.samples, mean = excluded.mean, min = excluded.min, max = excluded.max
      )
      insert into network.sensor_sample_progress (resolution, until)
      select ${resolution}, until from span where until > since
      on conflict (resolution) do update set until = excluded.until`.execute(transaction);
  }
}
