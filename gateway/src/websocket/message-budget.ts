/** Seconds' worth of messages that may come at once. */
const burstSeconds = 10;

/** How many messages a client may still send: it refills evenly. */
export class MessageBudget {
  readonly #perSecond: number;
  #left: number;
  #at: number;

  /** `now` in milliseconds, of a clock that never goes back. */
  constructor(perSecond: number, now: number) {
    this.#perSecond = perSecond;
    this.#left = perSecond * burstSeconds;
    this.#at = now;
  }

  /** Takes one message out; false when there is none left. */
  take(now: number): boolean {
    const refilled = this.#left + ((now - this.#at) / 1_000) * this.#perSecond;
    this.#left = Math.min(refilled, this.#perSecond * burstSeconds);
    this.#at = now;
    if (this.#left < 1) return false;
    this.#left -= 1;
    return true;
  }
}
