import { outsideTrace } from '@dotmac/platform';
import type { NetworkServices } from '../builder.ts';
import { reconcileLinks } from '../link/reconcile.ts';
import { reconcilePlaces } from '../place/reconcile.ts';

/** What many surveys found is taken in together. */
const restMilliseconds = 5_000;

/** Brings links and places in step after surveys and new sessions: at once, then at most so often. */
export class SurroundingsWatch {
  readonly #services: NetworkServices;
  readonly #restMilliseconds: number;
  #signal: AbortSignal = AbortSignal.abort();
  #links = false;
  #places = false;
  #working = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(services: NetworkServices, rest = restMilliseconds) {
    this.#services = services;
    this.#restMilliseconds = rest;
  }

  /** Works until the signal aborts. */
  run(signal: AbortSignal): void {
    this.#signal = signal;
    signal.addEventListener('abort', () => clearTimeout(this.#timer), { once: true });
    this.surveyed();
  }

  /** Devices were surveyed, or a person decided something. */
  surveyed(): void {
    this.#links = true;
    this.#places = true;
    this.#begin();
  }

  /** Sessions began. */
  sessionsBegan(): void {
    this.#places = true;
    this.#begin();
  }

  /** Whoever has news does not wait for what follows from it, and it may go on and on. */
  #begin(): void {
    outsideTrace(() => this.#wake());
  }

  #wake(): void {
    if (this.#working || this.#timer !== undefined || this.#signal.aborted) return;
    this.#working = true;
    void this.#work().finally(() => {
      this.#working = false;
      if (this.#signal.aborted) return;
      this.#timer = setTimeout(() => {
        this.#timer = undefined;
        if (this.#links || this.#places) this.#wake();
      }, this.#restMilliseconds);
    });
  }

  async #work(): Promise<void> {
    try {
      if (this.#links) {
        this.#links = false;
        await reconcileLinks(this.#services);
      }
      if (this.#places) {
        this.#places = false;
        await reconcilePlaces(this.#services);
      }
    } catch (error) {
      this.#links = true;
      this.#places = true;
      if (!this.#signal.aborted)
        this.#services.logger.error({ error }, 'links and places stay as they are until the next look');
    }
  }
}
