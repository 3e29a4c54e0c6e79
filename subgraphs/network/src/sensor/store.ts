import type { TenantDatabase } from '@dotmac/migrations';
import type { Executor } from '@dotmac/platform';
import { type Selectable, sql, type Transaction } from 'kysely';
import type { WindowPlan, WindowWanted } from '../interface/traffic.ts';
import type { SensorKind, Severity } from './rules.ts';

export type Sensor = Omit<Selectable<TenantDatabase['network.sensor']>, 'kind' | 'severity'> & {
  readonly kind: SensorKind;
  readonly severity: Severity | null;
};

export async function sensorsOfDevices(
  db: Executor<TenantDatabase>,
  deviceIds: readonly string[],
): Promise<Sensor[]> {
  return (await db
    .selectFrom('network.sensor')
    .selectAll()
    .where('deviceId', 'in', deviceIds)
    .orderBy('kind', 'desc')
    .orderBy('class')
    .orderBy('name')
    .orderBy('id')
    .execute()) as Sensor[];
}

export async function sensorsById(db: Executor<TenantDatabase>, ids: readonly string[]): Promise<Sensor[]> {
  return (await db.selectFrom('network.sensor').selectAll().where('id', 'in', ids).execute()) as Sensor[];
}

/** Parts of devices that are not well. */
export async function ailingSensors(db: Executor<TenantDatabase>): Promise<Sensor[]> {
  return (await db
    .selectFrom('network.sensor')
    .selectAll()
    .where('severity', 'in', ['WARNING', 'CRITICAL'])
    .where('wellAt', 'is not', null)
    .where('goneSince', 'is', null)
    .orderBy('id')
    .execute()) as Sensor[];
}

/** Writes what was read of a device, each as the row it becomes, and a sample of it. */
export async function writeSensors(
  transaction: Transaction<TenantDatabase>,
  rows: readonly Sensor[],
): Promise<void> {
  if (rows.length === 0) return;
  const json = JSON.stringify(rows);
  await sql`
    insert into network.sensor (id, device_id, key, kind, class, name, value, unit, text, severity, severity_since, well_at,
      low_critical, low_warning, high_warning, high_critical, seldom, source, read_at)
    select r->>'id', r->>'deviceId', r->>'key', r->>'kind', r->>'class', r->>'name', (r->>'value')::double precision, r->>'unit',
      r->>'text', r->>'severity', (r->>'severitySince')::timestamptz, (r->>'wellAt')::timestamptz,
      (r->>'lowCritical')::double precision, (r->>'lowWarning')::double precision, (r->>'highWarning')::double precision,
      (r->>'highCritical')::double precision, (r->>'seldom')::boolean, r->>'source', (r->>'readAt')::timestamptz
    from jsonb_array_elements(${json}::jsonb) as t (r)
    on conflict (device_id, key) do update set kind = excluded.kind, class = excluded.class, name = excluded.name,
      value = excluded.value, unit = excluded.unit, text = excluded.text, severity = excluded.severity,
      severity_since = excluded.severity_since, well_at = excluded.well_at, low_critical = excluded.low_critical,
      low_warning = excluded.low_warning, high_warning = excluded.high_warning, high_critical = excluded.high_critical,
      seldom = excluded.seldom, source = excluded.source, read_at = excluded.read_at, gone_since = null`.execute(
    transaction,
  );
  await sql`
    insert into network.sensor_sample (sensor_id, at, value)
    select r->>'id', (r->>'readAt')::timestamptz, (r->>'value')::double precision
    from jsonb_array_elements(${json}::jsonb) as t (r) on conflict do nothing`.execute(transaction);
}

/** The device answers without them since then. */
export async function markGone(
  transaction: Transaction<TenantDatabase>,
  ids: readonly string[],
  at: Date,
): Promise<void> {
  if (ids.length === 0) return;
  await transaction
    .updateTable('network.sensor')
    .set({ goneSince: at })
    .where('id', 'in', ids)
    .where('goneSince', 'is', null)
    .execute();
}

/** Sensors that have been gone since before then, with the alarms about them. */
export async function forgetSensorsGoneBefore(
  transaction: Transaction<TenantDatabase>,
  before: Date,
): Promise<void> {
  await transaction.deleteFrom('network.sensor').where('goneSince', '<', before).execute();
}

/** Readings of a span of a window. */
export interface SensorPoint {
  readonly at: Date;
  readonly mean: number;
  readonly min: number;
  readonly max: number;
}

/** The points of a window in order; spans in which nothing was read have none. */
export async function sensorHistory(
  db: Executor<TenantDatabase>,
  sensorId: string,
  { from, to }: WindowWanted,
  { source, bucketSeconds }: WindowPlan,
): Promise<SensorPoint[]> {
  const table = sql.table(source === 'reading' ? 'network.sensor_sample' : `network.sensor_sample_${source}`);
  const columns =
    source === 'reading'
      ? sql`avg(value) as mean, min(value) as min, max(value) as max`
      : sql`sum(mean * samples) / sum(samples) as mean, min(min) as min, max(max) as max`;
  const { rows } = await sql<SensorPoint>`
    select date_bin(make_interval(secs => ${bucketSeconds}), at, to_timestamp(0)) as at, ${columns} from ${table}
    where sensor_id = ${sensorId} and at >= ${new Date(from)} and at < ${new Date(to)}
    group by 1 order by 1`.execute(db);
  return rows;
}
