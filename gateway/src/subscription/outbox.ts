import type { SnapshotPlace } from '@dotmac/platform';

/** One event, ready to be sent: serialised once for all who get it. */
export interface Delivery {
  /** JSON of the execution result. */
  readonly text: string;
  readonly cursor: string | null;
  /** Where a newer event with the same key takes the place of one that waits; null where every event matters. */
  readonly key: string | null;
  /** Where it stands in a snapshot; null for what happens. */
  readonly place: SnapshotPlace | null;
}

/** The end of a client's operation that the events go to. */
export interface Sink {
  /** The cursor that the first event will follow. Comes before any event, or never. */
  start(cursor: string): void;
  next(delivery: Pick<Delivery, 'text' | 'cursor'>): void;
  /** Ends the operation with these errors, in the client's form. */
  error(errors: readonly object[]): void;
  complete(): void;
  /** Octets that wait for the client. */
  buffered(): number;
}

export interface OutboxOptions {
  /** Text that may wait, in UTF-16 units. */
  readonly limit: number;
  /** Whether the newest of a key is enough. */
  readonly coalesces: boolean;
  readonly after: string | null;
  readonly onTooSlow: (lastCursor: string | null) => void;
}

/** From so many waiting octets on, events are kept here instead. More than a socket's high-water mark, so that it drains. */
const congestedBytes = 64 * 1024;

/**
 * Between a stream and one client: sends at the client's pace, in order, and gives up when more than `limit` waits.
 * What waits here is shared text; only references add up.
 */
export class Outbox {
  readonly #sink: Sink;
  readonly #options: OutboxOptions;
  /** What waits, oldest first: by its key where newer takes the place of older, else by itself. */
  readonly #queue = new Map<string | Delivery, Delivery>();
  #queued = 0;
  #closed = false;
  #progress = Promise.withResolvers<void>();
  /** Of the last event given to the socket. */
  lastCursor: string | null;

  constructor(sink: Sink, options: OutboxOptions) {
    this.#sink = sink;
    this.#options = options;
    this.lastCursor = options.after;
  }

  /** Whether the client is behind. */
  get congested(): boolean {
    return !this.#closed && this.#queue.size > 0;
  }

  /** Whether the stream had better wait: who needs only the newest may fall behind. */
  get full(): boolean {
    return this.congested && (!this.#options.coalesces || this.#queued > this.#options.limit / 2);
  }

  /** Resolves when the client has taken something, or is gone. */
  get progress(): Promise<void> {
    return this.congested ? this.#progress.promise : Promise.resolve();
  }

  push(delivery: Delivery): void {
    if (this.#closed) return;
    if (this.#queue.size === 0 && this.#sink.buffered() < congestedBytes) {
      this.#send(delivery);
      return;
    }
    const name = delivery.key ?? delivery;
    const older = this.#queue.get(name);
    if (older !== undefined) {
      // To the end: cursors must go up, for the client comes back after the last one he got.
      this.#queue.delete(name);
      this.#queued -= older.text.length;
    }
    this.#queue.set(name, delivery);
    this.#queued += delivery.text.length;
    if (this.#queued > this.#options.limit) this.giveUp();
  }

  /** Tells the client, who has had nothing yet, where his events begin. */
  begin(cursor: string): void {
    if (this.#closed || this.lastCursor !== null) return;
    this.lastCursor = cursor;
    this.#sink.start(cursor);
  }

  /** Tells the client that he is too slow. */
  giveUp(): void {
    if (!this.#closed) this.#options.onTooSlow(this.lastCursor);
  }

  /** To be called when the socket has drained. */
  flush(): void {
    let sent = false;
    for (const [name, delivery] of this.#queue) {
      if (this.#closed || this.#sink.buffered() >= congestedBytes) break;
      this.#queue.delete(name);
      this.#queued -= delivery.text.length;
      sent = true;
      this.#send(delivery);
    }
    if (sent) this.#release();
  }

  close(): void {
    this.#closed = true;
    this.#queue.clear();
    this.#release();
  }

  #send(delivery: Delivery): void {
    if (delivery.cursor !== null) this.lastCursor = delivery.cursor;
    this.#sink.next(delivery);
  }

  #release(): void {
    this.#progress.resolve();
    this.#progress = Promise.withResolvers();
  }
}
