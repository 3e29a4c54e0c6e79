import type { EventOf } from '@dotmac/schema';
import { type Kysely, sql } from 'kysely';

/** Events read from the database in one go. */
export const pageSize = 500;

/** Where a log stands: its newest event, and the place before which events are no longer kept. */
export interface Head {
  readonly epoch: number;
  readonly position: bigint;
  readonly floor: bigint;
}

/** Which events a reader wants: of these types, of this subject. */
export interface EventFilter<E> {
  readonly types?: readonly (keyof E & string)[] | undefined;
  readonly subject?: string | undefined;
}

export async function readHead(database: Kysely<unknown>): Promise<Head> {
  const { rows } = await sql<Head>`select epoch, position, floor from events.head`.execute(database);
  if (rows[0] === undefined) throw new Error('events.head has lost its row');
  return rows[0];
}

/** Up to a page of events after a position, in order. */
export async function readEvents<E>(
  database: Kysely<unknown>,
  after: bigint,
  { types, subject }: EventFilter<E> = {},
  limit: number = pageSize,
): Promise<EventOf<E>[]> {
  const { rows } = await sql<EventOf<E>>`
    select position, type, subject, payload, occurred_at as "occurredAt", actor, trace_id as "traceId", span_id as "spanId"
    from events.event
    where position > ${after.toString()}::bigint
      and (${types ?? null}::text[] is null or type = any(${types ?? null}::text[]))
      and (${subject ?? null}::text is null or subject = ${subject ?? null}::text)
    order by position limit ${limit}`.execute(database);
  return rows;
}
