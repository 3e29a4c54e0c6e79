import { hash as digest } from 'node:crypto';
import { type Kysely, sql } from 'kysely';

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

/** What a batch got: positions from the one behind `after` on. */
interface Placed {
  readonly after: bigint;
  readonly count: bigint;
  readonly types: readonly string[];
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
 * @param waits for another that is at work, such as a snapshot: it may not have seen what is committed by now.
 * @returns what was sequenced; call again while there is more.
 */
export async function sequence(database: Kysely<unknown>, name = '', waits = false): Promise<SequencerPass> {
  return database.transaction().execute(async (transaction) => {
    const lock = waits
      ? sql<boolean>`(select true from pg_advisory_xact_lock(${advisoryLock}))`
      : sql<boolean>`pg_try_advisory_xact_lock(${advisoryLock})`;
    const { rows } = await sql<{ held: boolean }>`select ${lock} as held, ${byIndexOnly}`.execute(
      transaction,
    );
    if (rows[0]?.held !== true) return { sequenced: null, more: false, position: null };
    const batch = await sequenceBatch(transaction, name);
    return { ...batch, position: batch.sequenced?.to ?? (await positionOf(transaction)) };
  });
}

/** Read after the lock is held: the statement that takes it sees what was before, and another may have moved it since. */
async function positionOf(transaction: Kysely<unknown>): Promise<bigint | null> {
  const { rows } = await sql<{ position: bigint }>`select position from events.head`.execute(transaction);
  return rows[0]?.position ?? null;
}

/** The next batch of what this transaction sees, which must hold the sequencers' lock. */
export async function sequenceBatch(
  transaction: Kysely<unknown>,
  name = '',
): Promise<Pick<SequencerPass, 'sequenced' | 'more'>> {
  // Other processes' readers look again once this is committed.
  const { rows } = await sql<Placed>`
    with waiting as materialized (
      select ctid, id, type, ${canonical} as canonical
      from events.event where position is null order by id limit ${batchSize}
    ), head as (
      select position, hash from events.head where exists (select from waiting) for update
    ), linked as materialized (
      select w.ctid, w.type, row_number() over next as n, events.chain(h.hash, w.canonical) over next as hash
      from waiting w cross join head h
      window next as (order by w.id rows unbounded preceding)
    ), placed as (
      update events.event e set position = h.position + l.n, hash = l.hash
      from linked l cross join head h where e.ctid = l.ctid and e.position is null
    ), headed as (
      update events.head h set position = h.position + l.n, hash = l.hash
      from (select n, hash from linked order by n desc limit 1) l
    )
    select h.position as after, count(*) as count, array_agg(distinct l.type) as types,
      pg_notify('dotmac_events', ${name})
    from head h cross join linked l group by h.position`.execute(transaction);
  const [placed] = rows;
  if (placed === undefined) return { sequenced: null, more: false };
  const { after, count, types } = placed;
  const sequenced = { after, to: after + count, types: new Set(types) };
  return { sequenced, more: count === BigInt(batchSize) };
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
