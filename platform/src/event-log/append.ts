import { type QueryExecutorProvider, type RawBuilder, sql } from 'kysely';
import { numberArray, textArray } from '../database/array.ts';

/** An event to be written; the log adds its position when the transaction has committed. */
export type NewEvent<E> = {
  [K in keyof E & string]: {
    readonly type: K;
    readonly subject: string;
    readonly payload: E[K];
    /** When it happened in the world; milliseconds since the epoch. */
    readonly occurredAt: number;
    /** Id of the principal, or `system:<part>`. */
    readonly actor: string;
    readonly traceId?: string;
  };
}[keyof E & string];

/**
 * Appends events in the transaction of the change they tell of: both hold or neither.
 * One statement however many there are.
 */
export async function appendEvents<E>(
  transaction: QueryExecutorProvider,
  events: readonly NewEvent<E>[],
): Promise<void> {
  if (events.length > 0) await eventsInsert(events).execute(transaction);
}

/** Events that are told only if what they tell of came about in the same statement. */
export interface ToldIf {
  /** Per event, what it tells of. */
  readonly keys: readonly string[];
  /** A query of the keys that came about. */
  readonly among: RawBuilder<unknown>;
}

/** Never in a JSON text, where control characters are escaped. */
const separator = '\u001e';

/** The same as a part of a larger statement, `with told as (…) insert …`, which then needs no transaction around it. */
export function eventsInsert<E>(events: readonly NewEvent<E>[], only?: ToldIf): RawBuilder<unknown> {
  const payloads = events.map(({ payload }) => JSON.stringify(payload)).join(separator);
  const keys = only === undefined ? sql`` : sql`, ${textArray(only.keys)}::text[]`;
  const key = only === undefined ? sql`` : sql`key,`;
  // `is true` keeps it a look-up in a hash table; as a join it is a loop over all pairs where joins by hash are switched off.
  const condition = only === undefined ? sql`` : sql`where (key in (${only.among})) is true`;
  return sql`
    insert into events.event (type, subject, payload, occurred_at, actor, trace_id)
    select type, subject, payload::jsonb, to_timestamp(at), actor, trace
    from unnest(${textArray(events.map(({ type }) => type))}::text[],
      ${textArray(events.map(({ subject }) => subject))}::text[],
      string_to_array(${payloads}::text, ${sql.lit(separator)}),
      ${numberArray(events.map(({ occurredAt }) => occurredAt / 1000))}::float8[],
      ${textArray(events.map(({ actor }) => actor))}::text[],
      ${textArray(events.map(({ traceId }) => traceId ?? null))}::text[]${keys})
      with ordinality as t (type, subject, payload, at, actor, trace, ${key} n)
    ${condition} order by n`;
}
