import type { TenantDatabase } from '@dotmac/migrations';
import type { Executor } from '@dotmac/platform';
import { type Selectable, sql, type Transaction } from 'kysely';
import { idArray } from '../database/id-array.ts';
import type { PartyDetails } from '../rendering/rules-snapshot.ts';

export type Seller = Omit<Selectable<TenantDatabase['billing.seller']>, 'id'>;

const columns = [
  'name',
  'street',
  'city',
  'postalCode',
  'country',
  'vatId',
  'registration',
  'email',
  'iban',
] as const;

/** Null until somebody says who it is. */
export async function seller(db: Executor<TenantDatabase>): Promise<Seller | null> {
  return (await db.selectFrom('billing.seller').select(columns).executeTakeFirst()) ?? null;
}

export async function putSeller(transaction: Transaction<TenantDatabase>, row: Seller): Promise<Seller> {
  return transaction
    .insertInto('billing.seller')
    .values(row)
    .onConflict((conflict) => conflict.column('id').doUpdateSet(row))
    .returning(columns)
    .executeTakeFirstOrThrow();
}

/** Addresses and VAT ids of those of these customers that have one. */
export async function buyers(
  db: Executor<TenantDatabase>,
  customerIds: readonly string[],
): Promise<Map<string, PartyDetails>> {
  const rows = await db
    .selectFrom('billing.account')
    .select(['customerId', 'street', 'city', 'postalCode', 'country', 'vatId'])
    .where(sql<boolean>`customer_id = any(${idArray(customerIds)})`)
    .where('country', 'is not', null)
    .execute();
  return new Map(rows.map(({ customerId, ...details }) => [customerId, details]));
}
