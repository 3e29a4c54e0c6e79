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
  /** The cursor to go on from: nothing of the stream lies between it and what was sent last. */
  place(cursor: string): void;
  /** Results in their order, written in one go. */
  next(deliveries: readonly Pick<Delivery, 'text' | 'cursor'>[]): void;
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

  /** Text that waits, in UTF-16 units. */
  get waiting(): number {
    return this.#queued;
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

  push(deliveries: readonly Delivery[]): void {
    if (this.#closed || deliveries.length === 0) return;
    let rest = deliveries;
    if (this.#queue.size === 0) {
      // A socket that took all of it at once will not say that it has drained: only one that is full does.
      for (let fitting = this.#fitting(rest); fitting > 0; fitting = this.#fitting(rest)) {
        this.#send(fitting === rest.length ? rest : rest.slice(0, fitting));
        if (fitting === rest.length || this.#closed) return;
        rest = rest.slice(fitting);
      }
    }
    for (const delivery of rest) if (!this.#closed) this.#enqueue(delivery);
  }

  #enqueue(delivery: Delivery): void {
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

  /** Nothing of the stream lies between what was pushed last and this cursor. */
  quietUntil(cursor: string, tell: boolean): void {
    // Whoever is behind has cursors coming.
    if (this.#closed || this.#queue.size > 0) return;
    this.lastCursor = cursor;
    if (tell) this.#sink.place(cursor);
  }

  /** Tells the client that he is too slow. */
  giveUp(): void {
    if (!this.#closed) this.#options.onTooSlow(this.lastCursor);
  }

  /** To be called when the socket has drained. */
  flush(): void {
    let sentAny = false;
    for (
      let fitting = this.#fitting(this.#queue.values());
      fitting > 0;
      fitting = this.#fitting(this.#queue.values())
    ) {
      const sent: Delivery[] = [];
      for (const [name, delivery] of this.#queue) {
        if (sent.length === fitting) break;
        this.#queue.delete(name);
        this.#queued -= delivery.text.length;
        sent.push(delivery);
      }
      this.#send(sent);
      sentAny = true;
    }
    if (sentAny) this.#release();
  }

  /** How many of these the socket takes before the client counts as behind. */
  #fitting(deliveries: Iterable<Delivery>): number {
    let buffered = this.#sink.buffered();
    let fitting = 0;
    for (const { text } of deliveries) {
      if (buffered >= congestedBytes) break;
      buffered += text.length;
      fitting += 1;
    }
    return fitting;
  }

  close(): void {
    this.#closed = true;
    this.#queue.clear();
    this.#queued = 0;
    this.#release();
  }

  #send(deliveries: readonly Delivery[]): void {
    this.lastCursor = deliveries.at(-1)?.cursor ?? this.lastCursor;
    this.#sink.next(deliveries);
  }

  #release(): void {
    this.#progress.resolve();
    this.#progress = Promise.withResolvers();
  }
}
