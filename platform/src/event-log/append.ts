import { type QueryExecutorProvider, type RawBuilder, sql } from 'kysely';

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

/** The same as a part of a larger statement, `with told as (…) insert …`, which then needs no transaction around it. */
export function eventsInsert<E>(events: readonly NewEvent<E>[]): RawBuilder<unknown> {
  const rows = events.map((event) => ({
    type: event.type,
    subject: event.subject,
    payload: event.payload,
    occurredAt: new Date(event.occurredAt).toISOString(),
    actor: event.actor,
    traceId: event.traceId ?? null,
  }));
  return sql`
    insert into events.event (type, subject, payload, occurred_at, actor, trace_id)
    select r->>'type', r->>'subject', r->'payload', (r->>'occurredAt')::timestamptz, r->>'actor', r->>'traceId'
    from jsonb_array_elements(${JSON.stringify(rows)}::jsonb) with ordinality as t (r, n) order by n`;
}
