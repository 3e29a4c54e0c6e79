import type { TenantDatabase } from '@dotmac/migrations';
import { appendEvents, type Clock, type NewEvent, newId } from '@dotmac/platform';
import type { TenantEvents } from '@dotmac/schema';
import type { Kysely } from 'kysely';
import { servicesByUsername } from '../access/store.ts';
import { sessionEvent } from './events.ts';
import {
  applyNews,
  replacedCause,
  restartCause,
  type SessionNews,
  type SessionState,
  staleCause,
} from './rules.ts';
import {
  closeReplaced,
  closeSessionsOfNas,
  keyText,
  newestSessions,
  type ServiceMove,
  writeSessions,
} from './store.ts';
import { Turns } from './turns.ts';

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
  /** The ids of a service's live sessions. */
  liveSessionIds(serviceId: string): readonly string[];
  sessionsChanged(sessions: readonly SessionState[]): void;
  servicesMoved(moves: readonly ServiceMove[]): void;
}

/** An update this soon after the news before tells a reader of the event log nothing; the next one has its octets. */
const untoldMilliseconds = 2_000;

/**
 * Takes batches of accounting into the sessions and tells the event log. Batches that concern the same login names go one
 * after the other; one process writes a tenant's sessions, and should two ever do so, the unique index on live sessions
 * fails the later batch, which the NAS sends again.
 */
export class SessionRecorder {
  readonly #database: Kysely<TenantDatabase>;
  readonly #clock: Clock;
  readonly #known: KnownServices;
  readonly #turns = new Turns();

  constructor(database: Kysely<TenantDatabase>, clock: Clock, known: KnownServices) {
    this.#database = database;
    this.#clock = clock;
    this.#known = known;
  }

  /**
   * One round trip to the database however many records, two when some tell of sessions that are not known to be live;
   * more when a NAS restarted or a login replaced a session.
   * @returns every session that changed, as it is now; committed.
   */
  async record(batch: {
    readonly news: readonly SessionNews[];
    readonly restarts: readonly NasRestart[];
  }): Promise<SessionState[]> {
    const names = batch.restarts.length > 0 ? null : new Set(batch.news.map((one) => one.username));
    return this.#turns.take(names, async () => {
      const ended = await this.#restart(batch.restarts);
      this.#known.sessionsChanged(ended);
      const changed = await this.#take(batch.news);
      this.#known.sessionsChanged(changed);
      return [...ended, ...changed];
    });
  }

  async #restart(restarts: readonly NasRestart[]): Promise<SessionState[]> {
    if (restarts.length === 0) return [];
    return this.#database.transaction().execute(async (transaction) => {
      const ended: SessionState[] = [];
      for (const { nasId, at } of restarts)
        ended.push(...(await closeSessionsOfNas(transaction, nasId, new Date(at), restartCause)));
      await appendEvents<TenantEvents>(
        transaction,
        ended.map((session) => sessionEvent('STOPPED', session)),
      );
      return ended;
    });
  }

  async #take(news: readonly SessionNews[]): Promise<SessionState[]> {
    if (news.length === 0) return [];
    const { closed, sessions } = await this.#fold(news);
    const started = sessions.filter((one) => one.effect === 'STARTED').map((one) => one.session);
    const written = [...closed, ...sessions.map((one) => one.session)];
    const events = [
      ...closed.map((session) => sessionEvent('STOPPED', session)),
      ...sessions.flatMap(({ session, effect }) =>
        effect === 'NONE' ? [] : [sessionEvent(effect, session)],
      ),
    ];
    const moves = this.#movesOf(started);
    const changed = await this.#write({ written, moves, events, started });
    this.#known.servicesMoved(moves);
    return changed;
  }

  async #write({ written, moves, events, started }: Written): Promise<SessionState[]> {
    if (!this.#mayReplace(started)) {
      await writeSessions(this.#database, written, moves, events);
      return [...written];
    }
    return this.#database.transaction().execute(async (transaction) => {
      await writeSessions(transaction, written, moves, events);
      const causes = { sameLine: replacedCause, silent: staleCause };
      const replaced = await closeReplaced(transaction, started, causes);
      await appendEvents<TenantEvents>(
        transaction,
        replaced.map((session) => sessionEvent('STOPPED', session)),
      );
      return [...replaced, ...written];
    });
  }

  /** Applies the news in order in memory; one result per session, its effect the most telling one. */
  async #fold(news: readonly SessionNews[]): Promise<{ closed: SessionState[]; sessions: Folded[] }> {
    const keys = new Map(news.map((one) => [keyText(one), one]));
    const current = new Map<string, SessionState>();
    const unknown: SessionNews[] = [];
    for (const [key, one] of keys) {
      const live = this.#known.liveSession(key);
      if (live === null) unknown.push(one);
      else current.set(key, live);
    }
    if (unknown.length > 0)
      for (const one of await newestSessions(this.#database, unknown)) current.set(keyText(one), one);
    const services = await this.#servicesOf(news);
    const closed: SessionState[] = [];
    const folded = new Map<string, Folded>();
    for (const one of news) {
      const key = keyText(one);
      const known = { ...one, serviceId: one.serviceId ?? services.get(one.username) ?? null };
      const before = current.get(key) ?? null;
      const outcome = applyNews(before, known, newId('ses', this.#clock));
      if (outcome.closed !== null) {
        folded.delete(outcome.closed.id);
        closed.push(outcome.closed);
      }
      current.set(key, outcome.session);
      const { session } = outcome;
      const told = worthTelling(before, session) ? outcome.effect : 'NONE';
      folded.set(session.id, {
        session,
        effect: moreTelling(folded.get(session.id)?.effect ?? 'NONE', told),
      });
    }
    return { closed, sessions: [...folded.values()] };
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

  #movesOf(started: readonly SessionState[]): ServiceMove[] {
    return started.flatMap(({ serviceId, deviceId }) =>
      serviceId === null || deviceId === null || this.#known.deviceOf(serviceId) === deviceId
        ? []
        : [{ serviceId, deviceId }],
    );
  }

  /** Whether a service that has just logged in has other live sessions. */
  #mayReplace(started: readonly SessionState[]): boolean {
    return started.some(
      ({ id, serviceId }) =>
        serviceId !== null && this.#known.liveSessionIds(serviceId).some((live) => live !== id),
    );
  }
}

interface Written {
  readonly written: readonly SessionState[];
  readonly moves: readonly ServiceMove[];
  readonly events: readonly NewEvent<TenantEvents>[];
  readonly started: readonly SessionState[];
}

interface Folded {
  readonly session: SessionState;
  readonly effect: 'STARTED' | 'UPDATED' | 'STOPPED' | 'NONE';
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
