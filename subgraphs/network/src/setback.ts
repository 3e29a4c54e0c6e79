import type { NetworkServices } from './builder.ts';

/** Tells of something that fails and is tried again when it begins and when it is over, however often it is tried meanwhile. */
export class Setback {
  readonly #logger: Pick<NetworkServices['logger'], 'warn' | 'info'>;
  readonly #begins: string;
  readonly #ends: string;
  #failures = 0;

  constructor(logger: Pick<NetworkServices['logger'], 'warn' | 'info'>, begins: string, ends: string) {
    this.#logger = logger;
    this.#begins = begins;
    this.#ends = ends;
  }

  failed(error: unknown): void {
    if (this.#failures++ === 0) this.#logger.warn({ error }, this.#begins);
  }

  succeeded(): void {
    if (this.#failures === 0) return;
    this.#logger.info({ failures: this.#failures }, this.#ends);
    this.#failures = 0;
  }
}
