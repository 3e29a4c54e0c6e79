import type { TenantDatabase } from '@dotmac/migrations';
import { type Executor, type Page, pageBy } from '@dotmac/platform';
import { type Selectable, sql, type Transaction } from 'kysely';
import { servicesAt } from '../topology/store.ts';

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
