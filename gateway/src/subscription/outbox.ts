/** One event, ready to be sent: serialised once for all who get it. */
export interface Delivery {
  /** JSON of the execution result. */
  readonly text: string;
  readonly cursor: string | null;
}

/** The end of a client's operation that the events go to. */
export interface Sink {
  /** The cursor that the first event will follow. Comes before any event, or never. */
  start(cursor: string): void;
  next(delivery: Delivery): void;
  /** Ends the operation with these errors, in the client's form. */
  error(errors: readonly object[]): void;
  complete(): void;
  /** Octets that wait for the client. */
  buffered(): number;
}

/** From so many waiting octets on, events are kept here instead. More than a socket's high-water mark, so that it drains. */
const congestedBytes = 64 * 1024;

/**
 * Between a stream and one client: sends at the client's pace, in order, and gives up when more than `limit` waits.
 * What waits here is shared text; only references add up.
 */
export class Outbox {
  readonly #sink: Sink;
  readonly #limit: number;
  readonly #onTooSlow: (lastCursor: string | null) => void;
  #queue: Delivery[] = [];
  #queued = 0;
  #closed = false;
  #progress = Promise.withResolvers<void>();
  /** Of the last event given to the socket. */
  lastCursor: string | null;

  constructor(
    sink: Sink,
    options: { limit: number; after: string | null; onTooSlow: (lastCursor: string | null) => void },
  ) {
    this.#sink = sink;
    this.#limit = options.limit;
    this.#onTooSlow = options.onTooSlow;
    this.lastCursor = options.after;
  }

  /** Whether the client is behind. */
  get congested(): boolean {
    return !this.#closed && this.#queue.length > 0;
  }

  /** Resolves when the client has taken something, or is gone. */
  get progress(): Promise<void> {
    return this.congested ? this.#progress.promise : Promise.resolve();
  }

  push(delivery: Delivery): void {
    if (this.#closed) return;
    if (this.#queue.length === 0 && this.#sink.buffered() < congestedBytes) {
      this.#send(delivery);
      return;
    }
    this.#queue.push(delivery);
    this.#queued += delivery.text.length;
    if (this.#queued > this.#limit) this.giveUp();
  }

  /** Tells the client, who has had nothing yet, where his events begin. */
  begin(cursor: string): void {
    if (this.#closed || this.lastCursor !== null) return;
    this.lastCursor = cursor;
    this.#sink.start(cursor);
  }

  /** Tells the client that he is too slow. */
  giveUp(): void {
    if (!this.#closed) this.#onTooSlow(this.lastCursor);
  }

  /** To be called when the socket has drained. */
  flush(): void {
    let sent = 0;
    while (!this.#closed && sent < this.#queue.length && this.#sink.buffered() < congestedBytes) {
      const delivery = this.#queue[sent] as Delivery;
      this.#queued -= delivery.text.length;
      sent += 1;
      this.#send(delivery);
    }
    if (sent === 0) return;
    this.#queue.splice(0, sent);
    this.#release();
  }

  close(): void {
    this.#closed = true;
    this.#queue = [];
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
