import type { TenantDatabase } from '@dotmac/migrations';
import type { Executor } from '@dotmac/platform';
import type { Selectable, Transaction } from 'kysely';
import { type PlanVersion, versionOf } from '../catalogue/store.ts';
import { versionOfEvent } from '../service-line/store.ts';

type State = 'scheduled' | 'ordered' | 'cancelled';
export type PlanChange = Omit<Selectable<TenantDatabase['billing.planChange']>, 'state'> & {
  readonly state: State;
};

export async function insertPlanChange(
  transaction: Transaction<TenantDatabase>,
  row: PlanChange,
): Promise<PlanChange> {
  await transaction.insertInto('billing.planChange').values(row).execute();
  return row;
}

export async function updatePlanChange(
  transaction: Transaction<TenantDatabase>,
  id: string,
  state: State,
): Promise<void> {
  await transaction.updateTable('billing.planChange').set({ state }).where('id', '=', id).execute();
}

/** The changes that are still to come, of these services. */
export async function scheduledChanges(
  db: Executor<TenantDatabase>,
  serviceIds: readonly string[],
): Promise<PlanChange[]> {
  return (await db
    .selectFrom('billing.planChange')
    .selectAll()
    .where('serviceLineId', 'in', serviceIds)
    .where('state', '=', 'scheduled')
    .execute()) as PlanChange[];
}

/** The changes whose day (ISO) has come. */
export async function dueChanges(db: Executor<TenantDatabase>, today: string): Promise<PlanChange[]> {
  return (await db
    .selectFrom('billing.planChange')
    .selectAll()
    .where('state', '=', 'scheduled')
    .where('onDay', '<=', today)
    .orderBy('id')
    .execute()) as PlanChange[];
}

/** The version by which a service was last charged on a plan. */
export async function lastVersionOn(
  db: Executor<TenantDatabase>,
  serviceLineId: string,
  planId: string,
): Promise<PlanVersion | null> {
  const row = await db
    .selectFrom('billing.serviceEvent as event')
    .innerJoin('billing.planVersion as version', (join) => join.on('version.id', '=', versionOfEvent))
    .selectAll('version')
    .where('event.serviceLineId', '=', serviceLineId)
    .where('event.planId', '=', planId)
    .orderBy('event.ordinal', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row === undefined ? null : versionOf(row);
}

/** The version that is on sale on a day (ISO). */
export async function versionOnSale(
  db: Executor<TenantDatabase>,
  planId: string,
  on: string,
): Promise<PlanVersion | null> {
  const row = await db
    .selectFrom('billing.planVersion')
    .selectAll()
    .where('planId', '=', planId)
    .where('effectiveFrom', '<=', on)
    .orderBy('effectiveFrom', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row === undefined ? null : versionOf(row);
}
