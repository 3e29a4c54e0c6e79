import { type Clock, pause } from '@dotmac/platform';
import type { NetworkServices } from '../builder.ts';
import type { SessionState } from '../session/rules.ts';
import type { Asked, Holder } from './holder.ts';
import { LeaseRecord } from './lease-record.ts';
import { Lender } from './lender.ts';
import { doubtMilliseconds } from './mark-rules.ts';
import { MarkFile } from './marks.ts';
import { type Lease, poolKinds } from './pool-state.ts';
import { lendingPools } from './store.ts';

const flushMilliseconds = 200;
const expiryMilliseconds = 10_000;
const retryMilliseconds = 500;

/** What lends at login, with its record: loaded at start, written soon after every change, kept right by the sessions. */
export class Leases {
  readonly #services: NetworkServices;
  readonly #sessionClock: Clock;
  readonly #lender: Lender;
  readonly #marks: MarkFile | null;
  readonly #encode: (lease: Lease) => Uint8Array;
  readonly #blocks = new WeakMap<Lease, Uint8Array>();
  /** Told of a session whose address is lent to another line. */
  readonly #onConflict: (session: SessionState) => void;
  readonly #record: LeaseRecord;
  /** After a power cut: until when the record may be behind. */
  #doubtUntil: number | null = null;

  constructor(
    services: NetworkServices,
    sessionClock: Clock,
    options: {
      readonly encode: (lease: Lease) => Uint8Array;
      readonly onConflict: (session: SessionState) => void;
      /** Where what is not in the database yet outlives the process; null: nowhere. */
      readonly folder?: string | null;
    },
  ) {
    this.#services = services;
    this.#sessionClock = sessionClock;
    this.#encode = options.encode;
    this.#onConflict = options.onConflict;
    const folder = options.folder ?? null;
    this.#record = new LeaseRecord(services, folder);
    this.#marks = folder === null ? null : new MarkFile(folder);
    this.#lender = new Lender(this.#marks === null ? null : () => this.#mark());
  }

  /** Loads pools and leases; then works until the signal aborts. */
  async start(signal: AbortSignal): Promise<void> {
    const cursor = await this.#services.events.headCursor();
    await this.#loadPools();
    for (const lease of await this.#record.restored()) this.#lender.restore(lease);
    const before = this.#marks?.read() ?? null;
    if (before !== null && !before.sameBoot) {
      this.#doubtUntil = this.#sessionClock.now() + doubtMilliseconds;
      this.#lender.doubt(before.marks, this.#sessionClock.now());
    } else if (before !== null) this.#lender.grant(before.marks);
    this.#mark();
    void this.#follow(cursor, signal);
    this.#writeOften(signal);
  }

  get idle(): boolean {
    return this.#lender.idle;
  }

  /**
   * Everything a login is lent, as the octets of its attributes. Synchronous and from memory.
   * @param kinds what it has not got for good.
   * @returns null when a pool for IPv4 that should lend has nothing left. Prefixes that are used up are left out.
   */
  lend(line: Omit<Asked, 'kind'>, kinds: ReadonlySet<Asked['kind']>): Uint8Array[] | null {
    const now = this.#sessionClock.now();
    const blocks: Uint8Array[] = [];
    for (const kind of poolKinds) {
      if (!kinds.has(kind)) continue;
      const lease = this.#lender.lend({ ...line, kind, poolId: kind === 'IPV4' ? line.poolId : null }, now);
      if (lease === 'EXHAUSTED' && kind === 'IPV4') return null;
      if (lease === null || lease === 'EXHAUSTED') continue;
      let block = this.#blocks.get(lease);
      if (block === undefined) {
        block = this.#encode(lease);
        this.#blocks.set(lease, block);
      }
      blocks.push(block);
    }
    this.#note();
    return blocks;
  }

  /** Puts the marks further ahead when they are near. */
  #mark(): void {
    if (this.#marks === null) return;
    const recorded = this.#record.isComplete && !this.#lender.hasChanged;
    const now = this.#sessionClock.now();
    const certain = this.#doubtUntil === null || now >= this.#doubtUntil;
    const isNews = certain && this.#doubtUntil !== null;
    if (isNews) this.#doubtUntil = null;
    const marks = this.#lender.wantedMarks(now, recorded, isNews);
    if (marks === null) return;
    try {
      this.#marks.write(marks, certain);
    } catch (error) {
      // A full disk must not keep anybody offline: a power cut as well, and only then, may lend an address twice.
      this.#services.logger.error({ error }, 'how far leases may go could not be written ahead');
    }
    this.#lender.grant(marks);
  }

  /** Keeps what has changed, on disk before anybody is answered. */
  #note(): void {
    if (this.#lender.hasChanged) this.#record.note(this.#lender.takeChanged());
  }

  preview(asked: Asked): ReturnType<Lender['preview']> {
    return this.#lender.preview(asked, this.#sessionClock.now());
  }

  /**
   * Told of every session that changed, after its commit.
   * @param isOnline whether a line has another live session.
   */
  sessionsChanged(sessions: readonly SessionState[], isOnline: (holder: Holder) => boolean): void {
    if (this.#lender.idle) return;
    const now = this.#sessionClock.now();
    for (const session of sessions) {
      const { serviceId, mac, address, stoppedAt } = session;
      if (serviceId === null) continue;
      const holder = { serviceId, mac };
      if (stoppedAt === null) {
        if (!this.#lender.seen(holder, address, now)) this.#onConflict(session);
      } else if (!isOnline(holder)) this.#lender.release(holder, now);
    }
  }

  /** A session of a line is up that is not recorded yet. Should its address be another's, the record will say so. */
  heard(holder: Holder, address: string | null): void {
    this.#lender.seen(holder, address, this.#sessionClock.now());
  }

  /** The last session of a line has ended, which is not recorded yet. */
  freed(holder: Holder): void {
    this.#lender.release(holder, this.#sessionClock.now());
  }

  async #loadPools(): Promise<void> {
    this.#lender.setPools(await lendingPools(this.#services.database));
  }

  async #follow(start: string, signal: AbortSignal): Promise<void> {
    const { events, logger } = this.#services;
    let cursor: string | null = start;
    while (!signal.aborted) {
      try {
        if (cursor === null) {
          cursor = await events.headCursor();
          await this.#loadPools();
        }
        for await (const _ of await events.subscribe({
          after: cursor,
          types: ['address.pool.updated'],
          signal,
        }))
          await this.#loadPools();
        return;
      } catch (error) {
        if (signal.aborted) return;
        logger.warn({ error }, 'pools cannot be followed; those known go on lending');
        cursor = null;
        await pause(retryMilliseconds, signal);
      }
    }
  }

  #writeOften(signal: AbortSignal): void {
    let expiredAt = this.#sessionClock.now();
    const timer = setInterval(() => {
      const now = this.#sessionClock.now();
      if (now - expiredAt > expiryMilliseconds) {
        expiredAt = now;
        this.#lender.expire(now);
      }
      this.#note();
      this.#mark();
      this.#record.write(signal);
    }, flushMilliseconds);
    signal.addEventListener('abort', () => clearInterval(timer), { once: true });
  }
}
