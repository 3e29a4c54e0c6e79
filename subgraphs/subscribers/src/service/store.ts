import type { TenantDatabase } from '@dotmac/migrations';
import type { Executor } from '@dotmac/platform';
import type { LockReason, ShapingPayload } from '@dotmac/schema';
import { type Selectable, sql, type Transaction } from 'kysely';
import type { StoredState } from './rules.ts';

export type Service = Omit<Selectable<TenantDatabase['subscribers.service']>, 'state'> & {
  readonly state: StoredState;
};
/** What billing asks of every service of a customer, or null. */
export type BillingLock = Omit<Selectable<TenantDatabase['subscribers.billingLock']>, 'slowTo'> &
  Pick<ServiceLock, 'slowTo'>;
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

/**
 * What billing asks of the services of a customer. Whoever orders one or changes it holds the customer's row: so no service
 * is missed by a lock, or keeps one that was lifted.
 */
export async function lockedBillingLock(
  transaction: Transaction<TenantDatabase>,
  customerId: string,
): Promise<BillingLock | null> {
  await transaction
    .selectFrom('subscribers.customer')
    .select('id')
    .where('id', '=', customerId)
    .forNoKeyUpdate()
    .execute();
  const row = await transaction
    .selectFrom('subscribers.billingLock')
    .selectAll()
    .where('customerId', '=', customerId)
    .executeTakeFirst();
  return (row as BillingLock | undefined) ?? null;
}

/** Puts another in the place of what billing asks of a customer's services; null takes it away. */
export async function replaceBillingLock(
  transaction: Transaction<TenantDatabase>,
  customerId: string,
  lock: Omit<BillingLock, 'customerId'> | null,
): Promise<void> {
  await transaction.deleteFrom('subscribers.billingLock').where('customerId', '=', customerId).execute();
  if (lock === null) return;
  const slowTo = lock.slowTo === null ? null : JSON.stringify(lock.slowTo);
  await transaction
    .insertInto('subscribers.billingLock')
    .values({ ...lock, customerId, slowTo })
    .execute();
}
