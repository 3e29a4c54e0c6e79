import type { SnapshotPlace } from '@dotmac/platform';
import { DomainError } from '@dotmac/schema';

export interface FakeEvent {
  readonly cursor: string;
  readonly sessionId: string;
  readonly customerId: string;
  /** Where it stands in the snapshot of the newest event of each customer. */
  readonly snapshot: SnapshotPlace | null;
}

/** A small event log in memory with the contract of the real one: cursors, replay, then live, without a gap. */
export class EventSource {
  readonly #scope: string;
  /** Null is of another kind, that nobody here asks for. */
  readonly #events: (FakeEvent | null)[] = [];
  readonly #wakers = new Set<() => void>();
  /** Events before this one are no longer kept. */
  floor = 0;
  /** What stands is told at this pace. */
  betweenStanding: Promise<void> = Promise.resolve();
  /** Subscriptions opened so far. */
  opened = 0;
  /** Subscriptions open now. */
  open = 0;

  constructor(scope: string) {
    this.#scope = scope;
  }

  get cursors(): string[] {
    return this.#events.flatMap((event) => event?.cursor ?? []);
  }

  append(customerId: string): string {
    const position = this.#events.length + 1;
    const cursor = this.#cursorAt(position);
    this.#events.push({ cursor, sessionId: `ses_${position}`, customerId, snapshot: null });
    for (const wake of this.#wakers) wake();
    return cursor;
  }

  /** Something else happens, and what was before it is no longer kept. Returns the cursor behind it. */
  passOver(): string {
    this.floor = this.#events.push(null);
    for (const wake of this.#wakers) wake();
    return this.#cursorAt(this.floor);
  }

  /** @throws DomainError `CURSOR_INVALID`, `CURSOR_EXPIRED` */
  subscribe(
    after: string | null | undefined,
    initial = false,
  ): AsyncGenerator<FakeEvent> & { readonly start: string; place(): string | null } {
    const inside = after === this.#insideSnapshot;
    const start = after == null || inside ? this.#events.length : this.#positionOf(after);
    const standing = inside || (initial && after == null) ? this.#standing() : [];
    this.opened += 1;
    this.open += 1;
    const ended = new AbortController();
    const place = { position: start };
    const events = this.#follow(standing, place, ended.signal);
    const end = events.return.bind(events);
    events.return = (value) => {
      if (!ended.signal.aborted) this.open -= 1;
      ended.abort();
      for (const wake of this.#wakers) wake();
      return end(value);
    };
    return Object.assign(events, {
      start: standing.length > 1 ? this.#insideSnapshot : this.#cursorAt(start),
      place: () => (standing.length > 0 ? null : this.#cursorAt(place.position)),
    });
  }

  get #insideSnapshot(): string {
    return `inside-${this.#scope}`;
  }

  #standing(): FakeEvent[] {
    const newest = [
      ...new Map(
        this.#events.flatMap((event) => (event === null ? [] : [[event.customerId, event] as const])),
      ).values(),
    ];
    return newest.map((event, index) => {
      const snapshot = { number: index + 1, of: newest.length };
      const last = snapshot.number === snapshot.of;
      return {
        ...event,
        snapshot,
        cursor: last ? this.#cursorAt(this.#events.length) : this.#insideSnapshot,
      };
    });
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
      throw new DomainError('CURSOR_EXPIRED', 'Too old', {
        freshCursor: this.#cursorAt(this.#events.length),
      });
    }
    return position;
  }

  async *#follow(
    standing: readonly FakeEvent[],
    place: { position: number },
    signal: AbortSignal,
  ): AsyncGenerator<FakeEvent> {
    for (const event of standing) {
      await this.betweenStanding;
      if (!signal.aborted) yield event;
    }
    while (!signal.aborted) {
      const event = this.#events[place.position];
      if (event !== undefined) {
        place.position += 1;
        if (event !== null) yield event;
        continue;
      }
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wakers.add(resolve);
      await promise;
      this.#wakers.delete(resolve);
    }
  }
}
