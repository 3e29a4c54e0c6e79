import type { TenantDatabase } from '@dotmac/migrations';
import type { Executor } from '@dotmac/platform';
import { ConflictError } from '@dotmac/schema';
import { sql, Transaction } from 'kysely';
import { dayOfText } from '../run/run.ts';
import { loadSnapshots } from '../run/store.ts';
import { taxComponents } from '../tax/store.ts';
import { type AccountPreview, previewOf } from './rules.ts';

/**
 * What the customer is charged today (ISO) and with the next period, by everything that is written so far. Subscribers
 * that tenant zero counts are left out: their days are still to come.
 * @throws ConflictError when the account cannot be billed.
 */
export async function previewAccount(
  db: Executor<TenantDatabase>,
  customerId: string,
  today: string,
): Promise<AccountPreview> {
  const [snapshot] = await loadSnapshots(db, [customerId]);
  if (snapshot === undefined) return { now: null, nextOn: null, next: null };
  const result = previewOf({ ...snapshot, usage: null }, dayOfText(today), await taxComponents(db));
  if (!result.ok) throw new ConflictError('CANNOT_BE_BILLED', result.message);
  return result.preview;
}

/** What a transaction would find, had it been made: everything it writes is taken back. Within one that goes on, too. */
export async function rolledBack<T>(
  database: Executor<TenantDatabase>,
  run: (transaction: Transaction<TenantDatabase>) => Promise<T>,
): Promise<T> {
  if (database instanceof Transaction) {
    await sql`savepoint preview`.execute(database);
    const result = await run(database);
    await sql`rollback to savepoint preview`.execute(database);
    return result;
  }
  const done: { result?: T } = {};
  const undo = new Error('rolled back');
  try {
    await database.transaction().execute(async (transaction) => {
      done.result = await run(transaction);
      throw undo;
    });
  } catch (error) {
    if (error !== undo) throw error;
  }
  return done.result as T;
}
