import type { NeighborId } from '@dotmac/device';
import type { TenantDatabase } from '@dotmac/migrations';
import { type Executor, type Page, pageBy } from '@dotmac/platform';
import { type Insertable, type Selectable, sql, type Transaction, type Updateable } from 'kysely';
import { Directory, type KnownPort, type KnownSystem } from './match.ts';
import type { LinkState } from './rules.ts';

export type NeighborRow = Omit<
  Selectable<TenantDatabase['network.neighbor']>,
  'chassisKind' | 'remotePortKind'
> & {
  readonly chassisKind: NeighborId['kind'] | null;
  readonly remotePortKind: NeighborId['kind'] | null;
};
export type NetworkLink = Omit<Selectable<TenantDatabase['network.link']>, 'state' | 'decision'> & {
  readonly state: LinkState;
  readonly decision: 'CONFIRMED' | 'REJECTED' | null;
};

/** Every registered device as others may hear it. */
export async function directoryOf(db: Executor<TenantDatabase>): Promise<Directory> {
  const { rows } = await sql<Omit<KnownSystem, 'ports'> & { ports: readonly KnownPort[] | null }>`
    with resolved as materialized (
      select m.device_id, array_agg(distinct r.mac) as macs
      from network.management_address m join network.resolved_address r on host(r.address) = m.host group by m.device_id
    )
    select d.id as "deviceId", d.name, d.chassis, coalesce(resolved.macs, '{}') as "resolvedMacs", d.system_name as "systemName",
      array(select host from network.management_address where device_id = d.id) as addresses,
      (select jsonb_agg(jsonb_build_object('id', i.id, 'stableKey', i.stable_key, 'name', i.name, 'alias', i.alias, 'mac', i.mac))
        from network.interface i where i.device_id = d.id) as ports
    from network.device d left join resolved on resolved.device_id = d.id`.execute(db);
  return new Directory(rows.map((row) => ({ ...row, ports: row.ports ?? [] })));
}

export async function allNeighbors(db: Executor<TenantDatabase>): Promise<NeighborRow[]> {
  return (await db.selectFrom('network.neighbor').selectAll().orderBy('deviceId').execute()) as NeighborRow[];
}

export async function neighborsOfDevices(
  db: Executor<TenantDatabase>,
  deviceIds: readonly string[],
): Promise<NeighborRow[]> {
  return (await db
    .selectFrom('network.neighbor')
    .selectAll()
    .where('deviceId', 'in', deviceIds)
    .orderBy('portName')
    .orderBy('key')
    .execute()) as NeighborRow[];
}

/** The devices at the other end of what is plugged into ports, by confirmed links. */
export async function farEndsOfPorts(
  db: Executor<TenantDatabase>,
  interfaceIds: readonly string[],
): Promise<{ interfaceId: string; deviceId: string }[]> {
  if (interfaceIds.length === 0) return [];
  const ids = [...interfaceIds];
  const { rows } = await sql<{ interfaceId: string; deviceId: string }>`
    select a_interface_id as "interfaceId", b_device_id as "deviceId" from network.link
    where state = 'CONFIRMED' and a_interface_id = any(${ids}::text[])
    union
    select b_interface_id, a_device_id from network.link
    where state = 'CONFIRMED' and b_interface_id = any(${ids}::text[])`.execute(db);
  return rows;
}

/** Makes the list of whom a device hears that of a complete reading: who is not in it is gone since now. */
export async function replaceNeighbors(
  transaction: Transaction<TenantDatabase>,
  deviceId: string,
  neighbors: readonly Insertable<TenantDatabase['network.neighbor']>[],
  now: Date,
): Promise<void> {
  await sql`
    insert into network.neighbor (device_id, key, protocol, interface_id, port_name, chassis_kind, chassis, remote_port_kind,
      remote_port, remote_port_description, system_name, addresses, source, first_seen_at, seen_at)
    select ${deviceId}, r->>'key', r->>'protocol', r->>'interfaceId', r->>'portName', r->>'chassisKind', r->>'chassis',
      r->>'remotePortKind', r->>'remotePort', r->>'remotePortDescription', r->>'systemName',
      array(select jsonb_array_elements_text(r->'addresses')), r->>'source', ${now}, ${now}
    from jsonb_array_elements(${JSON.stringify(neighbors)}::jsonb) as t (r)
    on conflict (device_id, key) do update set interface_id = excluded.interface_id, port_name = excluded.port_name,
      remote_port_description = excluded.remote_port_description, system_name = excluded.system_name,
      addresses = excluded.addresses, source = excluded.source, seen_at = excluded.seen_at, gone_since = null`.execute(
    transaction,
  );
  await transaction
    .updateTable('network.neighbor')
    .set({ goneSince: now })
    .where('deviceId', '=', deviceId)
    .where('goneSince', 'is', null)
    .where('seenAt', '<', now)
    .execute();
}

