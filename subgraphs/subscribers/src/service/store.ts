import type { TenantDatabase } from '@dotmac/migrations';
import type { Executor } from '@dotmac/platform';
import type { LockReason, ShapingPayload } from '@dotmac/schema';
import { type Selectable, sql, type Transaction } from 'kysely';
import type { StoredState } from './rules.ts';

export type Service = Omit<Selectable<TenantDatabase['subscribers.service']>, 'state'> & {
  readonly state: StoredState;
};
export type ServiceLock = Omit<Selectable<TenantDatabase['subscribers.serviceLock']>, 'reason' | 'slowTo'> & {
  readonly reason: LockReason;
  /** Null: it closes the service; else it leaves it open at no more than this. */
  readonly slowTo: ShapingPayload | null;
};

export async function servicesById(db: Executor<TenantDatabase>, ids: readonly string[]): Promise<Service[]> {
  return (await db
    .selectFrom('subscribers.service')
    .selectAll()
    .where('id', 'in', ids)
    .execute()) as Service[];
}

export async function servicesOfCustomers(
  db: Executor<TenantDatabase>,
  customerIds: readonly string[],
): Promise<Service[]> {
  const rows = await db
    .selectFrom('subscribers.service')
    .selectAll()
    .where('customerId', 'in', customerIds)
    .orderBy('id')
    .execute();
  return rows as Service[];
}

export async function locksOfServices(
  db: Executor<TenantDatabase>,
  serviceIds: readonly string[],
): Promise<ServiceLock[]> {
  const rows = await db
    .selectFrom('subscribers.serviceLock')
    .selectAll()
    .where('serviceId', 'in', serviceIds)
    .orderBy('lockedAt')
    .execute();
  return rows as unknown as ServiceLock[];
}

/** The service, locked for the rest of the transaction, so that its events keep their order. */
export async function lockedService(
  transaction: Transaction<TenantDatabase>,
  id: string,
): Promise<Service | null> {
  const row = await transaction
    .selectFrom('subscribers.service')
    .selectAll()
    .where('id', '=', id)
    .forUpdate()
    .executeTakeFirst();
  return (row as Service | undefined) ?? null;
}

export async function insertService(
  transaction: Transaction<TenantDatabase>,
  service: {
    readonly id: string;
    readonly customerId: string;
    readonly planId: string;
    readonly orderedAt: Date;
  },
): Promise<Service> {
  const row = await transaction
    .insertInto('subscribers.service')
    .values({ ...service, state: 'ORDERED' })
    .returningAll()
    .executeTakeFirstOrThrow();
  return row as Service;
}

export async function updateService(
  transaction: Transaction<TenantDatabase>,
  id: string,
  change: {
    readonly state?: StoredState;
    readonly planId?: string;
    readonly activatedOn?: string;
    readonly cancelledOn?: string;
  },
): Promise<Service> {
  const row = await transaction
    .updateTable('subscribers.service')
    .set(change)
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirstOrThrow();
  return row as Service;
}

/** Sets a lock, or makes one of this reason as hard as this. @returns whether anything changed. */
export async function addLock(transaction: Transaction<TenantDatabase>, lock: ServiceLock): Promise<boolean> {
  const slowTo = lock.slowTo === null ? null : JSON.stringify(lock.slowTo);
  const { because, lockedAt, lockedBy } = lock;
  const result = await transaction
    .insertInto('subscribers.serviceLock')
    .values({ ...lock, slowTo })
    .onConflict((conflict) =>
      conflict
        .columns(['serviceId', 'reason'])
        .doUpdateSet({ slowTo, because, lockedAt, lockedBy })
        .where(sql<boolean>`service_lock.slow_to is distinct from excluded.slow_to`),
    )
    .executeTakeFirst();
  return result.numInsertedOrUpdatedRows === 1n;
}

/** @returns whether there was such a lock. */
export async function removeLock(
  transaction: Transaction<TenantDatabase>,
  serviceId: string,
  reason: LockReason,
): Promise<boolean> {
  const result = await transaction
    .deleteFrom('subscribers.serviceLock')
    .where('serviceId', '=', serviceId)
    .where('reason', '=', reason)
    .executeTakeFirst();
  return result.numDeletedRows === 1n;
}
