import type { TenantDatabase } from '@dotmac/migrations';
import type { Executor } from '@dotmac/platform';
import { type Selectable, sql, type Transaction } from 'kysely';

export type StoredDictionary = Selectable<TenantDatabase['network.radiusDictionary']>;

/** In the order in which each stands on those before it. */
export function allDictionaries(db: Executor<TenantDatabase>): Promise<StoredDictionary[]> {
  return db.selectFrom('network.radiusDictionary').selectAll().orderBy('place').execute();
}

/** One change at a time: each is checked against all the others. */
export async function lockDictionaries(transaction: Transaction<TenantDatabase>): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtext('network.radius_dictionary'))`.execute(transaction);
}

/** Of the same name it takes the place. */
export async function keepDictionary(
  transaction: Transaction<TenantDatabase>,
  dictionary: StoredDictionary,
): Promise<void> {
  const { name: _name, ...change } = dictionary;
  await transaction
    .insertInto('network.radiusDictionary')
    .values(dictionary)
    .onConflict((conflict) => conflict.column('name').doUpdateSet(change))
    .execute();
}

export async function dropDictionary(transaction: Transaction<TenantDatabase>, name: string): Promise<void> {
  await transaction.deleteFrom('network.radiusDictionary').where('name', '=', name).execute();
}
