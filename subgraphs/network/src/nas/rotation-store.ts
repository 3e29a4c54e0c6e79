import type { TenantDatabase } from '@dotmac/migrations';
import type { Executor } from '@dotmac/platform';
import type { Transaction } from 'kysely';
import type { Nas } from './store.ts';

/** A NAS that nobody else changes before this transaction ends; null when there is none. */
export async function lockedNas(transaction: Transaction<TenantDatabase>, id: string): Promise<Nas | null> {
  const row = await transaction
    .selectFrom('network.nas')
    .selectAll()
    .where('id', '=', id)
    .forUpdate()
    .executeTakeFirst();
  return (row as Nas | undefined) ?? null;
}

/** NASes whose secret before has come to its end and is still kept. */
export async function endedRotations(db: Executor<TenantDatabase>, now: Date): Promise<string[]> {
  const rows = await db
    .selectFrom('network.nas')
    .select('id')
    .where('previousSecretUntil', '<=', now)
    .execute();
  return rows.map(({ id }) => id);
}