export async function setMatch(
  transaction: Transaction<TenantDatabase>,
  { deviceId, key }: Pick<NeighborRow, 'deviceId' | 'key'>,
  match: Updateable<TenantDatabase['network.neighbor']>,
): Promise<void> {
  await transaction
    .updateTable('network.neighbor')
    .set(match)
    .where('deviceId', '=', deviceId)
    .where('key', '=', key)
    .execute();
}

export async function forgetNeighborsBefore(
  transaction: Transaction<TenantDatabase>,
  before: Date,
): Promise<void> {
  await transaction.deleteFrom('network.neighbor').where('goneSince', '<', before).execute();
}

export async function allLinks(db: Executor<TenantDatabase>): Promise<NetworkLink[]> {
  return (await db.selectFrom('network.link').selectAll().orderBy('id').execute()) as NetworkLink[];
}

export async function linksOfDevices(
  db: Executor<TenantDatabase>,
  deviceIds: readonly string[],
): Promise<(NetworkLink & { readonly of: string })[]> {
  const { rows } = await sql<{ of: string; id: string }>`
    select d.id as of, l.id from unnest(${[...deviceIds]}::text[]) as d (id)
    join network.link l on d.id in (l.a_device_id, l.b_device_id) order by l.id`.execute(db);
  const links = new Map(
    (
      await linksById(
        db,
        rows.map(({ id }) => id),
      )
    ).map((link) => [link.id, link]),
  );
  return rows.flatMap(({ of, id }) => {
    const link = links.get(id);
    return link === undefined ? [] : [{ ...link, of }];
  });
}

export async function linksById(
  db: Executor<TenantDatabase>,
  ids: readonly string[],
): Promise<NetworkLink[]> {
  if (ids.length === 0) return [];
  return (await db.selectFrom('network.link').selectAll().where('id', 'in', ids).execute()) as NetworkLink[];
}

export async function insertNetworkLink(
  transaction: Transaction<TenantDatabase>,
  link: Insertable<TenantDatabase['network.link']>,
): Promise<void> {
  await transaction.insertInto('network.link').values(link).execute();
}

export async function updateNetworkLink(
  transaction: Transaction<TenantDatabase>,
  id: string,
  change: Updateable<TenantDatabase['network.link']>,
): Promise<NetworkLink> {
  return (await transaction
    .updateTable('network.link')
    .set(change)
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirstOrThrow()) as NetworkLink;
}

export async function deleteNetworkLinks(
  transaction: Transaction<TenantDatabase>,
  ids: readonly string[],
): Promise<void> {
  if (ids.length > 0) await transaction.deleteFrom('network.link').where('id', 'in', ids).execute();
}

/** A page of links, newest first by id. */
export async function linkPage(
  db: Executor<TenantDatabase>,
  page: Page & {
    readonly states?: readonly LinkState[] | null | undefined;
  },
): Promise<NetworkLink[]> {
  let query = pageBy(db.selectFrom('network.link').selectAll(), 'id', 'desc', page);
  if (page.states != null) query = query.where('state', 'in', page.states);
  return (await query.execute()) as NetworkLink[];
}

/** The devices that are said to be the way out, and those at which subscribers log in. */
export async function waysOut(
  db: Executor<TenantDatabase>,
): Promise<{ readonly marked: readonly string[]; readonly nas: readonly string[] }> {
  const { rows } = await sql<{ marked: string[]; nas: string[] }>`
    select array(select id from network.device where gateway) as marked,
      array(select device_id from network.nas where enabled and device_id is not null) as nas`.execute(db);
  return rows[0] ?? { marked: [], nas: [] };
}
