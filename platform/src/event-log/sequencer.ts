import { hash as digest } from 'node:crypto';
import { type Kysely, sql } from 'kysely';
import { binaryArray } from '../database/binary-array.ts';

/** Any number will do, as long as every sequencer of a database uses it. */
export const advisoryLock = 4_711_001;
/** Rows per transaction: a bound for memory and for how long the head row is locked. */
const batchSize = 1_000;

/**
 * For this transaction. What is known of the table is of a minute ago, when nothing or everything was unsequenced: plans
 * made by that read all that waits for each batch, and the whole log for its positions.
 */
const byIndexOnly = sql.join(
  ['enable_seqscan', 'enable_bitmapscan', 'enable_hashjoin', 'enable_mergejoin', 'enable_sort'].map(
    (setting) => sql`set_config(${sql.lit(setting)}, 'off', true)`,
  ),
);

/** What of an event the chain protects, as one text. */
const canonical = sql`jsonb_build_array(id, type, subject, payload, extract(epoch from occurred_at), actor)::text`;

interface UnsequencedRow {
  readonly id: bigint;
  readonly type: string;
  readonly canonical: string;
}

/** A run of events that got their positions together: those after `after` up to `to`. */
export interface Sequenced {
  readonly after: bigint;
  readonly to: bigint;
  readonly types: ReadonlySet<string>;
}

export interface SequencerPass {
  /** Null when there was nothing to do. */
  readonly sequenced: Sequenced | null;
  readonly more: boolean;
  /** Where the log stands; null when another sequencer is at work and it may move at any time. */
  readonly position: bigint | null;
}

/**
 * Gives committed events their positions and extends the hash chain. One sequencer works at a time; the others return
 * at once. Because only committed rows are seen and the batch is ordered by id, a reader that has seen position n
 * never meets a smaller one later, and events of one subject keep their order.
 * @param name stands in the notification, so that who sequenced need not look again.
 * @returns what was sequenced; call again while there is more.
 */
export async function sequence(database: Kysely<unknown>, name = ''): Promise<SequencerPass> {
  return database.transaction().execute(async (transaction) => {
    const lock = await sql<{ held: boolean; position: bigint }>`
      select pg_try_advisory_xact_lock(${advisoryLock}) as held, position, ${byIndexOnly} from events.head`.execute(
      transaction,
    );
    const { held = false, position = null } = lock.rows[0] ?? {};
    if (!held || position === null) return { sequenced: null, more: false, position: null };
    const batch = await sequenceBatch(transaction, name);
    return { ...batch, position: batch.sequenced?.to ?? position };
  });
}

/** The next batch of what this transaction sees, which must hold the sequencers' lock. */
export async function sequenceBatch(
  transaction: Kysely<unknown>,
  name = '',
): Promise<Pick<SequencerPass, 'sequenced' | 'more'>> {
  const { rows } = await sql<UnsequencedRow>`
    select id, type, ${canonical} as canonical
    from events.event where position is null order by id limit ${batchSize}`.execute(transaction);
  if (rows.length === 0) return { sequenced: null, more: false };

  const { rows: heads } = await sql<{ position: bigint; hash: Uint8Array }>`
    select position, hash from events.head for update`.execute(transaction);
  const head = heads[0];
  if (head === undefined) throw new Error('events.head has lost its row');
  let hash = head.hash;
  const hashes = rows.map((row) => {
    hash = chainHash(hash, row.canonical);
    return Buffer.from(hash).toString('hex');
  });
  // Other processes' readers look again once this is committed.
  await sql`
    with placed as (
      update events.event e set position = ${head.position}::bigint + t.n, hash = decode(t.hash, 'hex')
      from unnest(${binaryArray(
        'bigint',
        rows.map((row) => row.id),
      )}::bigint[], ${binaryArray('text', hashes)}::text[])
        with ordinality as t (id, hash, n)
      where e.id = t.id and e.position is null
    ), headed as (
      update events.head set position = position + ${rows.length}::bigint, hash = decode(${hashes.at(-1)}, 'hex')
    )
    select pg_notify('dotmac_events', ${name})`.execute(transaction);
  const sequenced = {
    after: head.position,
    to: head.position + BigInt(rows.length),
    types: new Set(rows.map(({ type }) => type)),
  };
  return { sequenced, more: rows.length === batchSize };
}

/** Recomputes the chain of what is kept. @returns the first position that does not fit, or null. */
export async function verifyChain(database: Kysely<unknown>): Promise<bigint | null> {
  let hash: Uint8Array = new Uint8Array();
  for (let last = 0n; ; ) {
    const { rows } = await sql<{ position: bigint; canonical: string; hash: Uint8Array }>`
      select position, ${canonical} as canonical, hash from events.event
      where position > ${last.toString()}::bigint order by position limit ${batchSize}`.execute(database);
    if (rows.length === 0) return null;
    for (const row of rows) {
      hash = chainHash(hash, row.canonical);
      if (Buffer.compare(hash, row.hash) !== 0) return row.position;
      last = row.position;
    }
  }
}

/** SHA-256 over the previous link and the event's canonical text. */
function chainHash(previous: Uint8Array, canonical: string): Uint8Array {
  return digest('sha256', Buffer.concat([previous, Buffer.from(canonical)]), 'buffer');
}
