import { type Kysely, sql } from 'kysely';
import { advisoryLock, sequenceBatch } from './sequencer.ts';

/** Where an event stands in a snapshot: the first has the number 1, the last the number `of`. */
export interface SnapshotPlace {
  readonly number: number;
  readonly of: number;
}

export interface Snapshot<T> {
  readonly state: T;
  readonly epoch: number;
  /** The state shows what every event up to here told, and nothing of any later one. */
  readonly position: bigint;
}

/**
 * Reads state exactly as of a position of the log. Everything that the transaction sees is sequenced in it, so that what
 * others commit meanwhile comes after the position. Sequencers wait for `read`: keep it short.
 */
export async function takeSnapshot<DB, T>(
  database: Kysely<unknown>,
  read: (transaction: Kysely<DB>) => Promise<T>,
): Promise<Snapshot<T>> {
  return database.connection().execute(async (connection) => {
    // Held before the transaction begins: had another sequenced after its view was taken, both would give positions.
    await sql`select pg_advisory_lock(${advisoryLock})`.execute(connection);
    try {
      return await connection
        .transaction()
        .setIsolationLevel('repeatable read')
        .execute(async (transaction) => {
          for (let more = true; more; ) ({ more } = await sequenceBatch(transaction));
          const state = await read(transaction as unknown as Kysely<DB>);
          const { rows } = await sql<{ epoch: number; position: bigint }>`
            select epoch, position from events.head`.execute(transaction);
          if (rows[0] === undefined) throw new Error('events.head has lost its row');
          return { state, ...rows[0] };
        });
    } finally {
      await sql`select pg_advisory_unlock(${advisoryLock})`.execute(connection);
    }
  });
}
