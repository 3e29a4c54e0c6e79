import { randomUUID } from 'node:crypto';
import type { EventOf } from '@dotmac/schema';
import { type Kysely, sql } from 'kysely';
import pg from 'pg';
import { connectionSettings, type OpenOptions } from '../database/open.ts';
import { isDatabaseOutage } from '../database/outage.ts';
import type { Logger } from '../telemetry/logger.ts';
import { pause } from '../time/pause.ts';
import type { NewEvent } from './append.ts';
import {
  CursorExpiredError,
  CursorInvalidError,
  decodeCursor,
  type EventCursor,
  encodeCursor,
} from './cursor.ts';
import { RecentTypes } from './recent.ts';
import { sequence, verifyChain } from './sequencer.ts';
import { type Snapshot, type SnapshotPlace, takeSnapshot } from './snapshot.ts';

/** Events read from the database in one go. */
const pageSize = 500;
/** The reader looks by itself this often, in case a notification was lost with its connection. */
const fallbackMilliseconds = 5_000;
/** Before a reader looks again whether its database is back. */
const outageMilliseconds = 250;
/** Between two passes when notifications come faster than the passes, at least and at most. */
const breatherMilliseconds = { least: 20, most: 200 };
/** A pass costs the same for one event as for many: at most a fifth of the time is spent on them. */
const breatherPerPass = 4;

export interface EventLogOptions {
  readonly database: Kysely<unknown>;
  /** For the connection that listens. */
  readonly connection: OpenOptions;
  /** Binds cursors to the tenant (or `platform`). */
  readonly scope: string;
  readonly logger: Logger;
}

export interface SubscribeOptions<E, DB = never> {
  /** Go on after this cursor; without it, from now on. */
  readonly after?: string | null | undefined;
  readonly types: readonly (keyof E & string)[];
  /** Only events of this subject. */
  readonly subject?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly initial?: InitialState<E, DB> | undefined;
}

/** What stands when a stream begins, told as the events that would have brought it about. */
export interface InitialState<E, DB> {
  /** Whether the reader asks for it. Without, it comes only to one who broke off in the middle of it. */
  readonly wanted: boolean;
  /** Sequencing waits for it: a few short queries. */
  readonly read: (transaction: Kysely<DB>) => Promise<readonly NewEvent<E>[]>;
}

/** An event of a stream; `snapshot` says where it stands in the initial state, and is null for what happened since. */
export type EventWithCursor<E> = EventOf<E> & {
  readonly cursor: string;
  readonly snapshot: SnapshotPlace | null;
};

/** Events, and the cursor that the first of them follows: known before there is any. */
export type EventStream<E> = AsyncGenerator<EventWithCursor<E>, void, undefined> & { readonly start: string };

interface Head {
  readonly epoch: number;
  readonly position: bigint;
  readonly floor: bigint;
}

/**
 * Reads a database's event log. One instance per process and database: it sequences, notices what is new through
 * LISTEN, and serves any number of readers.
 */
export class EventLog<E> {
  readonly #options: EventLogOptions;
  readonly #wakers = new Set<() => void>();
  readonly #hearers = new Map<string, (payload: string) => void>();
  readonly #stopped = new AbortController();
  readonly #recent = new RecentTypes();
  readonly #name = randomUUID();
  #listener: pg.Client | undefined;
  #running: Promise<void> | undefined;
  #wanted = false;

  constructor(options: EventLogOptions) {
    this.#options = options;
  }

