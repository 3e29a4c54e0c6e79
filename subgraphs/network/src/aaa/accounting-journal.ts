import { setImmediate as nextTurn } from 'node:timers/promises';
import type { TenantDatabase } from '@dotmac/migrations';
import { isDatabaseOutage } from '@dotmac/platform';
import type { AccountingRecord, AccountingSink } from '@dotmac/radius';
import type { Kysely } from 'kysely';
import { sliceLength } from '../session/slices.ts';
import { appendToJournal, type JournalEntry, readJournal, removeFromJournal } from './journal-store.ts';
import { Pace } from './pace.ts';
import type { RadiusPort } from './port.ts';

/** So long journalled records wait for more of the same sessions. The graph has a second to hear of a session. */
const gatherMilliseconds = 300;
/** Nor longer than it takes to see that no more come. */
const quietMilliseconds = 50;
/** As many records in so long, and NASes are busy: those that follow are journalled. */
const busyRecords = 32;
const paceMilliseconds = 100;
/** As many are taken into the sessions at a time, about. */
const mostAtOnce = 8_000;
/** So large is a full group of the server's: it gains nothing by waiting for others, and goes straight to the sessions. */
const largeGroup = 512;
/** While more wait than this, further ones are not answered: who cannot keep up must not promise to. */
const mostWaiting = 16_000;
const retryMilliseconds = 1_000;
/** What another process of this tenant left when it died is looked for this often, and at the start. */
const lookMilliseconds = 60_000;

export interface AccountingJournalOptions {
  /** Takes records into the sessions, in the order in which it is called; a record may reach it twice. */
  readonly sink: AccountingSink;
  /** For what answers wait for. */
  readonly writer: Kysely<TenantDatabase>;
  /** For the rest. */
  readonly database: Kysely<TenantDatabase>;
  readonly radius: Pick<RadiusPort, 'packRecords' | 'unpackRecords'>;
  /** A record that is answered and that the sink refuses even alone. */
  readonly onLost: (record: AccountingRecord | null, error: unknown) => void;
}

interface Waiting extends JournalEntry {
  readonly count: number;
}

/**
 * Answers accounting after a COMMIT that costs little, when there is much of it: the records as they came are one row of
 * `network.accounting_journal`, and many such rows are taken into the sessions together, where the words of one session are
 * folded into one. While NASes say little, records go straight to the sessions, which then tell of them when they are answered.
 *
 * What a process that died left in the journal goes before everything else. It may have been taken into the sessions already:
 * they absorb that, as they absorb retransmissions, and octets are counted from counters that only grow.
 */
export class AccountingJournal implements AccountingSink {
  readonly #options: AccountingJournalOptions;
  #waiting: Waiting[] = [];
  #waitingRecords = 0;
  #working = false;
  #opened: Promise<void> | null = null;
  /** Ends the gathering early. */
  #enough: (() => void) | null = null;
  #roomFor: (() => void)[] = [];
  /** Why the last attempt to write sessions failed; null: it did not. */
  #failure: { readonly error: unknown } | null = null;
  #closed = false;
  readonly #pace = new Pace(paceMilliseconds);

  constructor(options: AccountingJournalOptions) {
    this.#options = options;
  }

  /** Whether records are answered that are not in the sessions yet. */
  get behind(): boolean {
    return this.#working;
  }

  async record(batch: readonly AccountingRecord[]): Promise<void> {
    const { sink, writer, radius } = this.#options;
    await this.open();
    const busy = this.#pace.note(batch.length, performance.now()) > busyRecords;
    if (!busy && !this.#working) return sink.record(batch);
    if (batch.length >= largeGroup) {
      await this.#until(() => !this.#working);
      return sink.record(batch);
    }
    await this.#until(() => this.#waitingRecords <= mostWaiting);
    const records = radius.packRecords(batch);
    this.#wait({ id: await appendToJournal(writer, records), records, count: batch.length });
  }

  /**
   * Waits for what the journal takes into the sessions.
   * @throws what keeps it from that, such as an outage: the batch is then for its sender to keep.
   */
  async #until(done: () => boolean): Promise<void> {
    while (!done() && this.#working) {
      if (this.#failure !== null) throw this.#failure.error;
      this.#enough?.();
      await new Promise<void>((proceed) => this.#roomFor.push(proceed));
    }
  }

  #makeRoom(): void {
    for (const proceed of this.#roomFor.splice(0)) proceed();
  }

  /** Reads what an earlier process left, once. @throws what the database throws; then the next call tries again. */
  open(): Promise<void> {
    this.#opened ??= this.#look().catch((error: unknown) => {
      this.#opened = null;
      throw error;
    });
    return this.#opened;
  }

