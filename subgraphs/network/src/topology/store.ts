import type { TenantDatabase } from '@dotmac/migrations';
import type { Executor } from '@dotmac/platform';
import { type Selectable, sql, type Transaction } from 'kysely';
import { Topology } from './rules.ts';

export type DeviceLink = Omit<Selectable<TenantDatabase['network.deviceLink']>, 'source'> & {
  readonly source: 'MANUAL' | 'LLDP';
};

/** All links in one query: an ISP has as many as it has devices, and every question about ways needs most of them. */
export async function topology(db: Executor<TenantDatabase>): Promise<Topology> {
  return new Topology(
    await db
      .selectFrom('network.deviceLink')
      .select(['childId', 'parentId'])
      .orderBy('createdAt')
      .orderBy('parentId')
      .execute(),
  );
}

export async function deviceLinks(db: Executor<TenantDatabase>): Promise<DeviceLink[]> {
  return (await db
    .selectFrom('network.deviceLink')
    .selectAll()
    .orderBy('createdAt')
    .execute()) as DeviceLink[];
}

/** Changes of links wait for each other, so that two at once cannot close a circle. */
export async function lockTopology(transaction: Transaction<TenantDatabase>): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtext('network.device_link'))`.execute(transaction);
}

export async function insertLink(
  transaction: Transaction<TenantDatabase>,
  link: Pick<DeviceLink, 'childId' | 'parentId' | 'source' | 'createdAt'>,
): Promise<void> {
  await transaction
    .insertInto('network.deviceLink')
    .values(link)
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

/** @returns whether there was such a link. */
export async function deleteLink(
  transaction: Transaction<TenantDatabase>,
  link: Pick<DeviceLink, 'childId' | 'parentId'>,
): Promise<boolean> {
  const { numDeletedRows } = await transaction
    .deleteFrom('network.deviceLink')
    .where('childId', '=', link.childId)
    .where('parentId', '=', link.parentId)
    .executeTakeFirstOrThrow();
  return numDeletedRows > 0n;
}

/** Says where services are connected; null takes the word back. */
export async function attachService(
  transaction: Transaction<TenantDatabase>,
  { serviceId, deviceId, source, attachedAt }: ServiceAttachment,
): Promise<void> {
  if (deviceId === null) {
    await transaction.deleteFrom('network.serviceAttachment').where('serviceId', '=', serviceId).execute();
    return;
  }
  await transaction
    .insertInto('network.serviceAttachment')
    .values({ serviceId, deviceId, source, attachedAt })
    .onConflict((conflict) => conflict.column('serviceId').doUpdateSet({ deviceId, source, attachedAt }))
    .execute();
}

export interface ServiceAttachment {
  readonly serviceId: string;
  readonly deviceId: string | null;
  readonly source: string;
  readonly attachedAt: Date;
}

export interface Serving {
  readonly serviceId: string;
  /** Where the service is connected: as somebody said, otherwise as it is seen, otherwise where its subscriber logs in. */
  readonly deviceId: string | null;
}

export async function servingDevices(
  db: Executor<TenantDatabase>,
  serviceIds: readonly string[],
): Promise<Serving[]> {
  const { rows } = await sql<Serving>`
    select a.service_id as "serviceId", coalesce(t.device_id, p.device_id, a.device_id) as "deviceId"
    from network.access a left join network.service_attachment t on t.service_id = a.service_id
    left join network.service_place p on p.service_id = a.service_id and p.via <> 'NAS_PORT'
    where a.service_id = any(${[...serviceIds]}::text[])`.execute(db);
  return rows;
}

/** The open services that are connected at these devices; vouchers, which are nobody's service, are left out. */
export function servicesAt(deviceIds: readonly string[]) {
  return sql<{ serviceId: string }>`select service_id from (${servedAt(deviceIds)}) as served`;
}

/** The same with the device of each. */
export function servedAt(deviceIds: readonly string[]) {
  const ids = [...deviceIds];
  return sql<{ serviceId: string; deviceId: string }>`
    select a.service_id, a.device_id from network.access a
    where a.closed_at is null and a.customer_id <> a.service_id and a.device_id = any(${ids}::text[])
      and not exists (select from network.service_attachment t where t.service_id = a.service_id)
      and not exists (select from network.service_place p where p.service_id = a.service_id and p.via <> 'NAS_PORT' and p.device_id is not null)
    union all
    select p.service_id, p.device_id from network.service_place p join network.access a on a.service_id = p.service_id
    where a.closed_at is null and p.device_id = any(${ids}::text[]) and p.via <> 'NAS_PORT'
      and not exists (select from network.service_attachment t where t.service_id = p.service_id)
    union all
    select t.service_id, t.device_id from network.service_attachment t join network.access a on a.service_id = t.service_id
    where a.closed_at is null and t.device_id = any(${ids}::text[])`;
}

/** The newest word of a live session through each device, if any came after an instant and it is not stale. */
export async function newestSessionWords(
  db: Executor<TenantDatabase>,
  deviceIds: readonly string[],
  heard: { readonly after: Date; readonly now: Date; readonly intervals: number },
): Promise<{ deviceId: string; username: string; at: Date; sessions: number }[]> {
  if (deviceIds.length === 0) return [];
  const ids = [...deviceIds];
  const { rows } = await sql<{ deviceId: string; username: string; at: Date; sessions: number }>`
    select d.device_id as "deviceId", (array_agg(s.username order by s.updated_at desc))[1] as username,
      max(s.updated_at) as at, count(*)::integer as sessions
    from network.session s
    join network.nas n on n.id = s.nas_id
    left join network.service_attachment t on t.service_id = s.service_id
    left join network.service_place p on p.service_id = s.service_id and p.via <> 'NAS_PORT'
    cross join lateral (select coalesce(t.device_id, p.device_id, s.device_id) as device_id) d
    where s.stopped_at is null and s.updated_at > ${heard.after}
      and s.updated_at > ${heard.now}::timestamptz - make_interval(secs => ${heard.intervals}::float8 * n.interim_interval_seconds)
      and (s.device_id = any(${ids}::text[]) or t.device_id = any(${ids}::text[]) or p.device_id = any(${ids}::text[]))
      and d.device_id = any(${ids}::text[])
    group by d.device_id`.execute(db);
  return rows;
}
