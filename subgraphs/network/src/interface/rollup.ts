import type { TenantDatabase } from '@dotmac/migrations';
import type { Executor } from '@dotmac/platform';
import { sql, type Transaction } from 'kysely';
import type { NetworkServices } from '../builder.ts';
import { rollUpSensors } from '../sensor/rollup.ts';

/** A poll writes its rates that much later than it read them, at the most. */
const latenessMilliseconds = 60_000;
const lookMilliseconds = 30_000;

/** Each step, from the finer rates to the coarser. */
const steps = [
  { resolution: 'five_minutes', width: '5 minutes', from: 'interface_rate' },
  { resolution: 'hour', width: '1 hour', from: 'interface_rate_five_minutes' },
  { resolution: 'day', width: '1 day', from: 'interface_rate_hour' },
] as const;

/**
 * Brings means and peaks up to now, from where they stopped: each span once it is over, in the transaction that notes
 * it. Spans in which nothing was measured have no row.
 */
export async function rollUp(transaction: Transaction<TenantDatabase>, now: number): Promise<void> {
  await keepParts(transaction, now);
  for (const { resolution, width, from } of steps) {
    const finer = from === 'interface_rate';
    const ready = finer
      ? sql`${new Date(now - latenessMilliseconds)}::timestamptz`
      : sql`coalesce((select until from network.interface_rate_progress where resolution = ${from.slice('interface_rate_'.length)}), '-infinity')`;
    const source = sql.table(`network.${from}`);
    const target = sql.table(`network.interface_rate_${resolution}`);
    const mean = (direction: 'in' | 'out') =>
      finer
        ? sql`round(avg(r.${sql.ref(`${direction}_bits_per_second`)}))::bigint`
        : sql`round(sum(r.${sql.ref(`${direction}_mean`)}::numeric * r.samples) / sum(r.samples))::bigint`;
    const max = (direction: 'in' | 'out') =>
      sql`max(r.${sql.ref(`${direction}_${finer ? 'bits_per_second' : 'max'}`)})::bigint`;
    const samples = finer ? sql`count(*)::integer` : sql`sum(r.samples)::integer`;
    await sql`
      with span as materialized (
        select coalesce((select until from network.interface_rate_progress where resolution = ${resolution} for update), '-infinity') as since,
          case when isfinite(${ready}) then date_bin(${width}::interval, ${ready}, '2000-01-01 00:00Z') else '-infinity' end as until
      ), rolled as (
        insert into ${target} (interface_id, at, samples, in_mean, in_max, out_mean, out_max)
        select r.interface_id, date_bin(${width}::interval, r.at, '2000-01-01 00:00Z'), ${samples}, ${mean('in')}, ${max('in')}, ${mean('out')}, ${max('out')}
        from ${source} r, span where r.at >= span.since and r.at < span.until
        group by 1, 2
        on conflict (interface_id, at) do update set samples = excluded.samples, in_mean = excluded.in_mean,
          in_max = excluded.in_max, out_mean = excluded.out_mean, out_max = excluded.out_max
      )
      insert into network.interface_rate_progress (resolution, until)
      select ${resolution}, until from span where until > since
      on conflict (resolution) do update set until = excluded.until`.execute(transaction);
  }
}

/** Makes room for what comes, and drops what has been kept long enough. */
async function keepParts(db: Executor<TenantDatabase>, now: number): Promise<void> {
  await sql`select network.keep_rate_parts(${new Date(now)})`.execute(db);
}

/**
 * Rolls up twice a minute until the signal aborts; what an outage left out is made up for. Resolves when there is room for
 * what comes: a row that is written while its part is being made would belong nowhere.
 */
export async function keepRolling(
  { database, clock, logger }: NetworkServices,
  signal: AbortSignal,
): Promise<void> {
  await keepParts(database, clock.now());
  let working = false;
  const look = () => {
    if (working) return;
    working = true;
    database
      .transaction()
      .execute(async (transaction) => {
        const now = clock.now();
        await rollUp(transaction, now);
        await rollUpSensors(transaction, now);
      })
      .catch((error: unknown) => {
        if (!signal.aborted) logger.warn({ error }, 'the means of rates wait for the next look');
      })
      .finally(() => {
        working = false;
      });
  };
  look();
  const timer = setInterval(look, lookMilliseconds);
  signal.addEventListener('abort', () => clearInterval(timer), { once: true });
}