  /** Looks for what processes left, again and again until the signal aborts; then what waits stays for the next process. */
  run(signal: AbortSignal): void {
    const timer = setInterval(() => {
      if (this.#working) return;
      this.#opened = null;
      // The next record tries again, and hears of it.
      this.open().catch(() => undefined);
    }, lookMilliseconds);
    signal.addEventListener(
      'abort',
      () => {
        clearInterval(timer);
        this.#closed = true;
      },
      { once: true },
    );
  }

  async #look(): Promise<void> {
    for (const entry of await readJournal(this.#options.database)) {
      try {
        this.#wait({ ...entry, count: this.#options.radius.unpackRecords(entry.records).length });
      } catch (error) {
        // It stays where it is, and holds nobody up.
        this.#options.onLost(null, error);
      }
    }
  }

  #wait(entry: Waiting): void {
    this.#waiting.push(entry);
    this.#waitingRecords += entry.count;
    if (this.#waitingRecords >= mostAtOnce) this.#enough?.();
    if (!this.#working) void this.#work();
  }

  async #work(): Promise<void> {
    this.#working = true;
    while (this.#waiting.length > 0 && !this.#closed) {
      await this.#gather();
      const taken = this.#take();
      try {
        await this.#takeIn(taken);
      } catch (error) {
        if (this.#closed) break;
        if (!isDatabaseOutage(error)) this.#options.onLost(null, error);
        this.#waiting.unshift(...taken);
        this.#failure = { error };
        this.#makeRoom();
        await new Promise((done) => setTimeout(done, retryMilliseconds));
        continue;
      }
      for (const { count } of taken) this.#waitingRecords -= count;
      this.#failure = null;
      this.#makeRoom();
    }
    this.#working = false;
    this.#makeRoom();
  }

  /** Until enough wait, no more come, or the time is over. */
  async #gather(): Promise<void> {
    if (this.#waitingRecords >= mostAtOnce) return;
    const { promise: enough, resolve } = Promise.withResolvers<void>();
    this.#enough = resolve;
    const until = performance.now() + gatherMilliseconds;
    let seen = this.#waitingRecords;
    const timer = setInterval(() => {
      if (this.#waitingRecords === seen || performance.now() >= until) resolve();
      seen = this.#waitingRecords;
    }, quietMilliseconds);
    await enough;
    clearInterval(timer);
    this.#enough = null;
  }

  #take(): Waiting[] {
    let [entries, records] = [0, 0];
    while (entries < this.#waiting.length && records < mostAtOnce)
      records += (this.#waiting[entries++] as Waiting).count;
    return this.#waiting.splice(0, entries);
  }

  /** The entries are gone once their records are in the sessions. Another process that looks at them meanwhile waits for that. */
  async #takeIn(taken: readonly Waiting[]): Promise<void> {
    const { database } = this.#options;
    await database.transaction().execute(async (transaction) => {
      const claimed = await removeFromJournal(transaction, taken);
      const mine = taken.filter(({ id }) => claimed.has(id));
      if (mine.length > 0) await this.#hand(await this.#unpack(mine));
    });
  }

  async #unpack(entries: readonly Waiting[]): Promise<AccountingRecord[]> {
    const records: AccountingRecord[] = [];
    let turnAt = sliceLength;
    for (const entry of entries) {
      if (records.length >= turnAt) {
        turnAt = records.length + sliceLength;
        await nextTurn();
      }
      records.push(...this.#options.radius.unpackRecords(entry.records));
    }
    return records;
  }

  /** Records that fail for their content go one by one, so that only the bad one is lost. */
  async #hand(records: readonly AccountingRecord[]): Promise<void> {
    const { sink, onLost } = this.#options;
    try {
      await sink.record(records);
    } catch (error) {
      if (this.#closed || isDatabaseOutage(error)) throw error;
      const [only] = records;
      if (records.length === 1 && only !== undefined) onLost(only, error);
      else for (const one of records) await this.#hand([one]);
    }
  }
}
