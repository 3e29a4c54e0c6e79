import type { Nas as RadiusNas, RadSecCertificate, SharedSecret } from '@dotmac/radius';
import type { NetworkServices } from '../builder.ts';
import { heardOf, presumedSecret } from '../nas/rotation.ts';
import { allNases, type Nas } from '../nas/store.ts';
import type { NasWatch } from '../nas/watch.ts';
import { type NasTable, nasOfCertificate, nasTable, noNases, type PolicyNas } from './policy-nas.ts';
import type { RadiusPort } from './port.ts';

/** The longest that a timer can wait. */
const mostMilliseconds = 2 ** 31 - 1;

/** What the NASes in memory are kept by. */
export interface NasMemoryOptions {
  readonly services: NetworkServices;
  readonly sharedSecret: RadiusPort['sharedSecret'];
  /** The time in which a secret that was replaced comes to its end. */
  readonly now: () => number;
  /** Keeps which secret a NAS was heard with. */
  readonly watch: Pick<NasWatch, 'health' | 'secretHeard'>;
}

/** The NASes in memory, as they were last read; a secret that has been replaced ends on time, whether or not the database is there. */
export class NasMemory {
  readonly #options: NasMemoryOptions;
  #table: NasTable = noNases;
  #ending: NodeJS.Timeout | null = null;
  #closed = false;
  /** Told when they are others than before. */
  onChange: () => void = () => {};

  constructor(options: NasMemoryOptions) {
    this.#options = options;
  }

  at(sourceAddress: string): PolicyNas | null {
    return this.#table.byAddress.get(sourceAddress) ?? null;
  }

  /** One that is answered. */
  of(id: string): PolicyNas | null {
    return this.#table.byId.get(id) ?? null;
  }

  ofCertificate(certificate: RadSecCertificate): PolicyNas | null {
    return nasOfCertificate(this.#table, certificate);
  }

  row(id: string): Nas | null {
    return this.#table.rows.get(id) ?? null;
  }

  async load(): Promise<void> {
    this.#take(await allNases(this.#options.services.database));
  }

  /** For the server's `onSecretProven`. A NAS that was read anew in between tells again by its next request. */
  secretProven(nas: RadiusNas, secret: SharedSecret, at: number): void {
    const held = this.of(nas.id);
    if (held !== nas) return;
    held.presumedSecret = secret;
    const used = secret === held.secrets[0] ? 'CURRENT' : 'PREVIOUS';
    this.#options.watch.secretHeard(held.id, held.row.secretSince?.getTime() ?? null, used, at);
  }

  close(): void {
    this.#closed = true;
    if (this.#ending !== null) clearTimeout(this.#ending);
  }

  #take(rows: readonly Nas[]): void {
    const { services, sharedSecret, watch } = this.#options;
    const now = this.#options.now();
    this.#table = nasTable(services, sharedSecret, rows, now, (row) =>
      presumedSecret(row, heardOf(row, watch.health(row.id).secrets), now),
    );
    if (this.#ending !== null) clearTimeout(this.#ending);
    this.#ending = null;
    const ends = rows.flatMap(({ previousSecretUntil: until }) =>
      until !== null && until.getTime() > now ? [until.getTime() - now] : [],
    );
    if (ends.length > 0 && !this.#closed)
      this.#ending = setTimeout(() => this.#take(rows), Math.min(...ends, mostMilliseconds)).unref();
    this.onChange();
  }
}
