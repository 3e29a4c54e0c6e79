import type { NetworkServices } from '../builder.ts';
import type { IncidentOptions } from './facts.ts';
import { reconcileIncidents } from './reconcile.ts';

/** While anything is wrong, and while all is well. */
const closeMilliseconds = 1_000;
const wideMilliseconds = 10_000;

/** Keeps the incidents in step with the facts: whenever somebody says that there is news, and now and then anyway. */
export class IncidentWatch {
  readonly #services: NetworkServices;
  readonly #options: IncidentOptions;
  /** Since when something speaks against the silence of a device. */
  readonly #doubts = new Map<string, number>();
  #ask: (deviceIds: readonly string[]) => void = () => undefined;
  #signal: AbortSignal = AbortSignal.abort();
  #timer: NodeJS.Timeout | undefined;
  #working = false;
  #again = false;

  constructor(services: NetworkServices, options: IncidentOptions) {
    this.#services = services;
    this.#options = options;
  }

  /** Works until the signal aborts. `ask` has devices asked soon. */
  run(signal: AbortSignal, ask: (deviceIds: readonly string[]) => void): void {
    this.#ask = ask;
    this.#signal = signal;
    signal.addEventListener('abort', () => clearTimeout(this.#timer), { once: true });
    this.wake();
  }

  /** There is news; cheap, and never waits. */
  wake(): void {
    if (this.#signal.aborted) return;
    if (this.#working) {
      this.#again = true;
      return;
    }
    clearTimeout(this.#timer);
    this.#working = true;
    this.#again = false;
    reconcileIncidents(this.#services, this.#options, this.#doubts)
      .catch((error: unknown) => {
        if (!this.#signal.aborted)
          this.#services.logger.error({ error }, 'incidents stay as they are until the next look');
        return { watching: true, ask: [] };
      })
      .then(({ watching, ask }) => {
        this.#working = false;
        if (this.#signal.aborted) return;
        this.#ask(ask);
        if (this.#again) this.wake();
        else this.#timer = setTimeout(() => this.wake(), watching ? closeMilliseconds : wideMilliseconds);
      });
  }
}
