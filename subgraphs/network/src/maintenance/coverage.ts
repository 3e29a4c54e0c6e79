import type { TenantDatabase } from '@dotmac/migrations';
import { type Executor, type Page, pageBy } from '@dotmac/platform';
import { sql } from 'kysely';
import { type Alarm, activeAlarms } from '../alarm/store.ts';
import { type Incident, openIncidents } from '../incident/store.ts';
import { servicesAt, topology } from '../topology/store.ts';

/** What work at a device silences, as ways and places are now. */
export interface Coverage {
  readonly deviceId: string;
  /** The device itself and everything that has no way around it. */
  readonly coveredIds: readonly string[];
  /** Those who are connected there, by id. */
  readonly serviceIds: readonly string[];
  /** Open now. They stay as they are; what is raised while the work goes on is suppressed. */
  readonly alarms: readonly Alarm[];
  /** Open now with their root there: they end when the work begins. */
  readonly incidents: readonly Incident[];
}

/** The coverage of work at each device. */
export async function coverages(
  db: Executor<TenantDatabase>,
  deviceIds: readonly string[],
): Promise<Coverage[]> {
  const ways = await topology(db);
  const incidents = await openIncidents(db);
  return Promise.all(
    deviceIds.map(async (deviceId) => {
      const covered = ways.cutOffBy(new Set([deviceId]));
      const coveredIds = [...covered].sort();
      return {
        deviceId,
        coveredIds,
        serviceIds: await serviceIdsAt(db, coveredIds),
        alarms: await activeAlarms(db, coveredIds),
        incidents: incidents.filter(({ rootDeviceId }) => covered.has(rootDeviceId)),
      };
    }),
  );
}

async function serviceIdsAt(db: Executor<TenantDatabase>, deviceIds: readonly string[]): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    select service_id as id from (${servicesAt(deviceIds)}) as s order by 1`.execute(db);
  return rows.map(({ id }) => id);
}

/** A page of those connected at these devices, by service. */
export async function coveredServicePage(
  db: Executor<TenantDatabase>,
  deviceIds: readonly string[],
  page: Page,
): Promise<{ id: string }[]> {
  const covered = sql<{ id: string }>`(${servicesAt(deviceIds)})`.as<'s'>(sql`s (id)`);
  return pageBy(db.selectFrom(covered).select('id'), 'id', 'asc', page).execute();
}
