import { mkdir, open, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createScan, scanPacket } from '../packet/scan.ts';
import { type AccountingRecord, readAccountingRecord } from '../server/accounting-record.ts';
import type { Nas } from '../server/nas.ts';
import type { AccountingSink } from '../server/policy.ts';
import { readFrames, type SpooledRecord, writeFrames } from './frame.ts';

/** So many records of several segments are handed over at a time; what comes meanwhile waits for no more than that. */
const mostAtOnce = 400;

export interface AccountingSpoolOptions {
  readonly sink: AccountingSink;
  /** Made when absent. A worker and the one that follows it may share it for a while. */
  readonly folder: string;
  /** The NAS of a spooled record; null when it has been removed since. */
  readonly findNas: (id: string, sourceAddress: string) => Nas | null;
  /** Whether the sink failed because its database is away, and not because of a record. */
  readonly isOutage: (error: unknown) => boolean;
  /** A record that the sink refuses even alone, or whose NAS is gone; null when the disk gave back less than it took. */
  readonly onLost: (record: SpooledRecord | null, reason: unknown) => void;
  /** Told of what is on disk and not with the sink. */
  readonly onSpooled?: (batch: readonly AccountingRecord[]) => void;
  readonly onStateChange?: (state: 'DIRECT' | 'SPOOLING') => void;
  /** Between attempts to get rid of the spool. Default 1 s. */
  readonly retryMs?: number;
  /** Above this the sink's failure is passed on, and nothing is answered. Default 256 MiB. */
  readonly mostOctets?: number;
}

/**
 * A sink that outlives its database: when that is away, records are written to disk and synced, which is durable enough to
 * answer them; when it is back they follow, oldest first. A record may reach the sink twice, after a crash between its
 * commit and the end of its segment: the sink's upsert absorbs that, as it absorbs retransmissions.
 */
export class AccountingSpool implements AccountingSink {
  readonly #options: Required<AccountingSpoolOptions>;
  #segments: { readonly file: string; readonly octets: number }[] = [];
  /** In all segments. */
  #octets = 0;
  #next = 0;
  /** Writes and drains, one after the other. */
  #work: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | null = null;
  #closed = false;

  private constructor(options: Required<AccountingSpoolOptions>) {
    this.#options = options;
  }

  /** Opens a folder and begins to hand over what an earlier process left in it. */
  static async open(options: AccountingSpoolOptions): Promise<AccountingSpool> {
    const spool = new AccountingSpool({
      onStateChange: () => {},
      onSpooled: () => {},
      retryMs: 1000,
      mostOctets: 256 * 1024 * 1024,
      ...options,
    });
    await mkdir(options.folder, { recursive: true });
    const names = (await readdir(options.folder)).filter((name) => /^\d{12}\.spool$/.test(name)).sort();
    for (const name of names) {
      const file = join(options.folder, name);
      spool.#add({ file, octets: (await readFile(file)).length });
      spool.#next = Number(name.slice(0, 12)) + 1;
    }
    if (names.length > 0) spool.#drainLater(0);
    return spool;
  }

  /** Whether records wait on disk. */
  get spooling(): boolean {
    return this.#segments.length > 0;
  }

