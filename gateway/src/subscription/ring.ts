import type { Delivery } from './outbox.ts';

/** The last events of a stream with cursors, bounded by their text: late comers start from here instead of upstream. */
export class Ring {
  readonly #limit: number;
  #events: Delivery[] = [];
  /** Index in `#events` plus `#dropped`, by cursor. */
  readonly #indexOf = new Map<string, number>();
  #dropped = 0;
  #size = 0;
  /** The cursor just before the first event kept; null when unknown. */
  #before: string | null;
  /** A cursor behind an event kept, with nothing of the stream in between. */
  #quiet: { readonly cursor: string; readonly index: number } | null = null;

  constructor(limit: number, startedAfter: string | null) {
    this.#limit = limit;
    this.#before = startedAfter;
  }

  /** The stream turned out to start after this cursor, or where is not known; nothing has been pushed yet. */
  startsAfter(cursor: string | null): void {
    if (this.#events.length === 0 && this.#dropped === 0) this.#before = cursor;
  }

  /** Nothing of the stream lies between the last event, or where it started, and this cursor. */
  quietUntil(cursor: string): void {
    this.#quiet = { cursor, index: this.#dropped + this.#events.length };
  }

  push(delivery: Delivery): void {
    const { cursor, text } = delivery;
    if (cursor !== null) this.#indexOf.set(cursor, this.#dropped + this.#events.length);
    this.#events.push(delivery);
    this.#size += text.length;
    let excess = 0;
    while (this.#size > this.#limit && excess < this.#events.length - 1) {
      const oldest = this.#events[excess] as Delivery;
      if (oldest.cursor !== null) this.#indexOf.delete(oldest.cursor);
      this.#before = oldest.cursor;
      this.#size -= oldest.text.length;
      excess += 1;
    }
    if (excess === 0) return;
    this.#events.splice(0, excess);
    this.#dropped += excess;
  }

  /** The events after a cursor, in a list that does not change; undefined when it is not known here. */
  after(cursor: string): readonly Delivery[] | undefined {
    if (cursor === this.#before) return [...this.#events];
    if (this.#quiet?.cursor === cursor) {
      const { index } = this.#quiet;
      return index < this.#dropped ? undefined : this.#events.slice(index - this.#dropped);
    }
    const index = this.#indexOf.get(cursor);
    return index === undefined ? undefined : this.#events.slice(index - this.#dropped + 1);
  }
}
