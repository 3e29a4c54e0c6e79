import type { TenantDatabase } from '@dotmac/migrations';
import { appendEvents, type Clock, newId } from '@dotmac/platform';
import type { TenantEvents } from '@dotmac/schema';
import type { Kysely } from 'kysely';
import { servicesByUsername } from '../access/store.ts';
import type { SessionLine } from '../place/line-store.ts';
import { Turns } from '../turns.ts';
import { sessionEvent } from './events.ts';
import {
  applyNews,
  differs,
  replacedBy,
  restartCause,
  type SessionNews,
  type SessionState,
} from './rules.ts';
import { inSlices } from './slices.ts';
import { closeSessionsOfNas, keyText, newestSessions } from './store.ts';
import { type ServiceMove, type SessionChange, writeSessions } from './write.ts';

/** A NAS that said it starts or stops: its sessions from before are gone. */
export interface NasRestart {
  readonly nasId: string;
  readonly at: number;
}

/** What is known without asking the database: the login policy, which hears of every commit before the next one begins. */
export interface KnownServices {
  /** The open service of a login name; null when it is not known. */
  serviceOf(username: string): string | null;
  /** Where a service was last online. */
  deviceOf(serviceId: string): string | null;
  /** The live session of a key (`keyText`); null when none is known, which says nothing of ended ones. */
  liveSession(key: string): SessionState | null;
  /** A service's live sessions. */
  liveSessionsOf(serviceId: string): readonly SessionState[];
  /** A session at this NAS that is silent for longer does not stand in the way of a login. */
  staleAfterMilliseconds(nasId: string): number;
  sessionsChanged(sessions: readonly SessionState[]): void;
  /** Sessions by key that somebody else has written. */
  forgetSessions(keys: readonly string[]): void;
  servicesMoved(moves: readonly ServiceMove[]): void;
}

/** What accounting said since the last commit. */
export interface SessionBatch {
  readonly news: readonly SessionNews[];
  readonly restarts: readonly NasRestart[];
  /** On which lines the sessions are that begin with this batch. */
  readonly linesOf?: (begun: readonly SessionState[]) => SessionLine[];
}

/** An update this soon after the news before tells a reader of the event log nothing; the next one has its octets. */
const untoldMilliseconds = 2_000;
/** How often a batch is folded anew because somebody else wrote the same sessions meanwhile. */
const mostAttempts = 8;

/**
 * Takes batches of accounting into the sessions and tells the event log. Batches that concern the same login names go one
 * after the other. One process writes a tenant's sessions as a rule; what another one wrote meanwhile is noticed by the
 * statement that writes, and the news is then folded into that.
 */
export class SessionRecorder {
  readonly #writer: Kysely<TenantDatabase>;
  readonly #database: Kysely<TenantDatabase>;
  readonly #clock: Clock;
  readonly #known: KnownServices;
  readonly #onLines: () => void;
  readonly #turns = new Turns();

  /**
   * @param writer connections of accounting's own; `database` is for what is seldom asked.
   * @param onLines told when a session began on another line than its service's last one.
   */
  constructor(
    {
      writer,
      database,
    }: { readonly writer: Kysely<TenantDatabase>; readonly database: Kysely<TenantDatabase> },
    clock: Clock,
    known: KnownServices,
    onLines: () => void = () => {},
  ) {
    this.#onLines = onLines;
    this.#writer = writer;
    this.#database = database;
    this.#clock = clock;
    this.#known = known;
  }

  /**
   * One round trip to the database however many records, two when some tell of the end or middle of sessions that are not
   * known to be live; more when a NAS restarted, or uses an id again.
   * @returns every session that changed, as it is now; committed.
   */
  async record(batch: SessionBatch): Promise<SessionState[]> {
    const names = batch.restarts.length > 0 ? null : new Set(batch.news.map((one) => one.username));
    return this.#turns.take(names, async () => {
      const ended = await this.#restart(batch.restarts);
      return [...ended, ...(await this.#take(batch))];
    });
  }

