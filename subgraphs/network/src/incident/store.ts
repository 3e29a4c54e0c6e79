import type { Reach } from '@dotmac/device';
import type { TenantDatabase } from '@dotmac/migrations';
import { type Executor, type Page, pageBy } from '@dotmac/platform';
import { type Selectable, sql, type Transaction, type Updateable } from 'kysely';
import { servicesAt } from '../topology/store.ts';
import type { DeviceFacts, IncidentKind, IncidentState } from './rules.ts';

export type Incident = Omit<Selectable<TenantDatabase['network.incident']>, 'kind' | 'state'> & {
  readonly kind: IncidentKind;
  readonly state: IncidentState;
};
export type IncidentDevice = Omit<Selectable<TenantDatabase['network.incidentDevice']>, 'role'> & {
  readonly role: 'ROOT' | 'CHILD';
};
export type IncidentEvidence = Selectable<TenantDatabase['network.incidentEvidence']>;

/** One at a time decides about incidents, whichever process it runs in. */
export async function lockIncidents(transaction: Transaction<TenantDatabase>): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtext('network.incident'))`.execute(transaction);
}

/** Whether anything is silent or any incident open; otherwise there is nothing to decide. */
export async function anythingWrong(db: Executor<TenantDatabase>): Promise<boolean> {
  const { rows } = await sql<{ wrong: boolean }>`
    select exists (select from network.device where silent_since is not null)
      or exists (select from network.incident where resolved_at is null) as wrong`.execute(db);
  return rows[0]?.wrong ?? false;
}

export interface WatchedDevice extends DeviceFacts {
  readonly name: string;
  readonly stateEvidence: string;
  readonly stateSource: string;
}

/** Every device as the rules need it, with those under planned work marked. */
export async function watchedDevices(db: Executor<TenantDatabase>, now: Date): Promise<WatchedDevice[]> {
  const { rows } = await sql<
    Omit<WatchedDevice, 'seenAt' | 'silentSince' | 'askedAt' | 'reach'> & {
      seenAt: Date | null;
      silentSince: Date | null;
      askedAt: Date | null;
      reachMethod: Reach['method'] | null;
      reachVerdict: Reach['verdict'] | null;
      reachRttMilliseconds: number | null;
      reachDetail: string | null;
      reachAt: Date | null;
    }
  >`
    select d.id, d.name, d.seen_at as "seenAt", d.silent_since as "silentSince", d.asked_at as "askedAt", d.missed_polls as "missedPolls",
      d.reach_method as "reachMethod", d.reach_verdict as "reachVerdict", d.reach_rtt_milliseconds as "reachRttMilliseconds",
      d.reach_detail as "reachDetail", d.reach_at as "reachAt", d.state_evidence as "stateEvidence", d.state_source as "stateSource",
      d.state = 'MAINTENANCE' or exists (
        select from network.maintenance_window w where w.device_id = d.id and w.starts_at <= ${now} and w.ends_at > ${now} and w.cancelled_at is null
      ) as maintenance,
      exists (select from network.management_address a where a.device_id = d.id) as polled
    from network.device d`.execute(db);
  return rows.map(({ reachMethod, reachVerdict, reachRttMilliseconds, reachDetail, reachAt, ...row }) => ({
    ...row,
    reach:
      reachMethod === null || reachVerdict === null || reachAt === null
        ? null
        : {
            method: reachMethod,
            verdict: reachVerdict,
            rttMilliseconds: reachRttMilliseconds,
            detail: reachDetail ?? '',
            observedAt: reachAt.getTime(),
          },
    seenAt: row.seenAt?.getTime() ?? null,
    silentSince: row.silentSince?.getTime() ?? null,
    askedAt: row.askedAt?.getTime() ?? null,
  }));
}

export async function openIncidents(db: Executor<TenantDatabase>): Promise<Incident[]> {
  return (await db
    .selectFrom('network.incident')
    .selectAll()
    .where('resolvedAt', 'is', null)
    .orderBy('startedAt')
    .orderBy('id')
    .execute()) as Incident[];
}

export async function incidentsById(
  db: Executor<TenantDatabase>,
  ids: readonly string[],
): Promise<Incident[]> {
  return (await db.selectFrom('network.incident').selectAll().where('id', 'in', ids).execute()) as Incident[];
}

export async function insertIncident(
  transaction: Transaction<TenantDatabase>,
  incident: Pick<
    Incident,
    'id' | 'kind' | 'state' | 'rootDeviceId' | 'summary' | 'startedAt' | 'openedAt' | 'confirmedAt'
  >,
): Promise<Incident> {
  return (await transaction
    .insertInto('network.incident')
    .values(incident)
    .returningAll()
    .executeTakeFirstOrThrow()) as Incident;
}

export async function updateIncident(
  transaction: Transaction<TenantDatabase>,
  id: string,
  change: Updateable<TenantDatabase['network.incident']>,
): Promise<Incident> {
  return (await transaction
    .updateTable('network.incident')
    .set(change)
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirstOrThrow()) as Incident;
}

export async function lockedIncident(
  transaction: Transaction<TenantDatabase>,
  id: string,
): Promise<Incident | null> {
  const row = await transaction
    .selectFrom('network.incident')
    .selectAll()
    .where('id', '=', id)
    .forUpdate()
    .executeTakeFirst();
  return (row as Incident | undefined) ?? null;
}

export async function devicesOfIncidents(
  db: Executor<TenantDatabase>,
  incidentIds: readonly string[],
): Promise<IncidentDevice[]> {
  return (await db
    .selectFrom('network.incidentDevice')
    .selectAll()
    .where('incidentId', 'in', incidentIds)
    .orderBy('role', 'desc')
    .orderBy('joinedAt')
    .orderBy('deviceId')
    .execute()) as IncidentDevice[];
}

/** Adds devices; a role that changed is changed. */
export async function joinDevices(
  transaction: Transaction<TenantDatabase>,
  devices: readonly IncidentDevice[],
): Promise<void> {
  if (devices.length === 0) return;
  await transaction
    .insertInto('network.incidentDevice')
    .values([...devices])
    .onConflict((conflict) =>
      conflict.columns(['incidentId', 'deviceId']).doUpdateSet((row) => ({ role: row.ref('excluded.role') })),
    )
    .execute();
}

/**
 * Makes the list of those whom an incident concerns exactly the open services connected at these devices.
 * @param times `at`: when they are counted in; `online`: who was online after that, in the time of sessions, was online.
 * @returns how many there are, and how many of them were online.
 */
export async function setAffectedServices(
  transaction: Transaction<TenantDatabase>,
  incidentId: string,
  deviceIds: readonly string[],
  { at, online }: { readonly at: Date; readonly online: Date },
): Promise<{ services: number; online: number }> {
  await sql`
    delete from network.incident_service where incident_id = ${incidentId}
      and service_id not in (${servicesAt(deviceIds)})`.execute(transaction);
  await sql`
    insert into network.incident_service (incident_id, service_id, was_online, added_at)
    select ${incidentId}, c.service_id, exists (
      select from network.session s where s.service_id = c.service_id and (s.stopped_at is null or s.stopped_at > ${online})
    ), ${at}
    from (${servicesAt(deviceIds)}) c
    on conflict do nothing`.execute(transaction);
  const { rows } = await sql<{ services: number; online: number }>`
    select count(*)::integer as services, (count(*) filter (where was_online))::integer as online
    from network.incident_service where incident_id = ${incidentId}`.execute(transaction);
  return rows[0] ?? { services: 0, online: 0 };
}

/** Whom an incident concerns and who was online when it began. */
export async function servicesCutOff(db: Executor<TenantDatabase>, incidentId: string): Promise<string[]> {
  const rows = await db
    .selectFrom('network.incidentService')
    .select('serviceId')
    .where('incidentId', '=', incidentId)
    .where('wasOnline', '=', true)
    .orderBy('serviceId')
    .execute();
  return rows.map(({ serviceId }) => serviceId);
}

/** Whom incidents concern, all of them. */
export async function servicesOfIncidents(
  db: Executor<TenantDatabase>,
  incidentIds: readonly string[],
): Promise<{ incidentId: string; serviceId: string }[]> {
  return db
    .selectFrom('network.incidentService')
    .select(['incidentId', 'serviceId'])
    .where('incidentId', 'in', incidentIds)
    .orderBy('serviceId')
    .execute();
}

/** Whether the list is what it should be. */
export async function affectedServicesAreExact(
  db: Executor<TenantDatabase>,
  incidentId: string,
  deviceIds: readonly string[],
): Promise<boolean> {
  const { rows } = await sql<{ exact: boolean }>`
    select not exists (
      (select service_id from network.incident_service where incident_id = ${incidentId} except (${servicesAt(deviceIds)}))
      union all
      (select c.service_id from (${servicesAt(deviceIds)}) c
        except select service_id from network.incident_service where incident_id = ${incidentId})
    ) as exact`.execute(db);
  return rows[0]?.exact ?? false;
}

export async function appendEvidence(
  transaction: Transaction<TenantDatabase>,
  lines: readonly Omit<IncidentEvidence, 'ordinal'>[],
): Promise<void> {
  if (lines.length > 0)
    await transaction
      .insertInto('network.incidentEvidence')
      .values([...lines])
      .execute();
}

export async function evidenceOfIncidents(
  db: Executor<TenantDatabase>,
  incidentIds: readonly string[],
): Promise<IncidentEvidence[]> {
  return db
    .selectFrom('network.incidentEvidence')
    .selectAll()
    .where('incidentId', 'in', incidentIds)
    .orderBy('incidentId')
    .orderBy('ordinal')
    .execute();
}

/** The open incident that concerns each service, the oldest when there are several. */
export async function incidentsOfServices(
  db: Executor<TenantDatabase>,
  serviceIds: readonly string[],
): Promise<{ serviceId: string; incidentId: string }[]> {
  return db
    .selectFrom('network.incidentService as s')
    .innerJoin('network.incident as i', 'i.id', 's.incidentId')
    .distinctOn('s.serviceId')
    .select(['s.serviceId', 's.incidentId'])
    .where('s.serviceId', 'in', serviceIds)
    .where('i.resolvedAt', 'is', null)
    .orderBy('s.serviceId')
    .orderBy('i.startedAt')
    .execute();
}

/** The open incident that each device is part of. */
export async function incidentsOfDevices(
  db: Executor<TenantDatabase>,
  deviceIds: readonly string[],
): Promise<{ deviceId: string; incidentId: string }[]> {
  return db
    .selectFrom('network.incidentDevice as d')
    .innerJoin('network.incident as i', 'i.id', 'd.incidentId')
    .distinctOn('d.deviceId')
    .select(['d.deviceId', 'd.incidentId'])
    .where('d.deviceId', 'in', deviceIds)
    .where('i.resolvedAt', 'is', null)
    .orderBy('d.deviceId')
    .orderBy('i.startedAt')
    .execute();
}

/** A page of incidents, newest first by id. */
export async function incidentPage(
  db: Executor<TenantDatabase>,
  page: Page & { readonly states?: readonly IncidentState[] | null | undefined },
): Promise<Incident[]> {
  let query = pageBy(db.selectFrom('network.incident').selectAll(), 'id', 'desc', page);
  if (page.states != null) query = query.where('state', 'in', page.states);
  return (await query.execute()) as Incident[];
}

export type AffectedService = Pick<
  Selectable<TenantDatabase['network.incidentService']>,
  'serviceId' | 'wasOnline' | 'addedAt'
>;

/** A page of those whom an incident concerns, by service. */
export async function affectedServicePage(
  db: Executor<TenantDatabase>,
  incidentId: string,
  page: Page,
): Promise<AffectedService[]> {
  const affected = db
    .selectFrom('network.incidentService')
    .select(['serviceId', 'wasOnline', 'addedAt'])
    .where('incidentId', '=', incidentId);
  return pageBy(affected, 'serviceId', 'asc', page).execute();
}
