import type { EventOf } from '@dotmac/schema';
import type { Kysely } from 'kysely';
import type { OpenOptions } from '../database/open.ts';
import type { Logger } from '../telemetry/logger.ts';
import { encodeCursor } from './cursor.ts';
import { Listener } from './listener.ts';
import { News } from './news.ts';
import { type EventFilter, readEvents, readHead } from './read.ts';
import { RecentTypes } from './recent.ts';
import { verifyChain } from './sequencer.ts';
import { Sequencing } from './sequencing.ts';
import { type EventStream, openStream, type SubscribeOptions } from './stream.ts';

export interface EventLogOptions {
  readonly database: Kysely<unknown>;
  /** For the connection that listens. */
  readonly connection: OpenOptions;
  /** Binds cursors to the tenant (or `platform`). */
  readonly scope: string;
  readonly logger: Logger;
}

/**
 * Reads a database's event log. One instance per process and database: it sequences, notices what is new through
 * LISTEN, and serves any number of readers.
 */
export class EventLog<E> {
  readonly #options: EventLogOptions;
  readonly #news = new News();
  readonly #recent = new RecentTypes();
  readonly #listener: Listener;
  readonly #sequencing: Sequencing;

  constructor(options: EventLogOptions) {
    const { database, connection, logger } = options;
    this.#options = options;
    this.#listener = new Listener(connection, () => this.#sequencing.wake());
    this.#sequencing = new Sequencing({
      database,
      listener: this.#listener,
      logger,
      onPass: (pass) => this.#recent.note(pass),
      onNews: () => this.#news.tell(),
    });
  }

  /** Begins to sequence and to listen. Returns when the first pass is done. */
  async start(): Promise<void> {
    await this.#sequencing.start();
  }

  async stop(): Promise<void> {
    await this.#sequencing.stop();
  }

  /**
   * Hears a channel of NOTIFY on the log's own connection, at the COMMIT that tells of it and before the log has its event.
   * What is told while that connection is away is not repeated: whoever needs all of it follows the events too.
   */
  async hear(channel: string, onTold: (payload: string) => void): Promise<void> {
    await this.#listener.hear(channel, onTold);
  }

  /** Sequences what is committed now; readers see it when this returns. */
  async flush(): Promise<void> {
    await this.#sequencing.advance(true);
  }

  /** The cursor that lies after everything sequenced so far. */
  async headCursor(): Promise<string> {
    return encodeCursor(await readHead(this.#options.database), this.#options.scope);
  }

  /** The position of the newest event; what is sequenced later has a greater one. */
  async headPosition(): Promise<bigint> {
    return (await readHead(this.#options.database)).position;
  }

  /** The cursor clients get with an event. */
  async cursorOf({ position }: { readonly position: bigint }): Promise<string> {
    const { epoch } = await readHead(this.#options.database);
    return encodeCursor({ epoch, position }, this.#options.scope);
  }

  /** Up to a page of events after a position, in order. */
  async read(
    after: bigint,
    { limit, ...filter }: EventFilter<E> & { readonly limit?: number } = {},
  ): Promise<EventOf<E>[]> {
    return readEvents(this.#options.database, after, filter, limit);
  }

  /**
   * Events from a cursor on (or from now on without one), first those that are there, then as they come, with no gap
   * and no repetition in between. Ends when the signal aborts or the log stops. With `initial`, what stands comes first:
   * as of a position of the log, and then what lies after that.
   * @throws CursorInvalidError, CursorExpiredError
   */
  async subscribe<DB = never>(options: SubscribeOptions<E, DB>): Promise<EventStream<E>> {
    const { database, scope } = this.#options;
    return openStream(
      {
        database,
        scope,
        news: this.#news,
        stopped: this.#sequencing.stopped,
        flush: () => this.flush(),
        quietUntil: (position, types) => this.#recent.quietUntil(position, types),
      },
      options,
    );
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
    return this.#news.after(this.#news.told, signal, this.#sequencing.stopped);
  }
}