  async record(batch: readonly AccountingRecord[]): Promise<void> {
    let isAway = false;
    for (;;) {
      if (!this.spooling) {
        try {
          await this.#options.sink.record(batch);
          return;
        } catch (error) {
          if (!this.#options.isOutage(error)) throw error;
          isAway = true;
        }
      }
      // Who waited while the last of the spool was handed over goes straight to the sink: under load it would never end.
      const isKept = await this.#inTurn(async () => {
        if (!isAway && !this.spooling) return false;
        await this.#append(batch);
        return true;
      });
      if (isKept) return;
    }
  }

  /** Stops handing over; what is on disk stays for the next process. */
  async close(): Promise<void> {
    this.#closed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    await this.#work;
  }

  async #append(batch: readonly AccountingRecord[]): Promise<void> {
    const { folder, mostOctets, onStateChange, onSpooled } = this.#options;
    const frames = writeFrames(batch.map(spooled));
    if (this.#octets + frames.length > mostOctets)
      throw new Error(`The accounting spool holds ${this.#octets} octets, the most is ${mostOctets}`);
    const { file, handle } = await this.#create();
    try {
      await handle.writeFile(frames);
      await handle.datasync();
    } finally {
      await handle.close();
    }
    await syncFolder(folder);
    const first = !this.spooling;
    this.#add({ file, octets: frames.length });
    if (first) onStateChange('SPOOLING');
    onSpooled(batch);
    this.#drainLater(this.#options.retryMs);
  }

  #add(segment: { readonly file: string; readonly octets: number }): void {
    this.#segments.push(segment);
    this.#octets += segment.octets;
  }

  /** The next segment; the numbers of another process in this folder are passed over. */
  async #create() {
    for (;;) {
      const file = join(this.#options.folder, `${String(this.#next++).padStart(12, '0')}.spool`);
      try {
        return { file, handle: await open(file, 'wx') };
      } catch (error) {
        if (!hasCode(error, 'EEXIST')) throw error;
      }
    }
  }

  #drainLater(delayMs: number): void {
    if (this.#timer !== null || this.#closed) return;
    this.#timer = setTimeout(() => {
      void this.#drain()
        .catch((error: unknown) => {
          if (!this.#options.isOutage(error)) this.#options.onLost(null, error);
        })
        .then(() => {
          this.#timer = null;
          if (this.spooling) this.#drainLater(this.#options.retryMs);
        });
    }, delayMs);
  }

  /** Hands all segments to the sink, some at a time; others write between. Throws when the sink is away: what is left stays. */
  async #drain(): Promise<void> {
    while (this.spooling && !this.#closed) await this.#inTurn(() => this.#drainSome());
  }

  async #drainSome(): Promise<void> {
    if (this.#closed) return;
    const records: Revived[] = [];
    // Told when the rest is with the sink: until then the segments are read again, in this process or the next.
    const losses: Loss[] = [];
    let taken = 0;
    for (const { file } of this.#segments) {
      const more = await this.#read(file);
      if (taken > 0 && records.length + more.records.length > mostAtOnce) break;
      records.push(...more.records);
      losses.push(...more.losses);
      taken++;
    }
    losses.push(...(await this.#handOver(records)));
    for (const { record, reason } of losses) this.#options.onLost(record, reason);
    for (const { file, octets } of this.#segments.splice(0, taken)) {
      this.#octets -= octets;
      await rm(file, { force: true });
    }
    if (!this.spooling) this.#options.onStateChange('DIRECT');
  }

  /** What of a segment can be handed over; the rest is lost. */
  async #read(file: string): Promise<{ readonly records: Revived[]; readonly losses: Loss[] }> {
    const octets = await readFile(file).catch((error: unknown) => {
      // Another process in this folder, such as the one we follow, has handed it over.
      if (hasCode(error, 'ENOENT')) return Buffer.alloc(0);
      throw error;
    });
    const frames = readFrames(octets);
    const losses: Loss[] = [];
    if (frames.damagedAt !== null)
      losses.push({ record: null, reason: `${file} is torn at octet ${frames.damagedAt}` });
    const records = frames.records.flatMap((spooledAs) => {
      const record = this.#revive(spooledAs);
      if (record === null) losses.push({ record: spooledAs, reason: 'The NAS is not known any more' });
      return record === null ? [] : [{ spooledAs, record }];
    });
    return { records, losses };
  }

  /** A batch that fails for its content goes record by record, so that only the bad one is lost. */
  async #handOver(records: readonly Revived[]): Promise<Loss[]> {
    const { sink, isOutage } = this.#options;
    if (records.length === 0) return [];
    try {
      await sink.record(records.map(({ record }) => record));
      return [];
    } catch (error) {
      if (isOutage(error)) throw error;
      const [only] = records;
      if (records.length === 1 && only !== undefined) return [{ record: only.spooledAs, reason: error }];
      const losses: Loss[] = [];
      for (const one of records) losses.push(...(await this.#handOver([one])));
      return losses;
    }
  }

  #revive({ nasId, sourceAddress, receivedAt, packet }: SpooledRecord): AccountingRecord | null {
    const nas = this.#options.findNas(nasId, sourceAddress);
    const scan = createScan();
    const octets = Buffer.from(packet);
    if (nas === null || scanPacket(octets, scan) !== null) return null;
    return readAccountingRecord(nas, sourceAddress, receivedAt, octets.subarray(0, scan.length));
  }

  async #inTurn<T>(act: () => Promise<T>): Promise<T> {
    const result = this.#work.then(act);
    // The chain goes on after a failure; who asked for the work gets it.
    this.#work = result.then(
      () => {},
      () => {},
    );
    return result;
  }
}

interface Revived {
  readonly spooledAs: SpooledRecord;
  readonly record: AccountingRecord;
}

interface Loss {
  readonly record: SpooledRecord | null;
  readonly reason: unknown;
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}

function spooled({ nas, sourceAddress, receivedAt, packet }: AccountingRecord): SpooledRecord {
  return { nasId: nas.id, sourceAddress, receivedAt, packet };
}

/** Makes a new file's name durable, where the system lets a folder be synced. */
async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
