import type { TenantDatabase } from '@dotmac/migrations';
import type { Executor } from '@dotmac/platform';
import { type Selectable, sql, type Transaction } from 'kysely';
import type { TrafficPlan, WindowWanted } from './traffic.ts';

export type NetworkInterface = Selectable<TenantDatabase['network.interface']>;
export type InterfaceRate = Selectable<TenantDatabase['network.interfaceRate']>;

export async function interfacesById(
  db: Executor<TenantDatabase>,
  ids: readonly string[],
): Promise<NetworkInterface[]> {
  return db.selectFrom('network.interface').selectAll().where('id', 'in', ids).execute();
}

export async function allInterfaces(db: Executor<TenantDatabase>): Promise<NetworkInterface[]> {
  return db.selectFrom('network.interface').selectAll().orderBy('deviceId').orderBy('name').execute();
}

export async function interfacesOfDevices(
  db: Executor<TenantDatabase>,
  deviceIds: readonly string[],
): Promise<NetworkInterface[]> {
  return db
    .selectFrom('network.interface')
    .selectAll()
    .where('deviceId', 'in', deviceIds)
    .orderBy('name')
    .execute();
}

/** The latest rates of each interface, newest first. */
export async function ratesOfInterfaces(
  db: Executor<TenantDatabase>,
  interfaceIds: readonly string[],
): Promise<InterfaceRate[]> {
  const { rows } = await sql<InterfaceRate>`
    select r.interface_id as "interfaceId", r.at, r.in_bits_per_second as "inBitsPerSecond", r.out_bits_per_second as "outBitsPerSecond"
    from unnest(${[...interfaceIds]}::text[]) as i (id)
    cross join lateral (
      select * from network.interface_rate where interface_id = i.id order by at desc limit 120
    ) r order by r.interface_id, r.at desc`.execute(db);
  return rows;
}

/** A port as it is written; numbers of any size as text. */
export interface InterfaceRow {
  readonly id: string;
  readonly deviceId: string;
  readonly stableKey: string;
  readonly name: string;
  readonly alias: string | null;
  readonly mac: string | null;
  readonly mtu: number | null;
  readonly speedBitsPerSecond: string | null;
  readonly adminStatus: string | null;
  readonly operStatus: string | null;
  /** ISO 8601. */
  readonly operStatusSince: string | null;
  readonly inOctets: string | null;
  readonly outOctets: string | null;
  readonly counterBits: number | null;
  readonly countersAt: string | null;
  readonly countersUptimeSeconds: number | null;
  readonly inBitsPerSecond: string | null;
  readonly outBitsPerSecond: string | null;
  readonly seenAt: string;
}

/** Writes all ports of a device in one statement. */
export async function upsertInterfaces(
  transaction: Transaction<TenantDatabase>,
  rows: readonly InterfaceRow[],
): Promise<void> {
  if (rows.length === 0) return;
  await sql`
    insert into network.interface (id, device_id, stable_key, name, alias, mac, mtu, speed_bits_per_second, admin_status,
      oper_status, oper_status_since, in_octets, out_octets, counter_bits, counters_at, counters_uptime_seconds,
      in_bits_per_second, out_bits_per_second, seen_at)
    select r->>'id', r->>'deviceId', r->>'stableKey', r->>'name', r->>'alias', r->>'mac', (r->>'mtu')::integer,
      (r->>'speedBitsPerSecond')::numeric, r->>'adminStatus', r->>'operStatus', (r->>'operStatusSince')::timestamptz,
      (r->>'inOctets')::numeric, (r->>'outOctets')::numeric, (r->>'counterBits')::smallint,
      (r->>'countersAt')::timestamptz, (r->>'countersUptimeSeconds')::double precision, (r->>'inBitsPerSecond')::numeric,
      (r->>'outBitsPerSecond')::numeric, (r->>'seenAt')::timestamptz
    from jsonb_array_elements(${JSON.stringify(rows)}::jsonb) as t (r)
    on conflict (device_id, stable_key) do update set name = excluded.name, alias = excluded.alias, mac = excluded.mac,
      mtu = excluded.mtu, speed_bits_per_second = excluded.speed_bits_per_second, admin_status = excluded.admin_status,
      oper_status = excluded.oper_status, oper_status_since = excluded.oper_status_since, in_octets = excluded.in_octets,
      out_octets = excluded.out_octets, counter_bits = excluded.counter_bits, counters_at = excluded.counters_at,
      counters_uptime_seconds = excluded.counters_uptime_seconds, in_bits_per_second = excluded.in_bits_per_second,
      out_bits_per_second = excluded.out_bits_per_second, seen_at = excluded.seen_at`.execute(transaction);
}

