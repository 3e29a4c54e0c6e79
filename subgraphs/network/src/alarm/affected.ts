import type { TenantDatabase } from '@dotmac/migrations';
import { type Executor, type Page, pageBy } from '@dotmac/platform';
import { sql } from 'kysely';
import { farEndsOfPorts } from '../link/store.ts';
import type { Topology } from '../topology/rules.ts';
import { servedAt, topology } from '../topology/store.ts';
import type { Alarm } from './store.ts';

type About = Pick<Alarm, 'id' | 'deviceId' | 'interfaceId' | 'serviceId' | 'clearedAt'>;

/** What of the network an alarm speaks of, whoever is connected there. */
export interface AlarmReach {
  readonly alarmId: string;
  readonly serviceId: string | null;
  readonly interfaceId: string | null;
  /** Devices whose every way leads through what it is about. */
  readonly deviceIds: readonly string[];
}

/**
 * What hangs on what an alarm is about: a customer's equipment concerns him alone, a port those seen there and every device
 * whose only way leads through it, anything else the device and all that is cut off without it.
 * @param behindPort the devices at the other end of the port's cable
 */
export function reachOf(
  { id, deviceId, interfaceId, serviceId }: About,
  ways: Topology,
  behindPort: readonly string[],
): AlarmReach {
  const about = { alarmId: id, serviceId, interfaceId };
  if (serviceId !== null) return { ...about, deviceIds: [] };
  if (interfaceId === null) return { ...about, deviceIds: [...ways.cutOffBy(new Set([deviceId]))] };
  const hanging = behindPort.filter((child) => {
    const parents = ways.parentsOf(child);
    return parents.length > 0 && parents.every((parent) => parent === deviceId);
  });
  return { ...about, deviceIds: [...ways.cutOffBy(new Set(hanging))] };
}

/** What open alarms speak of as ways and links are now; one that is cleared concerns nobody any more. */
export async function reachesOf(
  db: Executor<TenantDatabase>,
  alarms: readonly About[],
): Promise<AlarmReach[]> {
  const open = alarms.filter(({ clearedAt }) => clearedAt === null);
  if (open.length === 0) return [];
  const ways = await topology(db);
  const ports = open.flatMap(({ interfaceId }) => interfaceId ?? []);
  const ends = Map.groupBy(await farEndsOfPorts(db, ports), ({ interfaceId }) => interfaceId);
  return open.map((alarm) =>
    reachOf(
      alarm,
      ways,
      (ends.get(alarm.interfaceId ?? '') ?? []).map(({ deviceId }) => deviceId),
    ),
  );
}

/** Each alarm with each open service it concerns. Who is seen at a port and said to be elsewhere is elsewhere. */
function affected(reaches: readonly AlarmReach[]) {
  const at = reaches.flatMap(({ alarmId, deviceIds }) => deviceIds.map((id) => [alarmId, id] as const));
  const ports = reaches.filter(({ interfaceId }) => interfaceId !== null);
  const services = reaches.filter(({ serviceId }) => serviceId !== null);
  return sql<{ alarmId: string; serviceId: string }>`
    select r.alarm_id, s.service_id
    from unnest(${at.map(([id]) => id)}::text[], ${at.map(([, id]) => id)}::text[]) as r (alarm_id, device_id)
    join (${servedAt([...new Set(at.map(([, id]) => id))])}) s on s.device_id = r.device_id
    union
    select r.alarm_id, p.service_id
    from unnest(${ports.map(({ alarmId }) => alarmId)}::text[], ${ports.map(({ interfaceId }) => interfaceId)}::text[]) as r (alarm_id, interface_id)
    join network.service_place p on p.interface_id = r.interface_id
    join network.access a on a.service_id = p.service_id and a.closed_at is null and a.customer_id <> a.service_id
    where not exists (select from network.service_attachment t where t.service_id = p.service_id and t.device_id <> p.device_id)
    union
    select * from unnest(${services.map(({ alarmId }) => alarmId)}::text[], ${services.map(({ serviceId }) => serviceId)}::text[])`;
}

/** How many services each alarm concerns; those that concern none are left out. */
export async function affectedCounts(
  db: Executor<TenantDatabase>,
  reaches: readonly AlarmReach[],
): Promise<{ alarmId: string; services: number }[]> {
  if (reaches.length === 0) return [];
  const { rows } = await sql<{ alarmId: string; services: number }>`
    select alarm_id as "alarmId", count(*)::integer as services from (${affected(reaches)}) as x (alarm_id, service_id)
    group by alarm_id`.execute(db);
  return rows;
}

/** A page of those whom an alarm concerns, by service. */
export async function affectedPage(
  db: Executor<TenantDatabase>,
  reaches: readonly AlarmReach[],
  page: Page,
): Promise<{ serviceId: string }[]> {
  if (reaches.length === 0) return [];
  const concerned = sql<{ serviceId: string }>`(${affected(reaches)})`.as<'x'>(sql`x (alarm_id, service_id)`);
  return pageBy(db.selectFrom(concerned).select('serviceId'), 'serviceId', 'asc', page).execute();
}
