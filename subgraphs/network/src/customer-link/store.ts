import type { CustomerLink } from '@dotmac/device';
import type { TenantDatabase } from '@dotmac/migrations';
import type { Executor } from '@dotmac/platform';
import { type Selectable, sql, type Transaction } from 'kysely';

export type CustomerLinkRow = Omit<Selectable<TenantDatabase['network.customerLink']>, 'medium'> & {
  readonly medium: CustomerLink['medium'];
};

/** A customer's equipment as it was read, with whose it is. */
export interface SeenLink extends Omit<CustomerLink, 'port'> {
  readonly key: string;
  readonly serviceId: string | null;
  readonly interfaceId: string | null;
  readonly portName: string | null;
}

/**
 * Whose equipment has these MAC addresses and serial numbers: as somebody said, else whose newest session came from it.
 * What several open services have is nobody's.
 */
export async function servicesOfEquipment(
  db: Executor<TenantDatabase>,
  keys: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  if (keys.length === 0) return new Map();
  const list = [...new Set(keys)];
  const { rows } = await sql<{ key: string; serviceId: string }>`
    select key, min(service_id) as "serviceId" from (
      select mac as key, service_id from network.customer_equipment where mac = any(${list}::text[])
      union all select serial, service_id from network.customer_equipment where serial = any(${list}::text[])
      union all select l.mac, l.service_id from network.session_line l where l.mac = any(${list}::text[])
        and not exists (select from network.customer_equipment e where e.mac = l.mac)
    ) k join network.access a using (service_id) where a.closed_at is null
    group by key having count(distinct service_id) = 1`.execute(db);
  return new Map(rows.map(({ key, serviceId }) => [key, serviceId]));
}

function rowOf({ downBitsPerSecond, upBitsPerSecond, ...link }: SeenLink) {
  return {
    ...link,
    downBitsPerSecond: downBitsPerSecond?.toString() ?? null,
    upBitsPerSecond: upBitsPerSecond?.toString() ?? null,
  };
}

/** Makes the equipment registered at a device that of a complete reading: what is not in it is gone since now. */
export async function replaceCustomerLinks(
  transaction: Transaction<TenantDatabase>,
  deviceId: string,
  links: readonly SeenLink[],
  { source, at }: { readonly source: string; readonly at: Date },
): Promise<void> {
  await sql`
    insert into network.customer_link (device_id, key, medium, mac, serial, name, interface_id, port_name, service_id, signal_dbm,
      snr_db, ccq_percent, down_bits_per_second, up_bits_per_second, rx_power_dbm, tx_power_dbm, line_rx_power_dbm,
      distance_meters, source, seen_at)
    select ${deviceId}, r->>'key', r->>'medium', r->>'mac', r->>'serial', r->>'name', r->>'interfaceId', r->>'portName',
      r->>'serviceId', (r->>'signalDbm')::real, (r->>'snrDb')::real, (r->>'ccqPercent')::real,
      (r->>'downBitsPerSecond')::numeric, (r->>'upBitsPerSecond')::numeric, (r->>'rxPowerDbm')::real, (r->>'txPowerDbm')::real,
      (r->>'lineRxPowerDbm')::real, (r->>'distanceMeters')::real, ${source}, ${at}
    from jsonb_array_elements(${JSON.stringify(links.map(rowOf))}::jsonb) as t (r)
    on conflict (device_id, key) do update set medium = excluded.medium, mac = excluded.mac, serial = excluded.serial,
      name = excluded.name, interface_id = excluded.interface_id, port_name = excluded.port_name, service_id = excluded.service_id,
      signal_dbm = excluded.signal_dbm, snr_db = excluded.snr_db, ccq_percent = excluded.ccq_percent,
      down_bits_per_second = excluded.down_bits_per_second, up_bits_per_second = excluded.up_bits_per_second,
      rx_power_dbm = excluded.rx_power_dbm, tx_power_dbm = excluded.tx_power_dbm, line_rx_power_dbm = excluded.line_rx_power_dbm,
      distance_meters = excluded.distance_meters, source = excluded.source, seen_at = excluded.seen_at, gone_since = null`.execute(
    transaction,
  );
  await transaction
    .updateTable('network.customerLink')
    .set({ goneSince: at })
    .where('deviceId', '=', deviceId)
    .where('goneSince', 'is', null)
    .where('seenAt', '<', at)
    .execute();
}