  async #restart(restarts: readonly NasRestart[]): Promise<SessionState[]> {
    if (restarts.length === 0) return [];
    const sessions = await this.#writer.transaction().execute(async (transaction) => {
      const ended: SessionState[] = [];
      for (const { nasId, at } of restarts)
        ended.push(...(await closeSessionsOfNas(transaction, nasId, new Date(at), restartCause)));
      await appendEvents<TenantEvents>(
        transaction,
        ended.map((session) => sessionEvent('STOPPED', session)),
      );
      return ended;
    });
    this.#known.sessionsChanged(sessions);
    return sessions;
  }

  async #take({ news: all, linesOf = () => [] }: SessionBatch): Promise<SessionState[]> {
    const changed: SessionState[] = [];
    const started: SessionState[] = [];
    let news = all;
    for (let attempt = 0; attempt < mostAttempts; attempt++) {
      const folded = await this.#fold(news, attempt === 0);
      for (const one of folded.values()) if (one.effect === 'STARTED') started.push(one.after);
      this.#replace(folded, started);
      const missed = await this.#write([...folded.values()], linesOf, changed);
      if (missed.length === 0) return changed;
      const keys = new Set(missed.map(({ after }) => keyText(after)));
      this.#known.forgetSessions([...keys]);
      this.#known.sessionsChanged(
        await newestSessions(
          this.#writer,
          missed.map(({ after }) => after),
        ),
      );
      news = news.filter((one) => keys.has(keyText(one)));
    }
    throw new Error(`Sessions of ${news[0]?.username} and others are written by somebody else all the time`);
  }

  /** @returns what somebody else has written meanwhile; the rest is committed, known and added to `changed`. */
  async #write(
    folded: readonly Folded[],
    linesOf: (begun: readonly SessionState[]) => SessionLine[],
    changed: SessionState[],
  ): Promise<Folded[]> {
    const changes: SessionChange[] = [];
    const online: SessionState[] = [];
    for await (const slice of inSlices(folded)) {
      for (const { before, after, follows, effect } of slice) {
        if (before !== null && !differs(before, after)) continue;
        changes.push({
          before,
          after,
          follows,
          told: effect === 'NONE' ? null : sessionEvent(effect, after),
        });
        if (before === null && after.stoppedAt === null) online.push(after);
      }
    }
    if (changes.length === 0) return [];
    const moves = this.#movesOf(folded);
    const lines = linesOf(online);
    const { ids: written, newLines } = await writeSessions(this.#writer, changes, { moves, lines });
    if (newLines) this.#onLines();
    this.#known.servicesMoved(moves);
    const now = changes.flatMap(({ after }) => (written.has(after.id) ? [after] : []));
    for await (const slice of inSlices(now)) {
      this.#known.sessionsChanged(slice);
      changed.push(...slice);
    }
    if (now.length === changes.length) return [];
    const unwritten = new Set(changes.map(({ after }) => after.id)).difference(written);
    return folded.filter(({ after }) => unwritten.has(after.id));
  }

  /**
   * Applies the news in order in memory; one result per session, its effect the most telling one.
   * @param trusting a session whose Start comes is taken for the first of its key, which the statement that writes verifies.
   */
  async #fold(news: readonly SessionNews[], trusting: boolean): Promise<Map<string, Folded>> {
    const folded = new Map<string, Folded>();
    if (news.length === 0) return folded;
    const current = await this.#current(news, trusting);
    const services = await this.#servicesOf(news);
    const id = () => newId('ses', this.#clock);
    for await (const slice of inSlices(news)) {
      for (const one of slice) {
        const key = keyText(one);
        const serviceId = one.serviceId ?? services.get(one.username) ?? null;
        const complete = serviceId === one.serviceId ? one : { ...one, serviceId };
        const before = current.get(key) ?? null;
        const { closed, session, effect } = applyNews(before, complete, id);
        // What was begun by this batch is not in the database, and what follows it follows what that follows.
        const begun = before === null ? undefined : folded.get(before.id);
        const follows = begun?.before === null ? begun.follows : (before?.id ?? null);
        if (closed !== null) fold(folded, { before, after: closed, follows, effect: 'STOPPED' });
        current.set(key, session);
        const told = worthTelling(before, session) ? effect : 'NONE';
        const known = before?.id === session.id ? before : null;
        fold(folded, { before: known, after: session, follows, effect: told });
      }
    }
    return folded;
  }

  /** The newest session of every key in the news. */
  async #current(news: readonly SessionNews[], trusting: boolean): Promise<Map<string, SessionState>> {
    const current = new Map<string, SessionState>();
    const unknown = new Map<string, SessionNews>();
    const begins = new Set<string>();
    for (const one of news) {
      const key = keyText(one);
      const live = this.#known.liveSession(key);
      if (live !== null) current.set(key, live);
      else if (trusting && one.status === 'START') begins.add(key);
      else if (!begins.has(key)) unknown.set(key, one);
    }
    if (unknown.size > 0)
      for (const one of await newestSessions(this.#writer, [...unknown.values()]))
        current.set(keyText(one), one);
    return current;
  }

  /** Ends the other live sessions of the services that have just logged in, where the login put them to an end. */
  #replace(folded: Map<string, Folded>, started: readonly SessionState[]): void {
    for (const login of started) {
      if (login.serviceId === null) continue;
      for (const known of this.#known.liveSessionsOf(login.serviceId)) {
        if (known.id === login.id || started.some(({ id }) => id === known.id)) continue;
        const live = folded.get(known.id)?.after ?? known;
        const replaced = replacedBy(live, login, this.#known.staleAfterMilliseconds(live.nasId));
        if (replaced !== null)
          fold(folded, { before: known, after: replaced, follows: null, effect: 'STOPPED' });
      }
    }
  }

  /** Of the login names whose service their `Class` does not say; the database is asked for those nobody knows. */
  async #servicesOf(news: readonly SessionNews[]): Promise<ReadonlyMap<string, string>> {
    const services = new Map<string, string>();
    const unknown = new Set<string>();
    for (const { serviceId, username } of news) {
      if (serviceId !== null || services.has(username)) continue;
      const service = this.#known.serviceOf(username);
      if (service === null) unknown.add(username);
      else services.set(username, service);
    }
    if (unknown.size === 0) return services;
    return new Map([...services, ...(await servicesByUsername(this.#database, [...unknown]))]);
  }

  /** Services that came online elsewhere than before. */
  #movesOf(folded: readonly Folded[]): ServiceMove[] {
    return folded.flatMap(({ effect, after: { serviceId, deviceId } }) =>
      effect !== 'STARTED' ||
      serviceId === null ||
      deviceId === null ||
      this.#known.deviceOf(serviceId) === deviceId
        ? []
        : [{ serviceId, deviceId }],
    );
  }
}

/** What a batch makes of a session; `before` is what the database has, null for nothing. */
interface Folded extends Omit<SessionChange, 'told'> {
  readonly effect: 'STARTED' | 'UPDATED' | 'STOPPED' | 'NONE';
}

function fold(all: Map<string, Folded>, news: Folded): void {
  const { id } = news.after;
  const earlier = all.get(id);
  all.set(
    id,
    earlier === undefined
      ? news
      : { ...earlier, after: news.after, effect: moreTelling(earlier.effect, news.effect) },
  );
}

/** Beginnings, ends, new addresses, and updates that are not right behind the news before. */
function worthTelling(before: SessionState | null, session: SessionState): boolean {
  if (before === null || before.id !== session.id) return true;
  return (
    session.stoppedAt !== before.stoppedAt ||
    session.address !== before.address ||
    session.updatedAt - before.updatedAt >= untoldMilliseconds
  );
}

function moreTelling(a: Folded['effect'], b: Folded['effect']): Folded['effect'] {
  const order = ['NONE', 'UPDATED', 'STARTED', 'STOPPED'] as const;
  return order.indexOf(a) > order.indexOf(b) ? a : b;
}
