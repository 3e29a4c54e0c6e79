import type { Clock, Logger } from '@dotmac/platform';

export interface KeyUsageOptions {
  readonly write: (usedAt: ReadonlyMap<string, number>) => Promise<void>;
  readonly clock: Clock;
  readonly logger: Logger;
}

const flushMilliseconds = 10_000;
/** A key in constant use is written this often. */
const resolutionMilliseconds = 60_000;

/** Notes when API keys are used and writes it now and then, many at once: a call never waits for it. */
export class KeyUsage {
  readonly #options: KeyUsageOptions;
  readonly #used = new Map<string, number>();
  /** When the use that was written last happened. */
  readonly #written = new Map<string, number>();
  readonly #timer: NodeJS.Timeout;

  constructor(options: KeyUsageOptions) {
    this.#options = options;
    this.#timer = setInterval(() => void this.flush(), flushMilliseconds);
    this.#timer.unref();
  }

  used(keyId: string): void {
    this.#used.set(keyId, this.#options.clock.now());
  }

  /** Writes what is due; with `all`, also of keys that were written less than a minute ago. */
  async flush(all = false): Promise<void> {
    const due = new Map(
      [...this.#used].filter(
        ([id, at]) =>
          all || at - (this.#written.get(id) ?? Number.NEGATIVE_INFINITY) >= resolutionMilliseconds,
      ),
    );
    if (due.size === 0) return;
    for (const id of due.keys()) this.#used.delete(id);
    try {
      await this.#options.write(due);
      for (const [id, at] of due) this.#written.set(id, at);
    } catch (error) {
      this.#options.logger.warn({ error }, 'the last use of keys cannot be written; it is tried again');
      for (const [id, at] of due) if (!this.#used.has(id)) this.#used.set(id, at);
    }
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.flush(true);
  }
}
