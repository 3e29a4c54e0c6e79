import { setTimeout as wait } from 'node:timers/promises';
import { type Clock, DeviceError } from '@dotmac/device';

/**
 * Spreads requests to one NAS over time: a change of many sessions at once is to it what a reboot is. A short burst goes
 * through at once, after that `perSecond`.
 */
export class Pacing {
  readonly #clock: Clock;
  readonly #spacingMs: number;
  readonly #burstMs: number;
  /** When the next request of a NAS is due, by its name. */
  readonly #dueAt = new Map<string, number>();

  constructor(clock: Clock, perSecond: number, burst: number) {
    this.#clock = clock;
    this.#spacingMs = 1000 / perSecond;
    this.#burstMs = this.#spacingMs * burst;
  }

  /** How long a request to a NAS has to wait, in milliseconds; its turn is taken. */
  take(nas: string): number {
    const now = this.#clock.now();
    if (this.#dueAt.size > 1000)
      for (const [name, due] of this.#dueAt) if (due <= now) this.#dueAt.delete(name);
    const due = Math.max(this.#dueAt.get(nas) ?? 0, now) + this.#spacingMs;
    this.#dueAt.set(nas, due);
    return Math.max(0, due - now - this.#burstMs);
  }

  /** Waits for the turn of a NAS. Throws `CANCELLED` when the signal ends it. */
  async turn(nas: string, signal: AbortSignal | undefined): Promise<void> {
    const delay = this.take(nas);
    if (delay === 0) return;
    try {
      await wait(delay, undefined, signal === undefined ? {} : { signal });
    } catch (cause) {
      throw new DeviceError('CANCELLED', 'The request was cancelled before it was sent', { cause });
    }
  }
}