/** Keeps the levels of those whose owner is known. */
export async function writeSamples(
  transaction: Transaction<TenantDatabase>,
  deviceId: string,
  links: readonly SeenLink[],
  at: Date,
): Promise<void> {
  const owned = new Map(
    links.flatMap((link) => (link.serviceId === null ? [] : [[link.serviceId, rowOf(link)]])),
  );
  if (owned.size === 0) return;
  await sql`
    insert into network.customer_sample (service_id, at, device_id, signal_dbm, snr_db, ccq_percent, down_bits_per_second,
      up_bits_per_second, rx_power_dbm, tx_power_dbm, line_rx_power_dbm)
    select r->>'serviceId', ${at}, ${deviceId}, (r->>'signalDbm')::real, (r->>'snrDb')::real, (r->>'ccqPercent')::real,
      (r->>'downBitsPerSecond')::numeric, (r->>'upBitsPerSecond')::numeric, (r->>'rxPowerDbm')::real, (r->>'txPowerDbm')::real,
      (r->>'lineRxPowerDbm')::real
    from jsonb_array_elements(${JSON.stringify([...owned.values()])}::jsonb) as t (r)
    on conflict do nothing`.execute(transaction);
}

/** The equipment of each service that is registered somewhere, newest first. */
export async function customerLinksOfServices(
  db: Executor<TenantDatabase>,
  serviceIds: readonly string[],
): Promise<CustomerLinkRow[]> {
  return (await db
    .selectFrom('network.customerLink')
    .selectAll()
    .where('serviceId', 'in', serviceIds)
    .orderBy('seenAt', 'desc')
    .orderBy('key')
    .execute()) as CustomerLinkRow[];
}

export async function customerLinksOfDevices(
  db: Executor<TenantDatabase>,
  deviceIds: readonly string[],
): Promise<CustomerLinkRow[]> {
  return (await db
    .selectFrom('network.customerLink')
    .selectAll()
    .where('deviceId', 'in', deviceIds)
    .where('goneSince', 'is', null)
    .orderBy('portName')
    .orderBy('key')
    .execute()) as CustomerLinkRow[];
}

/** Means of levels over a span, and the worst. */
export interface LevelPoint {
  readonly at: Date;
  readonly samples: number;
  readonly signalDbm: number | null;
  readonly signalMinDbm: number | null;
  readonly snrDb: number | null;
  readonly ccqPercent: number | null;
  readonly downBitsPerSecond: bigint | null;
  readonly upBitsPerSecond: bigint | null;
  readonly rxPowerDbm: number | null;
  readonly rxPowerMinDbm: number | null;
  readonly txPowerDbm: number | null;
  readonly lineRxPowerDbm: number | null;
}

/** The points of a window in order; spans in which nothing was measured have none. */
export async function levelsOfService(
  db: Executor<TenantDatabase>,
  serviceId: string,
  { from, to, bucketSeconds }: { readonly from: Date; readonly to: Date; readonly bucketSeconds: number },
): Promise<LevelPoint[]> {
  const { rows } = await sql<LevelPoint>`
    select date_bin(make_interval(secs => ${bucketSeconds}), at, to_timestamp(0)) as at, count(*)::integer as samples,
      avg(signal_dbm) as "signalDbm", min(signal_dbm)::double precision as "signalMinDbm", avg(snr_db) as "snrDb",
      avg(ccq_percent) as "ccqPercent", round(avg(down_bits_per_second))::bigint as "downBitsPerSecond",
      round(avg(up_bits_per_second))::bigint as "upBitsPerSecond", avg(rx_power_dbm) as "rxPowerDbm",
      min(rx_power_dbm)::double precision as "rxPowerMinDbm", avg(tx_power_dbm) as "txPowerDbm", avg(line_rx_power_dbm) as "lineRxPowerDbm"
    from network.customer_sample where service_id = ${serviceId} and at >= ${from} and at < ${to}
    group by 1 order by 1`.execute(db);
  return rows;
}
