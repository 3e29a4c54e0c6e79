import type { LiveDictionary } from '@dotmac/radius';
import type { RadiusPort } from '../aaa/port.ts';
import type { NetworkServices } from '../builder.ts';
import { Turns } from '../turns.ts';
import { allDictionaries } from './store.ts';

/** What the tenant's RADIUS server knows attributes by: our dictionary and the tenant's own, as they are in the database. */
export class Dictionaries {
  /** The same object for as long as the process lives. */
  readonly live: LiveDictionary;
  readonly #services: NetworkServices;
  readonly #radius: RadiusPort;
  #known = '[]';
  #problems = new Map<string, string>();
  readonly #turns = new Turns();

  constructor(services: NetworkServices, radius: RadiusPort) {
    this.#services = services;
    this.#radius = radius;
    this.live = new radius.LiveDictionary(radius.standardDictionary());
  }

  /** Reads all of them anew. One that is understood no longer, as after an update of ours, is left out and told of. */
  load(): Promise<void> {
    return this.#turns.take(null, () => this.#read());
  }

  /** Why one of them is not used; null when it is. */
  problemOf(name: string): string | null {
    return this.#problems.get(name) ?? null;
  }

  async #read(): Promise<void> {
    const stored = await allDictionaries(this.#services.database);
    const sources = stored.map(({ name, text }) => ({ file: name, text }));
    const known = JSON.stringify(sources);
    if (known === this.#known) return;
    const problems = new Map<string, string>();
    const { extendDictionary, standardDictionary, DictionaryError } = this.#radius;
    for (;;) {
      try {
        const good = sources.filter(({ file }) => !problems.has(file));
        this.live.use(extendDictionary(standardDictionary(), good).dictionary);
        break;
      } catch (error) {
        if (!(error instanceof DictionaryError)) throw error;
        problems.set(error.file, `Line ${error.line}: ${error.reason}`);
        this.#services.logger.warn({ error }, "a RADIUS dictionary of the tenant's is not used");
      }
    }
    this.#known = known;
    this.#problems = problems;
  }
}
