import type { Clock } from '@dotmac/device';

const MOST_SAVED = 400;

/**
 * How many requests may be sent again, over all devices: one for each answer, and besides `perSecond`. When half the network
 * is away, the other half must not drown in what is sent again in vain.
 */
export class RetryBudget {
  readonly #clock: Clock;
  readonly #perSecond: number;
  #saved = MOST_SAVED;
  #at: number;

  constructor(clock: Clock, perSecond: number) {
    this.#clock = clock;
    this.#perSecond = perSecond;
    this.#at = clock.now();
  }

  /** A request was answered. */
  earn(): void {
    this.#saved = Math.min(MOST_SAVED, this.#saved + 1);
  }

  /** Whether something may be sent again now; if so, it is counted. */
  spend(): boolean {
    const now = this.#clock.now();
    // A clock that was set back earns nothing, and loses nothing either.
    const passed = Math.max(0, now - this.#at);
    this.#at = now;
    this.#saved = Math.min(MOST_SAVED, this.#saved + (passed / 1_000) * this.#perSecond);
    if (this.#saved < 1) return false;
    this.#saved -= 1;
    return true;
  }
}
