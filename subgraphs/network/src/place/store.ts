import type { TenantDatabase } from '@dotmac/migrations';
import type { Executor } from '@dotmac/platform';
import { type Insertable, type Selectable, sql, type Transaction } from 'kysely';
import type { PlaceSource } from './rules.ts';

export type ServicePlace = Omit<Selectable<TenantDatabase['network.servicePlace']>, 'via'> & {
  readonly via: PlaceSource;
};
export type CustomerEquipment = Selectable<TenantDatabase['network.customerEquipment']>;

export interface LineRow {
  readonly serviceId: string;
  readonly nasName: string;
  readonly deviceId: string | null;
  readonly port: string | null;
  readonly circuitId: string | null;
  readonly at: Date;
}

/** The lines of the open services. */
export async function openLines(db: Executor<TenantDatabase>): Promise<LineRow[]> {
  const { rows } = await sql<LineRow>`
    select l.service_id as "serviceId", n.name as "nasName", l.device_id as "deviceId", l.port, l.circuit_id as "circuitId", l.at
    from network.session_line l join network.nas n on n.id = l.nas_id
    join network.access a on a.service_id = l.service_id and a.closed_at is null
    where l.device_id is null or exists (select from network.device d where d.id = l.device_id)`.execute(db);
  return rows;
}

export interface SeenRow {
  readonly serviceId: string;
  readonly via: PlaceSource;
  readonly deviceId: string;
  readonly interfaceId: string | null;
  readonly portName: string | null;
  readonly source: string;
  readonly at: Date;
}

/**
 * Where the equipment of open services is seen: that of their newest session, what somebody said is theirs, and what answers
 * for the address they have now. A MAC address that several services log in with or answer with proves nothing of any of
 * them.
 */
export async function sightingsOfServices(db: Executor<TenantDatabase>): Promise<SeenRow[]> {
  const { rows } = await sql<SeenRow>`
    with address as (
      select service_id, address from network.session where stopped_at is null and service_id is not null and address is not null
      union select service_id, address from network.address where state = 'ASSIGNED'
    ), theirs as (
      select min(service_id) as service_id, key from (
        select l.service_id, l.mac as key from network.session_line l
        where l.mac is not null and not exists (select from network.customer_equipment e where e.mac = l.mac)
        union all select service_id, mac from network.customer_equipment where mac is not null
        union all select service_id, serial from network.customer_equipment where serial is not null
        union all select n.service_id, r.mac from address n join network.resolved_address r on r.address = n.address
          where not exists (select from network.customer_equipment e where e.mac = r.mac)
      ) k join network.access a using (service_id) where a.closed_at is null
      group by key having count(distinct service_id) = 1
    )
    select t.service_id as "serviceId", 'FORWARDING' as via, f.device_id as "deviceId", f.interface_id as "interfaceId",
      f.port_name as "portName", f.source, f.seen_at as at
    from theirs t join network.forwarding f on f.mac = t.key
    union all
    select t.service_id, 'ADDRESS_RESOLUTION', r.device_id, r.interface_id, r.port_name, r.source, r.seen_at
    from theirs t join network.resolved_address r on r.mac = t.key
    union all
    select t.service_id, c.medium, c.device_id, c.interface_id, c.port_name, c.source, c.seen_at
    from theirs t join network.customer_link c on t.key in (c.mac, c.serial)
    where c.gone_since is null`.execute(db);
  return rows;
}

/** Ports that lead to another device: by links, and by whatever registered device is heard there. */
export async function portsBetweenDevices(db: Executor<TenantDatabase>): Promise<ReadonlySet<string>> {
  const { rows } = await sql<{ id: string }>`
    select a_interface_id as id from network.link where state in ('PROPOSED', 'CONFIRMED', 'CONFLICT') and a_interface_id is not null
    union select b_interface_id from network.link where state in ('PROPOSED', 'CONFIRMED', 'CONFLICT') and b_interface_id is not null
    union select interface_id from network.neighbor where matched_device_id is not null and gone_since is null and interface_id is not null`.execute(
    db,
  );
  return new Set(rows.map(({ id }) => id));
}

export async function allPlaces(db: Executor<TenantDatabase>): Promise<ServicePlace[]> {
  return (await db.selectFrom('network.servicePlace').selectAll().execute()) as ServicePlace[];
}

export async function placesOfServices(
  db: Executor<TenantDatabase>,
  serviceIds: readonly string[],
): Promise<ServicePlace[]> {
  return (await db
    .selectFrom('network.servicePlace')
    .selectAll()
    .where('serviceId', 'in', serviceIds)
    .execute()) as ServicePlace[];
}

export async function writePlaces(
  transaction: Transaction<TenantDatabase>,
  places: readonly Insertable<TenantDatabase['network.servicePlace']>[],
): Promise<void> {
  if (places.length === 0) return;
  await sql`
    insert into network.service_place (service_id, device_id, interface_id, port_name, via, source, observed_at, alternatives)
    select r->>'serviceId', r->>'deviceId', r->>'interfaceId', r->>'portName', r->>'via', r->>'source', (r->>'observedAt')::timestamptz,
      array(select jsonb_array_elements_text(r->'alternatives'))
    from jsonb_array_elements(${JSON.stringify(places)}::jsonb) as t (r)
    on conflict (service_id) do update set device_id = excluded.device_id, interface_id = excluded.interface_id,
      port_name = excluded.port_name, via = excluded.via, source = excluded.source, observed_at = excluded.observed_at,
      alternatives = excluded.alternatives`.execute(transaction);
}

export async function equipmentOfServices(
  db: Executor<TenantDatabase>,
  serviceIds: readonly string[],
): Promise<CustomerEquipment[]> {
  return db
    .selectFrom('network.customerEquipment')
    .selectAll()
    .where('serviceId', 'in', serviceIds)
    .orderBy('addedAt')
    .execute();
}

/** What is registered with these addresses is this service's from now on; null: nobody's until it is read again. */
export async function claimCustomerLinks(
  db: Executor<TenantDatabase>,
  { mac, serial }: Pick<CustomerEquipment, 'mac' | 'serial'>,
  serviceId: string | null,
): Promise<void> {
  await db
    .updateTable('network.customerLink')
    .set({ serviceId })
    .where(({ or, eb }) => or([eb('mac', '=', mac), eb('serial', '=', serial)]))
    .execute();
}

/** @returns null when it is another service's. */
export async function insertEquipment(
  db: Executor<TenantDatabase>,
  equipment: Insertable<TenantDatabase['network.customerEquipment']>,
): Promise<CustomerEquipment | null> {
  const row = await db
    .insertInto('network.customerEquipment')
    .values(equipment)
    .onConflict((conflict) => conflict.doNothing())
    .returningAll()
    .executeTakeFirst();
  return row ?? null;
}

export async function deleteEquipment(
  db: Executor<TenantDatabase>,
  id: string,
): Promise<CustomerEquipment | null> {
  const row = await db
    .deleteFrom('network.customerEquipment')
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirst();
  return row ?? null;
}