  /** Begins to sequence and to listen. Returns when the first pass is done. */
  async start(): Promise<void> {
    await this.#advance();
    this.#running = this.#run();
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    for (const wake of this.#wakers) wake();
    await this.#running;
  }

  /**
   * Hears a channel of NOTIFY on the log's own connection, at the COMMIT that tells of it and before the log has its event.
   * What is told while that connection is away is not repeated: whoever needs all of it follows the events too.
   */
  async hear(channel: string, onTold: (payload: string) => void): Promise<void> {
    this.#hearers.set(channel, onTold);
    // Without a connection, the next one begins with it.
    await this.#listener?.query(`listen ${pg.escapeIdentifier(channel)}`);
  }

  /** Sequences what is committed now; readers see it when this returns. */
  async flush(): Promise<void> {
    await this.#advance();
  }

  /** The cursor that lies after everything sequenced so far. */
  async headCursor(): Promise<string> {
    const head = await this.#head();
    return encodeCursor(head, this.#options.scope);
  }

  /** The position of the newest event; what is sequenced later has a greater one. */
  async headPosition(): Promise<bigint> {
    return (await this.#head()).position;
  }

  /** The cursor clients get with an event. */
  async cursorOf(event: { readonly position: bigint }): Promise<string> {
    return encodeCursor({ epoch: (await this.#head()).epoch, position: event.position }, this.#options.scope);
  }

  /** Up to a page of events after a position, in order. */
  async read(
    after: bigint,
    options: { types?: readonly (keyof E & string)[]; subject?: string | undefined; limit?: number } = {},
  ): Promise<EventOf<E>[]> {
    const { types = null, subject = null } = options;
    const { rows } = await sql<EventOf<E>>`
      select position, type, subject, payload, occurred_at as "occurredAt", actor, trace_id as "traceId"
      from events.event
      where position > ${after.toString()}::bigint and (${types}::text[] is null or type = any(${types}::text[]))
        and (${subject}::text is null or subject = ${subject}::text)
      order by position limit ${options.limit ?? pageSize}`.execute(this.#options.database);
    return rows;
  }

  /**
   * Events from a cursor on (or from now on without one), first those that are there, then as they come, with no gap
   * and no repetition in between. Ends when the signal aborts or the log stops. With `initial`, what stands comes first:
   * as of a position of the log, and then what lies after that.
   * @throws CursorInvalidError, CursorExpiredError
   */
  async subscribe<DB = never>(options: SubscribeOptions<E, DB>): Promise<EventStream<E>> {
    const { scope } = this.#options;
    const snapshot = await this.#initialState(options);
    const head = await this.#head();
    const epoch = snapshot?.epoch ?? head.epoch;
    const position = snapshot?.position ?? this.#startOf(options.after, head);
    const standing = snapshot === null ? [] : this.#standing(snapshot);
    const ended = new AbortController();
    const signal =
      options.signal === undefined ? ended.signal : AbortSignal.any([options.signal, ended.signal]);
    const events = this.#follow(standing, { epoch, position }, options, signal);
    // A generator that waits for the next event would hear of its `return` only with that event.
    const end = events.return.bind(events);
    events.return = (value) => {
      ended.abort();
      return end(value);
    };
    return Object.assign(events, {
      start: encodeCursor({ epoch, position, inSnapshot: standing.length > 0 }, scope),
    });
  }

  async #initialState<DB>({
    after,
    initial,
  }: SubscribeOptions<E, DB>): Promise<Snapshot<readonly NewEvent<E>[]> | null> {
    const brokeOff = after != null && decodeCursor(after, this.#options.scope).inSnapshot === true;
    if (brokeOff && initial === undefined) throw new CursorInvalidError();
    if (initial === undefined || !(brokeOff || (after == null && initial.wanted))) return null;
    const snapshot = await takeSnapshot<DB, readonly NewEvent<E>[]>(this.#options.database, initial.read);
    // Others could not sequence meanwhile; what they left is done now.
    await this.#advance();
    return snapshot;
  }

  #standing({ state, epoch, position }: Snapshot<readonly NewEvent<E>[]>): EventWithCursor<E>[] {
    return state.map((event, index) => {
      const place = { number: index + 1, of: state.length };
      const cursor = { epoch, position, inSnapshot: place.number < place.of };
      return {
        ...event,
        position,
        occurredAt: new Date(event.occurredAt),
        traceId: event.traceId ?? null,
        cursor: encodeCursor(cursor, this.#options.scope),
        snapshot: place,
      };
    });
  }

  #startOf(after: string | null | undefined, head: Head): bigint {
    if (after == null) return head.position;
    const { scope } = this.#options;
    const cursor = decodeCursor(after, scope);
    if (cursor.epoch !== head.epoch || cursor.position < head.floor || cursor.position > head.position) {
      throw new CursorExpiredError(encodeCursor(head, scope));
    }
    return cursor.position;
  }

  /** What lies after a position, or null while the database is away: a reader outlives that. */
  async #nextPage(
    position: bigint,
    filter: Pick<SubscribeOptions<E>, 'types' | 'subject'>,
  ): Promise<{ head: bigint; events: EventOf<E>[] } | null> {
    try {
      const quiet = this.quietUntil(position, filter.types);
      if (quiet !== null) return { head: quiet, events: [] };
      const head = await this.headPosition();
      return { head, events: head > position ? await this.read(position, filter) : [] };
    } catch (error) {
      if (isDatabaseOutage(error)) return null;
      throw error;
    }
  }

  async *#follow(
    standing: readonly EventWithCursor<E>[],
    { epoch, position: start }: EventCursor,
    { types, subject }: Pick<SubscribeOptions<E>, 'types' | 'subject'>,
    signal: AbortSignal,
  ): AsyncGenerator<EventWithCursor<E>, void, undefined> {
    yield* standing;
    let position = start;
    let awake = Promise.withResolvers<void>();
    const wake = () => awake.resolve();
    this.#wakers.add(wake);
    signal.addEventListener('abort', wake, { once: true });
    try {
      while (!this.#stopped.signal.aborted && !signal.aborted) {
        // Rearmed before the read: a change during the read wakes us again.
        awake = Promise.withResolvers<void>();
        const page = await this.#nextPage(position, { types, subject });
        if (page === null) {
          await pause(outageMilliseconds, signal);
          continue;
        }
        const { head, events } = page;
        for (const event of events) {
          position = event.position;
          const cursor = encodeCursor({ epoch, position }, this.#options.scope);
          yield { ...event, cursor, snapshot: null };
        }
        if (events.length === pageSize) continue;
        // Events of other types are not looked at again and again.
        if (head > position) position = head;
        await awake.promise;
      }
    } finally {
      this.#wakers.delete(wake);
      signal.removeEventListener('abort', wake);
    }
  }

  /** The position of the first event that no longer fits the chain of hashes, or null when all do. */
  verifyChain(): Promise<bigint | null> {
    return verifyChain(this.#options.database);
  }

  /**
   * How far nothing of these types lies after a position, as of the last pass of this process; null when the database must be
   * asked. Look again after `nextNews`.
   */
  quietUntil(position: bigint, types: readonly (keyof E & string)[]): bigint | null {
    return this.#recent.quietUntil(position, types);
  }

  /** Resolves when there may be something new, or when the signal aborts. Ask before reading, await after. */
  nextNews(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        this.#wakers.delete(wake);
        signal.removeEventListener('abort', wake);
        resolve();
      };
      this.#wakers.add(wake);
      signal.addEventListener('abort', wake, { once: true });
      if (signal.aborted || this.#stopped.signal.aborted) wake();
    });
  }

  async #head(): Promise<Head> {
    const { rows } = await sql<Head>`select epoch, position, floor from events.head`.execute(
      this.#options.database,
    );
    if (rows[0] === undefined) throw new Error('events.head has lost its row');
    return rows[0];
  }

  #pass: Promise<unknown> = Promise.resolve();

  /** Passes of this process follow each other, so that `flush` returns when its own is done. */
  #advance(): Promise<void> {
    const pass = this.#pass.then(() => this.#sequenceAll());
    this.#pass = pass.catch(() => undefined);
    return pass;
  }

  async #sequenceAll(): Promise<void> {
    let any = false;
    for (let more = true; more && !this.#stopped.signal.aborted; ) {
      const pass = await sequence(this.#options.database, this.#name);
      this.#recent.note(pass);
      more = pass.more;
      any ||= pass.sequenced !== null;
    }
    if (any) for (const wake of this.#wakers) wake();
  }

  /** Sequences on every notification and, as a fallback, now and then; outlives lost connections. */
  async #run(): Promise<void> {
    const { logger } = this.#options;
    while (!this.#stopped.signal.aborted) {
      try {
        await this.#listen();
        const began = performance.now();
        await this.#advance();
        const took = performance.now() - began;
        // Another process may have sequenced: readers look again whenever anything happened.
        for (const wake of this.#wakers) wake();
        // One who writes all the time is followed in passes that are worth their while; at rest the next is at once.
        if (this.#wanted) {
          const { least, most } = breatherMilliseconds;
          await this.#rest(Math.min(most, Math.max(least, breatherPerPass * took)));
        }
        await this.#waitForNews();
      } catch (error) {
        if (this.#stopped.signal.aborted) break;
        logger.warn({ error }, 'the event log cannot reach its database; trying again');
        await this.#dropListener();
        await this.#pause(500);
      }
    }
    await this.#dropListener();
  }

  async #listen(): Promise<void> {
    if (this.#listener !== undefined) return;
    const client = new pg.Client(connectionSettings(this.#options.connection));
    client.on('error', () => void this.#dropListener());
    client.on('end', () => void this.#dropListener());
    client.on('notification', ({ channel, payload }) => {
      if (channel !== 'dotmac_events') {
        this.#hearers.get(channel)?.(payload ?? '');
        return;
      }
      // Our own passes wake our readers themselves.
      if (payload === this.#name) return;
      this.#wanted = true;
      this.#news?.();
    });
    await client.connect();
    this.#listener = client;
    for (const channel of ['dotmac_events', ...this.#hearers.keys()])
      await client.query(`listen ${client.escapeIdentifier(channel)}`);
  }

  async #dropListener(): Promise<void> {
    const client = this.#listener;
    this.#listener = undefined;
    this.#news?.();
    if (client === undefined) return;
    client.removeAllListeners();
    // The connection may be dead already; what its end reports no longer matters.
    client.on('error', () => undefined);
    await client.end().catch(() => undefined);
  }

  #news: (() => void) | undefined;

  async #waitForNews(): Promise<void> {
    if (!this.#wanted) await this.#pause(fallbackMilliseconds);
    this.#wanted = false;
  }

  /** Waits whatever happens; until the log stops at most. */
  #rest(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.#stopped.signal.removeEventListener('abort', done);
        resolve();
      };
      const timer = setTimeout(done, milliseconds);
      this.#stopped.signal.addEventListener('abort', done, { once: true });
    });
  }

  /** Waits until something happens, at most so long. */
  #pause(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.#stopped.signal.removeEventListener('abort', done);
        this.#news = undefined;
        resolve();
      };
      const timer = setTimeout(done, milliseconds);
      this.#news = done;
      this.#stopped.signal.addEventListener('abort', done, { once: true });
      if (this.#stopped.signal.aborted) done();
    });
  }
}
