import { type Clock, localDateAt } from '@dotmac/platform';
import type { LiveSession } from '../aaa/login-facts.ts';
import type { PolicyAccess } from '../aaa/policy-access.ts';
import { desiredMode } from '../access/rules.ts';
import { lockedAccess, updateAccess } from '../access/store.ts';
import type { NetworkServices } from '../builder.ts';
import { requestChange } from '../change/events.ts';
import { garden } from '../garden/store.ts';
import { disconnectQueue } from '../session/disconnect-job.ts';
import { Turns } from '../turns.ts';
import {
  hasQuota,
  judge,
  type LoginTerms,
  type Span,
  type Standing,
  spanAt,
  type TermReason,
  type Used,
} from './rules.ts';
import { usedOf } from './store.ts';

const lookMilliseconds = 1_000;
/** Octets and ended sessions are read anew this often; time goes on by itself meanwhile. */
const readMilliseconds = 20_000;
const mostPerLook = 2_000;
/** A NAS has this long to end a session by its Session-Timeout before it is told to. */
const graceMilliseconds = 30_000;

const quotaReasons: ReadonlySet<TermReason> = new Set([
  'TIME_QUOTA_USED',
  'VOLUME_QUOTA_USED',
  'VOUCHER_USED',
]);

/** A service whose terms are judged, and what they were judged to be last. */
interface Judged {
  readonly serviceId: string;
  readonly terms: LoginTerms;
  readonly termsEnded: TermReason | null;
}

/** What the keeper asks of the login policy. */
interface Known {
  withTerms(): Iterable<PolicyAccess>;
  live(serviceId: string): readonly LiveSession[];
  refresh(serviceIds: readonly string[]): Promise<void>;
}

/**
 * Knows how the terms of services stand, without asking the database: what they had used is read now and then, and time goes
 * on by itself. What has ended is brought to the live sessions, whether or not their NAS keeps a Session-Timeout.
 */
export class TermKeeper {
  readonly #services: NetworkServices;
  readonly #sessionClock: Clock;
  readonly #known: Known;
  readonly #timeZone: string;
  readonly #used = new Map<string, Used>();
  readonly #changed = new Set<string>();
  /** Sessions that are being ended, and when that was asked for. */
  readonly #ending = new Map<string, number>();
  readonly #turns = new Turns();
  #span: Span | null = null;

  constructor(services: NetworkServices, sessionClock: Clock, known: Known) {
    this.#services = services;
    this.#sessionClock = sessionClock;
    this.#known = known;
    this.#timeZone = services.tenant?.timeZone ?? 'UTC';
  }

