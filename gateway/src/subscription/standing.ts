import type { Delivery } from './outbox.ts';

/** So long others may begin with a snapshot that was taken for somebody. */
const freshMilliseconds = 5_000;
/** Text of a snapshot that is kept for others, UTF-16 units. */
const largest = 1024 * 1024;

/** The snapshot that a stream began with, kept for a moment: many clients come back at once. */
export class Standing {
  #deliveries: Delivery[] | null = [];
  #size = 0;
  readonly #until: number;

  /** `now` in milliseconds, of a clock that never goes back. */
  constructor(now: number) {
    this.#until = now + freshMilliseconds;
  }

  push(delivery: Delivery): void {
    this.#size += delivery.text.length;
    if (this.#size > largest) this.#deliveries = null;
    else this.#deliveries?.push(delivery);
  }

  /** What was sent of it so far, in a list that does not change; undefined when it is old or was too large to keep. */
  at(now: number): readonly Delivery[] | undefined {
    if (now > this.#until) this.#deliveries = null;
    return this.#deliveries === null ? undefined : [...this.#deliveries];
  }
}
