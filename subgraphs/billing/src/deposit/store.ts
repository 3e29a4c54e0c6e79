import type { TenantDatabase } from '@dotmac/migrations';
import type { Executor } from '@dotmac/platform';
import { type Selectable, sql, type Transaction } from 'kysely';

export type DepositRelease = Selectable<TenantDatabase['billing.depositRelease']>;
/** With what is left of it, minor units. */
export type Deposit = Selectable<TenantDatabase['billing.deposit']> & { readonly heldMinor: bigint };

const withHeld = (db: Executor<TenantDatabase>) =>
  db
    .selectFrom('billing.deposit as deposit')
    .selectAll('deposit')
    .select(
      sql<bigint>`deposit.amount_minor - coalesce((select sum(r.amount_minor) from billing.deposit_release r
        where r.deposit_id = deposit.id), 0)::bigint`.as('heldMinor'),
    );

export async function depositById(db: Executor<TenantDatabase>, id: string): Promise<Deposit | null> {
  return (await withHeld(db).where('deposit.id', '=', id).executeTakeFirst()) ?? null;
}

export async function depositsOfCustomers(
  db: Executor<TenantDatabase>,
  customerIds: readonly string[],
): Promise<Deposit[]> {
  return withHeld(db).where('deposit.customerId', 'in', customerIds).orderBy('deposit.id').execute();
}

/** @returns the deposit with this method and reference, and whether it is new. */
export async function insertDeposit(
  transaction: Transaction<TenantDatabase>,
  deposit: Omit<Deposit, 'heldMinor'>,
): Promise<{ readonly deposit: Deposit; readonly isNew: boolean }> {
  const row = await transaction
    .insertInto('billing.deposit')
    .values(deposit)
    .onConflict((conflict) => conflict.columns(['method', 'reference']).doNothing())
    .returningAll()
    .executeTakeFirst();
  if (row !== undefined) return { deposit: { ...row, heldMinor: row.amountMinor }, isNew: true };
  const before = await withHeld(transaction)
    .where('deposit.method', '=', deposit.method)
    .where('deposit.reference', '=', deposit.reference)
    .executeTakeFirstOrThrow();
  return { deposit: before, isNew: false };
}

export async function insertRelease(
  transaction: Transaction<TenantDatabase>,
  release: DepositRelease,
): Promise<DepositRelease> {
  return transaction
    .insertInto('billing.depositRelease')
    .values(release)
    .returningAll()
    .executeTakeFirstOrThrow();
}
