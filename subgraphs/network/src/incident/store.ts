import type { TenantDatabase } from '@dotmac/migrations';
import { type Executor, type Page, pageBy } from '@dotmac/platform';
import { type Selectable, sql, type Transaction, type Updateable } from 'kysely';
import type { IncidentKind, IncidentState } from './rules.ts';

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
