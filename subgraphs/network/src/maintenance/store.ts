import type { TenantDatabase } from '@dotmac/migrations';
import type { Executor } from '@dotmac/platform';
import type { Selectable } from 'kysely';

export type MaintenanceWindow = Selectable<TenantDatabase['network.maintenanceWindow']>;

/** Planned work that goes on now at any of these devices. */
export async function currentMaintenance(
  db: Executor<TenantDatabase>,
  deviceIds: readonly string[],
  now: Date,
): Promise<MaintenanceWindow[]> {
  return db
    .selectFrom('network.maintenanceWindow')
    .selectAll()
    .where('deviceId', 'in', deviceIds)
    .where('startsAt', '<=', now)
    .where('endsAt', '>', now)
    .where('cancelledAt', 'is', null)
    .execute();
}

export async function insertMaintenance(
  db: Executor<TenantDatabase>,
  window: Omit<MaintenanceWindow, 'cancelledAt' | 'cancelledBy'>,
): Promise<MaintenanceWindow> {
  return db.insertInto('network.maintenanceWindow').values(window).returningAll().executeTakeFirstOrThrow();
}

/** Planned work at each device that is not over at an instant. */
export async function comingMaintenance(
  db: Executor<TenantDatabase>,
  deviceIds: readonly string[],
  now: Date,
): Promise<MaintenanceWindow[]> {
  return db
    .selectFrom('network.maintenanceWindow')
    .selectAll()
    .where('deviceId', 'in', deviceIds)
    .where('endsAt', '>', now)
    .where('cancelledAt', 'is', null)
    .orderBy('startsAt')
    .execute();
}

/** @returns null when there is none; one that was cancelled before stays as it was. */
export async function cancelMaintenance(
  db: Executor<TenantDatabase>,
  id: string,
  { at, by }: { readonly at: Date; readonly by: string },
): Promise<MaintenanceWindow | null> {
  const row = await db
    .updateTable('network.maintenanceWindow')
    .set(({ fn, val, ref }) => ({
      cancelledAt: fn.coalesce(ref('cancelledAt'), val(at)),
      cancelledBy: fn.coalesce(ref('cancelledBy'), val(by)),
    }))
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirst();
  return row ?? null;
}

export async function maintenanceById(
  db: Executor<TenantDatabase>,
  ids: readonly string[],
): Promise<MaintenanceWindow[]> {
  return db.selectFrom('network.maintenanceWindow').selectAll().where('id', 'in', ids).execute();
}
