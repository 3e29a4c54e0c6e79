import type { TenantDatabase } from '@dotmac/migrations';
import type { Executor } from '@dotmac/platform';
import { type Selectable, sql, type Transaction } from 'kysely';

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

export async function deleteRatesBefore(
  transaction: Transaction<TenantDatabase>,
  before: Date,
): Promise<void> {
  await transaction.deleteFrom('network.interfaceRate').where('at', '<', before).execute();
}
