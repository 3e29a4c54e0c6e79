import { DomainError } from '@dotmac/schema';

export interface FakeEvent {
  readonly cursor: string;
  readonly sessionId: string;
  readonly customerId: string;
}

/** A small event log in memory with the contract of the real one: cursors, replay, then live, without a gap. */
export class EventSource {
  readonly #scope: string;
  readonly #events: FakeEvent[] = [];
  readonly #wakers = new Set<() => void>();
  /** Events before this one are no longer kept. */
  floor = 0;
  /** Subscriptions opened so far. */
  opened = 0;
  /** Subscriptions open now. */
  open = 0;

  constructor(scope: string) {
    this.#scope = scope;
  }

  get cursors(): string[] {
    return this.#events.map(({ cursor }) => cursor);
  }

  append(customerId: string): string {
    const position = this.#events.length + 1;
    const cursor = this.#cursorAt(position);
    this.#events.push({ cursor, sessionId: `ses_${position}`, customerId });
    for (const wake of this.#wakers) wake();
    return cursor;
  }

  /** @throws DomainError `CURSOR_INVALID`, `CURSOR_EXPIRED` */
  subscribe(after: string | null | undefined): AsyncGenerator<FakeEvent> & { readonly start: string } {
    const start = after == null ? this.#events.length : this.#positionOf(after);
    this.opened += 1;
    this.open += 1;
    const ended = new AbortController();
    const events = this.#follow(start, ended.signal);
    const end = events.return.bind(events);
    events.return = (value) => {
      if (!ended.signal.aborted) this.open -= 1;
      ended.abort();
      for (const wake of this.#wakers) wake();
      return end(value);
    };
    return Object.assign(events, { start: this.#cursorAt(start) });
  }

  #cursorAt(position: number): string {
    return Buffer.from(`1:${this.#scope}:1:${position}`).toString('base64url');
  }

  #positionOf(after: string): number {
    const match = /^1:([^:]+):1:(\d+)$/.exec(Buffer.from(after, 'base64url').toString());
    if (match?.[1] !== this.#scope)
      throw new DomainError('CURSOR_INVALID', 'This is not a cursor of this stream');
    const position = Number(match[2]);
    if (position < this.floor) {
      throw new DomainError('CURSOR_EXPIRED', 'Too old', { freshCursor: this.#events.at(-1)?.cursor });
    }
    return position;
  }

  async *#follow(start: number, signal: AbortSignal): AsyncGenerator<FakeEvent> {
    let position = start;
    while (!signal.aborted) {
      const event = this.#events[position];
      if (event !== undefined) {
        position += 1;
        yield event;
        continue;
      }
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wakers.add(resolve);
      await promise;
      this.#wakers.delete(resolve);
    }
  }
}