export async function insertRates(
  transaction: Transaction<TenantDatabase>,
  rates: readonly {
    readonly interfaceId: string;
    readonly at: Date;
    readonly inBitsPerSecond: string;
    readonly outBitsPerSecond: string;
  }[],
): Promise<void> {
  if (rates.length === 0) return;
  await transaction
    .insertInto('network.interfaceRate')
    .values([...rates])
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

/** What passed a port in a span of a window, as the port sees it. Bit/s. */
export interface TrafficPoint {
  readonly at: Date;
  readonly inMean: bigint;
  readonly inMax: bigint;
  readonly outMean: bigint;
  readonly outMax: bigint;
}

/** The points of a window in order; spans in which nothing was measured have none. */
export async function trafficOf(
  db: Executor<TenantDatabase>,
  interfaceId: string,
  { from, to }: WindowWanted,
  { source, bucketSeconds }: TrafficPlan,
): Promise<TrafficPoint[]> {
  const bucket = sql`date_bin(make_interval(secs => ${bucketSeconds}), at, to_timestamp(0))`;
  const table = sql.table(
    source === 'reading' ? 'network.interface_rate' : `network.interface_rate_${source}`,
  );
  const columns =
    source === 'reading'
      ? sql`round(avg(in_bits_per_second))::bigint as "inMean", max(in_bits_per_second)::bigint as "inMax",
          round(avg(out_bits_per_second))::bigint as "outMean", max(out_bits_per_second)::bigint as "outMax"`
      : sql`round(sum(in_mean::numeric * samples) / sum(samples))::bigint as "inMean", max(in_max) as "inMax",
          round(sum(out_mean::numeric * samples) / sum(samples))::bigint as "outMean", max(out_max) as "outMax"`;
  const { rows } = await sql<TrafficPoint>`
    select ${bucket} as at, ${columns} from ${table}
    where interface_id = ${interfaceId} and at >= ${new Date(from)} and at < ${new Date(to)}
    group by 1 order by 1`.execute(db);
  return rows;
}

/** The 95th percentiles of a window, from means over five minutes as transit is billed; null without any. Bit/s. */
export async function percentile95Of(
  db: Executor<TenantDatabase>,
  interfaceId: string,
  { from, to }: WindowWanted,
): Promise<{ in: bigint; out: bigint; samples: number } | null> {
  const { rows } = await sql<{ in: bigint | null; out: bigint | null; samples: number }>`
    select percentile_disc(0.95) within group (order by in_mean) as "in",
      percentile_disc(0.95) within group (order by out_mean) as "out", count(*)::integer as samples
    from network.interface_rate_five_minutes
    where interface_id = ${interfaceId} and at >= ${new Date(from)} and at < ${new Date(to)}`.execute(db);
  const [row] = rows;
  return row === undefined || row.in === null || row.out === null
    ? null
    : { in: row.in, out: row.out, samples: row.samples };
}

/** Whose state raises an alarm. */
export async function setMonitored(
  db: Executor<TenantDatabase>,
  interfaceId: string,
  monitored: boolean,
): Promise<boolean> {
  const { rows } = await sql`
    update network.interface set monitored = ${monitored} where id = ${interfaceId} returning id`.execute(db);
  return rows.length === 1;
}