  /**
   * On the packet path. A quota whose use has not been read yet stands as the database last judged it: what was used up is
   * not open for the second until it is read.
   */
  standing({ serviceId, terms, termsEnded }: Judged): Standing {
    const now = this.#services.clock.now();
    const used = this.#used.get(serviceId) ?? null;
    const standing = judge(terms, used, now, this.#timeZone, this.#spanAt(now));
    if (used !== null || standing.reason !== null || !hasQuota(terms)) return standing;
    if (termsEnded === null || !quotaReasons.has(termsEnded)) return standing;
    return { reason: termsEnded, until: null, nearest: 'it was used up; what is used is being read anew' };
  }

  /** Told of services whose sessions began or ended, or whose octets are counted anew. Synchronous. */
  note(serviceId: string): void {
    if (this.#used.has(serviceId)) this.#changed.add(serviceId);
  }

  /** Knows everything when this resolves; then looks every second until the signal aborts. */
  async start(signal: AbortSignal): Promise<void> {
    while ((await this.#read()) === mostPerLook);
    let looking = false;
    const timer = setInterval(() => {
      if (looking) return;
      looking = true;
      this.look()
        .catch((error: unknown) => {
          if (!signal.aborted)
            this.#services.logger.warn({ error }, 'terms that end are brought to sessions later');
        })
        .finally(() => {
          looking = false;
        });
    }, lookMilliseconds);
    signal.addEventListener('abort', () => clearInterval(timer), { once: true });
  }

  /** Reads what was used and brings what has ended, or begun anew, to the devices. */
  async look(): Promise<void> {
    await this.#read();
    const turned: string[] = [];
    for (const access of this.#known.withTerms()) {
      const { serviceId, terms, termsEnded } = access;
      if (terms === null) continue;
      if (this.standing({ serviceId, terms, termsEnded }).reason !== termsEnded) turned.push(serviceId);
      if (terms.sessionSeconds !== null) await this.#endLongSessions(serviceId, terms.sessionSeconds);
    }
    for (const serviceId of turned.slice(0, mostPerLook)) await this.#turn(serviceId);
    await this.#known.refresh(turned.slice(0, mostPerLook));
  }

  /** Reads services anew, such as one whose terms are new, in turn: an older reading must not come last. */
  read(serviceIds: readonly string[]): Promise<void> {
    return this.#turns.take(null, () => this.#readUsed(serviceIds));
  }

  async #readUsed(serviceIds: readonly string[]): Promise<void> {
    const { database, clock } = this.#services;
    const now = clock.now();
    const day = localDateAt(now, this.#timeZone);
    const used = await usedOf(database, serviceIds, now, this.#spanAt(now), {
      day,
      month: `${day.slice(0, 8)}01`,
      aheadMilliseconds: now - this.#sessionClock.now(),
    });
    for (const [serviceId, one] of used) this.#used.set(serviceId, one);
  }

  /** @returns how many services were read; those beyond `mostPerLook` wait for the next reading. */
  async #read(): Promise<number> {
    const now = this.#services.clock.now();
    const due: string[] = [];
    const quotas = new Set<string>();
    for (const { serviceId, terms } of this.#known.withTerms()) {
      if (terms === null || !hasQuota(terms)) continue;
      quotas.add(serviceId);
      const used = this.#used.get(serviceId);
      const stale = used === undefined || now - used.at > readMilliseconds || this.#changed.has(serviceId);
      if (stale && due.length < mostPerLook) due.push(serviceId);
    }
    // Somebody who gives terms reads before the memory has them: what is fresh stays for him.
    for (const [serviceId, { at }] of this.#used)
      if (!quotas.has(serviceId) && now - at > readMilliseconds) this.#used.delete(serviceId);
    // Before the reading: what changes during it is read once more.
    for (const serviceId of due) this.#changed.delete(serviceId);
    if (due.length > 0) await this.read(due);
    return due.length;
  }

  async #turn(serviceId: string): Promise<void> {
    const { database } = this.#services;
    await database.transaction().execute(async (transaction) => {
      const access = await lockedAccess(transaction, serviceId);
      if (access === null || access.closedAt !== null || access.terms === null) return;
      const { locks, capBlocked, terms, termsEnded } = access;
      const { reason, nearest } = this.standing({ serviceId, terms, termsEnded });
      if (reason === termsEnded) return;
      const mode = desiredMode(locks, { capBlocked, ended: reason, garden: await garden(transaction) });
      await updateAccess(transaction, serviceId, { termsEnded: reason, mode });
      if (mode === access.mode || access.readyAt === null) return;
      await requestChange(
        transaction,
        this.#services,
        { ...access, mode, termsEnded: reason },
        { because: reason === null ? 'its terms let it be online again' : nearest, actor: 'system:network' },
      );
    });
  }

  async #endLongSessions(serviceId: string, seconds: number): Promise<void> {
    const now = this.#sessionClock.now();
    for (const [id, at] of this.#ending) if (now - at > 10 * graceMilliseconds) this.#ending.delete(id);
    for (const { id, startedAt } of this.#known.live(serviceId)) {
      if (now - startedAt < seconds * 1000 + graceMilliseconds || this.#ending.has(id)) continue;
      this.#ending.set(id, now);
      const because = `${seconds} s a session are over`;
      await this.#services.jobs.enqueue(this.#services.database as never, disconnectQueue, {
        sessionId: id,
        because,
      });
    }
  }

  #spanAt(now: number): Span {
    const known = this.#span;
    if (known !== null && now >= known.dayStart && now < known.dayEnd) return known;
    this.#span = spanAt(now, this.#timeZone);
    return this.#span;
  }
}
