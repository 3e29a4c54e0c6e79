import type { TenantDatabase } from '@dotmac/migrations';
import type { Executor } from '@dotmac/platform';
import type { Selectable, Transaction } from 'kysely';

export type ProviderRefundRow = Omit<Selectable<TenantDatabase['billing.providerRefund']>, 'state'> & {
  readonly state: 'requested' | 'pending' | 'failed' | 'succeeded';
};

/** @returns false when the payment has a refund with this reference already. */
export async function insertRefund(
  transaction: Transaction<TenantDatabase>,
  row: ProviderRefundRow,
): Promise<boolean> {
  const { numInsertedOrUpdatedRows } = await transaction
    .insertInto('billing.providerRefund')
    .values(row)
    .onConflict((conflict) => conflict.columns(['paymentId', 'reference']).doNothing())
    .executeTakeFirstOrThrow();
  return numInsertedOrUpdatedRows === 1n;
}

export async function refundById(
  db: Executor<TenantDatabase>,
  id: string,
): Promise<ProviderRefundRow | null> {
  const row = await db
    .selectFrom('billing.providerRefund')
    .selectAll()
    .where('id', '=', id)
    .executeTakeFirst();
  return (row as ProviderRefundRow | undefined) ?? null;
}

export async function refundByReference(
  db: Executor<TenantDatabase>,
  paymentId: string,
  reference: string,
): Promise<ProviderRefundRow | null> {
  const row = await db
    .selectFrom('billing.providerRefund')
    .selectAll()
    .where('paymentId', '=', paymentId)
    .where('reference', '=', reference)
    .executeTakeFirst();
  return (row as ProviderRefundRow | undefined) ?? null;
}

export async function updateRefund(
  transaction: Transaction<TenantDatabase>,
  id: string,
  change: Partial<Pick<ProviderRefundRow, 'state' | 'refundId' | 'failure' | 'returnId'>>,
): Promise<void> {
  await transaction.updateTable('billing.providerRefund').set(change).where('id', '=', id).execute();
}

/** Refunds whose outcome nobody knows yet. */
export async function openRefunds(db: Executor<TenantDatabase>): Promise<ProviderRefundRow[]> {
  return (await db
    .selectFrom('billing.providerRefund')
    .selectAll()
    .where('state', 'in', ['requested', 'pending'])
    .orderBy('id')
    .execute()) as ProviderRefundRow[];
}

export async function refundsOfPayments(
  db: Executor<TenantDatabase>,
  paymentIds: readonly string[],
): Promise<ProviderRefundRow[]> {
  return (await db
    .selectFrom('billing.providerRefund')
    .selectAll()
    .where('paymentId', 'in', paymentIds)
    .orderBy('id')
    .execute()) as ProviderRefundRow[];
}
