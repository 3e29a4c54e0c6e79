import type { TenantDatabase } from '@dotmac/migrations';
import type { Executor } from '@dotmac/platform';
import type { Selectable, Transaction } from 'kysely';
import type { WorkOrderState } from './rules.ts';

export type WorkOrder = Omit<Selectable<TenantDatabase['subscribers.workOrder']>, 'state'> & {
  readonly state: WorkOrderState;
};

/** Those that have not ended, the earliest planned first. */
export async function openWorkOrders(
  db: Executor<TenantDatabase>,
  technician: string | null,
): Promise<WorkOrder[]> {
  let query = db
    .selectFrom('subscribers.workOrder')
    .selectAll()
    .where('state', 'not in', ['COMPLETED', 'FAILED']);
  if (technician !== null) query = query.where('technician', '=', technician);
  return (await query.orderBy('plannedOn').orderBy('id').limit(500).execute()) as WorkOrder[];
}

export async function insertWorkOrder(db: Executor<TenantDatabase>, row: WorkOrder): Promise<WorkOrder> {
  return (await db
    .insertInto('subscribers.workOrder')
    .values(row)
    .returningAll()
    .executeTakeFirstOrThrow()) as WorkOrder;
}

/** The work order, locked, so that two technicians do not move it at once. */
export async function lockedWorkOrder(
  transaction: Transaction<TenantDatabase>,
  id: string,
): Promise<WorkOrder | undefined> {
  return (await transaction
    .selectFrom('subscribers.workOrder')
    .selectAll()
    .where('id', '=', id)
    .forUpdate()
    .executeTakeFirst()) as WorkOrder | undefined;
}

export async function updateWorkOrder(
  transaction: Transaction<TenantDatabase>,
  id: string,
  change: Pick<WorkOrder, 'state' | 'technician' | 'report' | 'plannedOn' | 'changedAt'>,
): Promise<WorkOrder> {
  return (await transaction
    .updateTable('subscribers.workOrder')
    .set(change)
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirstOrThrow()) as WorkOrder;
}
