import type { TenantDatabase } from '@dotmac/migrations';
import { StatementValues } from '@dotmac/platform';
import type { Kysely, Transaction } from 'kysely';

/** Records as they are kept, with their place. */
export interface JournalEntry {
  readonly id: bigint;
  readonly records: Buffer;
}

/** @returns the entry's place; committed. */
export async function appendToJournal(db: Kysely<TenantDatabase>, records: Buffer): Promise<bigint> {
  const values = new StatementValues();
  const [row] = await values.run<{ id: bigint }>(
    db,
    `insert into network.accounting_journal (records) values (${values.add(records)}) returning id`,
  );
  if (row === undefined) throw new Error('An insert of one row has returned none');
  return row.id;
}

/** Everything that is kept, the oldest first. */
export async function readJournal(db: Kysely<TenantDatabase>): Promise<JournalEntry[]> {
  const rows = await db
    .selectFrom('network.accountingJournal')
    .select(['id', 'records'])
    .orderBy('id')
    .execute();
  return rows.map(({ id, records }) => ({ id, records: Buffer.from(records) }));
}

/**
 * Claims entries until the transaction ends: who else wants them waits, and finds them gone when it commits.
 * @returns the ids of those that were still there
 */
export async function removeFromJournal(
  transaction: Transaction<TenantDatabase>,
  entries: readonly JournalEntry[],
): Promise<Set<bigint>> {
  const values = new StatementValues();
  const ids = values.array('bigint', entries, ({ id }) => id);
  const rows = await values.run<{ id: bigint }>(
    transaction,
    `delete from network.accounting_journal where id = any(${ids}) returning id`,
  );
  return new Set(rows.map(({ id }) => id));
}
