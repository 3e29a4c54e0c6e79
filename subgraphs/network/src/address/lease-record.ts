import type { NetworkServices } from '../builder.ts';
import { Setback } from '../setback.ts';
import { LeaseJournal } from './journal.ts';
import type { Lease } from './pool-state.ts';
import { keptLeases, writeLeases } from './store.ts';

/** Leases on their way to the database: what is noted outlives the process, and is written soon after. */
export class LeaseRecord {
  readonly #services: NetworkServices;
  readonly #folder: string | null;
  readonly #setback: Setback;
  #journal: LeaseJournal | null = null;
  #unwritten = new Map<string, Lease>();
  #writing = false;

  /** @param folder where what is not in the database yet outlives the process; null: nowhere. */
  constructor(services: NetworkServices, folder: string | null) {
    this.#services = services;
    this.#folder = folder;
    this.#setback = new Setback(services.logger, 'leases are written later', 'leases are written again');
  }

  /** Whether everything that was noted is in the database. */
  get isComplete(): boolean {
    return this.#unwritten.size === 0 && !this.#writing;
  }

  /** What is on record and what the last process did not get there, in the order in which it was given back. */
  async restored(): Promise<Lease[]> {
    const kept = new Map((await keptLeases(this.#services.database)).map((lease) => [lease.prefix, lease]));
    if (this.#folder !== null) {
      const { journal, left } = LeaseJournal.open(this.#folder);
      this.#journal = journal;
      for (const lease of left) {
        kept.set(lease.prefix, lease);
        this.#unwritten.set(lease.prefix, lease);
      }
    }
    const ends = ({ releasedAt }: Lease) => releasedAt ?? Number.POSITIVE_INFINITY;
    return [...kept.values()].sort((a, b) => (ends(a) === ends(b) ? 0 : ends(a) - ends(b)));
  }

  /** In the kernel when it returns, before anybody is answered. */
  note(changed: readonly Lease[]): void {
    for (const lease of changed) this.#unwritten.set(lease.prefix, lease);
    try {
      this.#journal?.append(changed);
    } catch (error) {
      // A full disk must not keep anybody offline; the database follows in a moment.
      this.#services.logger.error({ error }, 'a lease could not be written ahead');
    }
  }

  /** Begins to write what is not in the database, unless that goes on already. */
  write(signal: AbortSignal): void {
    if (this.#writing || this.#unwritten.size === 0) return;
    this.#writing = true;
    this.#write()
      .then(() => this.#setback.succeeded())
      .catch((error: unknown) => {
        if (!signal.aborted) this.#setback.failed(error);
      })
      .finally(() => {
        this.#writing = false;
      });
  }

  async #write(): Promise<void> {
    const batch = this.#unwritten;
    this.#unwritten = new Map();
    const upTo = this.#journal?.rotate() ?? 0;
    try {
      await writeLeases(this.#services.database, [...batch.values()]);
      await this.#journal?.forget(upTo);
    } catch (error) {
      this.#unwritten = new Map([...batch, ...this.#unwritten]);
      throw error;
    }
  }
}
