import type { EventOf } from '@dotmac/schema';
import { type Kysely, sql, type Transaction } from 'kysely';
import type { Logger } from '../telemetry/logger.ts';
import { inTrace, withSpan } from '../telemetry/tracing.ts';
import { pause } from '../time/pause.ts';
import type { EventLog } from './log.ts';

/** Reacts to events of its own database, each exactly once: the effect and the place in the log commit together. */
export interface EventConsumer<DB, E> {
  /** Unique in the database and never changed: the place in the log is kept under it. */
  readonly name: string;
  readonly types: readonly (keyof E & string)[];
  /** Only database work: whatever happens outside belongs into a job that this enqueues. */
  handle(event: EventOf<E>, transaction: Transaction<DB>): Promise<void>;
}

const firstRetryMilliseconds = 200;
const longestRetryMilliseconds = 30_000;

/**
 * Runs a consumer until the signal aborts. An event that fails is retried with growing pauses and stops this consumer
 * only; its error stands in `events.consumer` and in the log until it goes through.
 */
export async function runConsumer<DB, E>(options: {
  readonly consumer: EventConsumer<DB, E>;
  readonly database: Kysely<DB>;
  readonly log: EventLog<E>;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}): Promise<void> {
  const { consumer, log, signal } = options;
  const database = options.database as unknown as Kysely<unknown>;
  const logger = options.logger.child({ consumer: consumer.name });
  let registered = false;
  let retry = firstRetryMilliseconds;
  // Up to here nothing is of this consumer's types: only its own events move its place in the database.
  let looked = 0n;
  while (!signal.aborted) {
    const news = log.nextNews(signal);
    const quiet = registered ? log.quietUntil(looked, consumer.types) : null;
    if (quiet !== null) {
      looked = quiet;
      await news;
      continue;
    }
    try {
      if (!registered) await register(consumer.name, database);
      registered = true;
      const head = await log.headPosition();
      const handled = await consumeBatch(consumer, database, log, looked);
      retry = firstRetryMilliseconds;
      if (handled === 0) looked = head;
      if (handled === 0) await news;
    } catch (error) {
      if (signal.aborted) return;
      logger.error({ error }, 'an event could not be handled; it will be tried again');
      await recordFailure(database, consumer.name, error, logger);
      await pause(retry, signal);
      retry = Math.min(retry * 2, longestRetryMilliseconds);
    }
  }
}

async function register(name: string, database: Kysely<unknown>): Promise<void> {
  await sql`insert into events.consumer (name) values (${name}) on conflict do nothing`.execute(database);
}

/** Handles up to a page of events, each in a transaction of its own. */
async function consumeBatch<DB, E>(
  consumer: EventConsumer<DB, E>,
  database: Kysely<unknown>,
  log: EventLog<E>,
  looked: bigint,
): Promise<number> {
  const { rows } = await sql<{ position: bigint }>`
    select position from events.consumer where name = ${consumer.name}`.execute(database);
  const stored = rows[0]?.position ?? 0n;
  const events = await log.read(stored > looked ? stored : looked, { types: consumer.types });
  for (const event of events) {
    await inTraceOf(event, consumer.name, () =>
      database.transaction().execute(async (transaction) => {
        const moved = await sql`
        update events.consumer set position = ${event.position.toString()}::bigint, failure = null, failed_at = null, attempts = 0
        where name = ${consumer.name} and position < ${event.position.toString()}::bigint`.execute(
          transaction,
        );
        // Another process was faster: its effect is committed.
        if (moved.numAffectedRows === 0n) return;
        await consumer.handle(event, transaction as unknown as Transaction<DB>);
      }),
    );
  }
  return events.length;
}

/** A reaction is a part of the trace that told of the event; without one it is nobody's. */
function inTraceOf<T>(
  { type, traceId, spanId }: Readonly<Record<'type', string> & Record<'traceId' | 'spanId', string | null>>,
  consumer: string,
  react: () => Promise<T>,
): Promise<T> {
  if (traceId === null || spanId === null) return react();
  const attributes = { 'dotmac.consumer': consumer, 'dotmac.event': type };
  return inTrace(`00-${traceId}-${spanId}-01`, () => withSpan('dotmac.consume', attributes, react));
}

async function recordFailure(
  database: Kysely<unknown>,
  name: string,
  error: unknown,
  logger: Logger,
): Promise<void> {
  try {
    await sql`
      update events.consumer set failure = ${String(error)}, failed_at = now(), attempts = attempts + 1
      where name = ${name}`.execute(database);
  } catch (unreachable) {
    logger.warn({ error: unreachable }, 'the failure could not be recorded');
  }
}
