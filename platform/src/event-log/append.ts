import type { QueryExecutorProvider } from 'kysely';
import { StatementValues } from '../database/statement.ts';
import { activeSpan } from '../telemetry/tracing.ts';

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
    /** That of the span it is told in when absent. */
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
  if (events.length === 0) return;
  const values = new StatementValues();
  await values.run(transaction, eventsInsert(values, events));
}

/** Events that are told only if what they tell of came about in the same statement. */
export interface ToldIf {
  /** Per event, what it tells of. */
  readonly keys: readonly string[];
  /** A query of the keys that came about. */
  readonly among: string;
}

/**
 * The same as a part of a larger statement, `with told as (…) insert …`, which then needs no transaction around it.
 * @param values of that statement
 */
export function eventsInsert<E>(
  values: StatementValues,
  events: readonly NewEvent<E>[],
  only?: ToldIf,
): string {
  const span = activeSpan();
  const arrays = [
    values.array('text', events, ({ type }) => type),
    values.array('text', events, ({ subject }) => subject),
    values.array('text', events, ({ payload }) => JSON.stringify(payload)),
    values.array('timestamptz', events, ({ occurredAt }) => occurredAt),
    values.array('text', events, ({ actor }) => actor),
    values.array('text', events, ({ traceId = span?.traceId ?? null }) => traceId),
    values.array('text', events, ({ traceId = span?.traceId }) => spanIdIn(traceId, span)),
  ];
  if (only !== undefined) arrays.push(values.array('text', only.keys, (key) => key));
  // `is true` keeps it a look-up in a hash table; as a join it is a loop over all pairs where joins by hash are switched off.
  const condition = only === undefined ? '' : `where (key in (${only.among})) is true`;
  return `
    insert into events.event (type, subject, payload, occurred_at, actor, trace_id, span_id)
    select type, subject, payload::jsonb, at, actor, trace, span
    from unnest(${arrays.join(', ')})
      with ordinality as t (type, subject, payload, at, actor, trace, span, ${only === undefined ? '' : 'key, '}n)
    ${condition} order by n`;
}

/** Null in the trace of somebody else. */
function spanIdIn(traceId: string | undefined, span: ReturnType<typeof activeSpan>): string | null {
  return span !== null && span.traceId === traceId ? span.spanId : null;
}
