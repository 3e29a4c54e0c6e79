import { encodeCursor, type Logger, pause } from '@dotmac/platform';
import { createClient } from 'graphql-sse';
import { type QueryExecutorProvider, sql } from 'kysely';
import { GraphError } from '../graph-client.ts';

/** Reads one database's events and acts in another, both through the gateway (design, section 5). */
export interface RelayOptions<Event> {
  /** Unique and never changed: the cursor is kept under it. */
  readonly name: string;
  /** Where the cursor is kept. */
  readonly database: QueryExecutorProvider;
  /** Of the gateway. */
  readonly url: string;
  /** Scope of the source's cursors: the tenant's id, or `platform`. */
  readonly scope: string;
  /** A token for the source, fresh for every connection. */
  readonly token: () => Promise<string>;
  /** A subscription with a variable `$after: Cursor`. */
  readonly query: string;
  /** The event and its cursor in a payload. */
  readonly eventOf: (data: unknown) => { readonly cursor: string; readonly event: Event };
  /** Must be idempotent: after a crash an event comes again. */
  readonly deliver: (event: Event) => Promise<void>;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

const firstPauseMilliseconds = 250;
const longestPauseMilliseconds = 15_000;

/** Runs until the signal aborts: at least once delivered, in order, with growing pauses while something is away. */
export async function runRelay<Event>(options: RelayOptions<Event>): Promise<void> {
  const { name, signal } = options;
  const logger = options.logger.child({ relay: name });
  let delay = firstPauseMilliseconds;
  while (!signal.aborted) {
    try {
      await follow(options, () => {
        delay = firstPauseMilliseconds;
      });
    } catch (error) {
      if (signal.aborted) return;
      logger.warn({ error }, 'the relay lost its source or its target; it tries again');
    }
    await pause(delay, signal);
    delay = Math.min(delay * 2, longestPauseMilliseconds);
  }
}

async function follow<Event>(options: RelayOptions<Event>, onProgress: () => void): Promise<void> {
  const { url, query, signal } = options;
  const token = await options.token();
  const client = createClient({ url, headers: { authorization: `Bearer ${token}` }, retryAttempts: 0 });
  const end = () => client.dispose();
  signal.addEventListener('abort', end, { once: true });
  try {
    // Without a cursor of its own it begins with the first event there ever was.
    const after = (await cursorOf(options)) ?? encodeCursor({ epoch: 1, position: 0n }, options.scope);
    for await (const result of client.iterate({ query, variables: { after } })) {
      const [failure] = result.errors ?? [];
      if (failure !== undefined)
        throw new GraphError(String(failure.extensions?.code ?? 'UNKNOWN'), failure.message);
      const { cursor, event } = options.eventOf(result.data);
      await options.deliver(event);
      await saveCursor(options, cursor);
      onProgress();
    }
  } finally {
    signal.removeEventListener('abort', end);
    client.dispose();
  }
}

async function cursorOf<Event>({ database, name }: RelayOptions<Event>): Promise<string | null> {
  const { rows } = await sql<{
    cursor: string;
  }>`select cursor from runtime.relay where name = ${name}`.execute(database);
  return rows[0]?.cursor ?? null;
}

async function saveCursor<Event>({ database, name }: RelayOptions<Event>, cursor: string): Promise<void> {
  await sql`
    insert into runtime.relay (name, cursor, moved_at) values (${name}, ${cursor}, now())
    on conflict (name) do update set cursor = excluded.cursor, moved_at = excluded.moved_at`.execute(
    database,
  );
}
