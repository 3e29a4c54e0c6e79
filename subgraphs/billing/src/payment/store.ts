import type { TenantDatabase } from '@dotmac/migrations';
import type { Executor } from '@dotmac/platform';
import type { Selectable, Transaction } from 'kysely';

export type Payment = Selectable<TenantDatabase['billing.payment']>;

/** @returns null when the method has a payment with this reference already. */
export async function insertPayment(
  transaction: Transaction<TenantDatabase>,
  payment: Payment,
): Promise<Payment | null> {
  const row = await transaction
    .insertInto('billing.payment')
    .values(payment)
    .onConflict((conflict) => conflict.columns(['method', 'reference']).doNothing())
    .returningAll()
    .executeTakeFirst();
  return row ?? null;
}

export async function paymentByReference(
  db: Executor<TenantDatabase>,
  method: string,
  reference: string,
): Promise<Payment | null> {
  const row = await db
    .selectFrom('billing.payment')
    .selectAll()
    .where('method', '=', method)
    .where('reference', '=', reference)
    .executeTakeFirst();
  return row ?? null;
}

export async function paymentsById(db: Executor<TenantDatabase>, ids: readonly string[]): Promise<Payment[]> {
  return db.selectFrom('billing.payment').selectAll().where('id', 'in', ids).execute();
}

/** Newest first. */
export async function paymentsOfCustomers(
  db: Executor<TenantDatabase>,
  customerIds: readonly string[],
): Promise<Payment[]> {
  return db
    .selectFrom('billing.payment')
    .selectAll()
    .where('customerId', 'in', customerIds)
    .orderBy('id', 'desc')
    .execute();
}

export type Allocation = Selectable<TenantDatabase['billing.allocation']>;

export async function allocationsOfSources(
  db: Executor<TenantDatabase>,
  sourceIds: readonly string[],
): Promise<Allocation[]> {
  return db
    .selectFrom('billing.allocation')
    .selectAll()
    .where('sourceId', 'in', sourceIds)
    .orderBy('documentId')
    .execute();
}
