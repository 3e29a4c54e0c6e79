import type { Nas as RadiusNas } from '@dotmac/radius';
import type { TenantEvents } from '@dotmac/schema';
import { accessModes } from '../access/rules.ts';
import { type Credential, credentials, passwordPurpose } from '../access/store.ts';
import type { NetworkServices } from '../builder.ts';
import { allNases, type Nas, secretPurpose } from '../nas/store.ts';
import type { KnownServices } from '../session/record.ts';
import type { SessionState } from '../session/rules.ts';
import { keyText, liveSessions, type ServiceMove } from '../session/store.ts';
import type { RadiusPort } from './port.ts';
import { type LiveSession, loginStaleMilliseconds } from './rules.ts';
import { Shared } from './shared.ts';

/** A NAS as the policy holds it: what the server needs, and what replies depend on. */
export interface PolicyNas extends RadiusNas {
  readonly row: Nas;
}

/** What a login needs of a service, its password open. */
export interface PolicyAccess extends Omit<Credential, 'password' | 'deviceId'> {
  readonly password: string;
  deviceId: string | null;
  /** What it has for good, encoded; undefined until it is needed. */
  own: Uint8Array | null | undefined;
}

interface KnownSession extends LiveSession {
  readonly state: SessionState;
}

const pageSize = 1_000;
const retryMilliseconds = 500;
const noSessions: readonly KnownSession[] = [];
/** What this memory depends on. */
const relevant = [
  'access.ready',
  'access.updated',
  'access.mac.learnt',
  'access.change.progressed',
  'nas.updated',
] as const satisfies readonly (keyof TenantEvents)[];

/**
 * NASes, credentials and live sessions in memory. Loaded in full at start, then kept fresh by the event log; when the
 * database is gone it stays what it was.
 */
export class LoginMemory implements KnownServices {
  readonly #services: NetworkServices;
  readonly #sharedSecret: RadiusPort['sharedSecret'];
  readonly #onSessions: (sessions: readonly SessionState[]) => void;
  #nases = new Map<string, PolicyNas>();
  #nasRows = new Map<string, Nas>();
  #byUsername = new Map<string, PolicyAccess>();
  #byService = new Map<string, PolicyAccess>();
  /** By service. The lists are never changed, only replaced. */
  #live = new Map<string, readonly KnownSession[]>();
  #liveByKey = new Map<string, SessionState>();
  readonly #shared = new Shared();
  /** Services that events told of and that are not read anew yet. */
  readonly #outdated = new Set<string>();
  #catchingUp = false;

  /** @param onSessions told of what changed when the memory knows it. */
  constructor(
    services: NetworkServices,
    sharedSecret: RadiusPort['sharedSecret'],
    onSessions: (sessions: readonly SessionState[]) => void = () => {},
  ) {
    this.#services = services;
    this.#sharedSecret = sharedSecret;
    this.#onSessions = onSessions;
  }

  /** Loads everything and follows the event log until the signal aborts. Resolves when all is there. */
  async start(signal: AbortSignal): Promise<void> {
    const cursor = await this.#services.events.headCursor();
    await this.#load();
    void this.#follow(cursor, signal);
  }

  nasAt(sourceAddress: string): PolicyNas | null {
    return this.#nases.get(sourceAddress) ?? null;
  }

  nas(id: string): Nas | null {
    return this.#nasRows.get(id) ?? null;
  }

  access(username: string): PolicyAccess | null {
    return this.#byUsername.get(username) ?? null;
  }

  live(serviceId: string): readonly LiveSession[] {
    return this.#live.get(serviceId) ?? noSessions;
  }

  serviceOf(username: string): string | null {
    return this.#byUsername.get(username)?.serviceId ?? null;
  }

  deviceOf(serviceId: string): string | null {
    return this.#byService.get(serviceId)?.deviceId ?? null;
  }

  liveSession(key: string): SessionState | null {
    return this.#liveByKey.get(key) ?? null;
  }

  liveSessionsOf(serviceId: string): readonly SessionState[] {
    return (this.#live.get(serviceId) ?? noSessions).map(({ state }) => state);
  }

  staleAfterMilliseconds(nasId: string): number {
    return loginStaleMilliseconds(this.#nasRows.get(nasId)?.interimIntervalSeconds ?? 300);
  }

  servicesMoved(moves: readonly ServiceMove[]): void {
    for (const { serviceId, deviceId } of moves) {
      const access = this.#byService.get(serviceId);
      if (access !== undefined) access.deviceId = deviceId;
    }
  }

  /** Reads some services anew. */
  async refresh(serviceIds: readonly string[]): Promise<void> {
    if (serviceIds.length === 0) return;
    const rows = await credentials(this.#services.database, { serviceIds });
    for (const id of serviceIds) this.#forget(id);
    for (const row of rows) this.#keep(row);
  }

  /** Told by accounting after its commit. */
  sessionsChanged(sessions: readonly SessionState[]): void {
    for (const session of sessions) {
      const key = keyText(session);
      if (session.stoppedAt === null) {
        this.#liveByKey.set(key, session);
        this.#keepLive(session);
      } else {
        if (this.#liveByKey.get(key)?.id === session.id) this.#liveByKey.delete(key);
        this.#dropLive(session);
      }
    }
    this.#onSessions(sessions);
  }

  forgetSessions(keys: readonly string[]): void {
    for (const key of keys) {
      const session = this.#liveByKey.get(key);
      if (session === undefined) continue;
      this.#liveByKey.delete(key);
      this.#dropLive(session);
    }
  }

  #keepLive(session: SessionState): void {
    const { serviceId, id } = session;
    if (serviceId === null) return;
    const live = this.#live.get(serviceId);
    const known = this.#liveOf(session);
    if (live === undefined) this.#live.set(serviceId, [known]);
    else this.#live.set(serviceId, [...live.filter((one) => one.id !== id), known]);
  }

  #dropLive({ serviceId, id }: SessionState): void {
    const live = serviceId === null ? undefined : this.#live.get(serviceId);
    if (serviceId === null || live === undefined) return;
    const left = live.filter((one) => one.id !== id);
    if (left.length === 0) this.#live.delete(serviceId);
    else this.#live.set(serviceId, left);
  }

  /** Reads everything, then takes it over at once: half a load must not refuse the other half. */
  async #load(): Promise<void> {
    const { database } = this.#services;
    await this.#loadNases();
    const rows: Credential[] = [];
    for (let after = ''; ; ) {
      const page = await credentials(database, { after, limit: pageSize });
      rows.push(...page);
      if (page.length < pageSize) break;
      after = page.at(-1)?.serviceId ?? '';
    }
    const live = await liveSessions(database, null);
    this.#byUsername = new Map();
    this.#byService = new Map();
    for (const row of rows) this.#keep(row);
    this.#live = new Map();
    this.#liveByKey = new Map();
    this.sessionsChanged(live);
  }

  async #loadNases(): Promise<void> {
    const rows = await allNases(this.#services.database);
    const nases = new Map<string, PolicyNas>();
    for (const row of rows) {
      const [current, previous] = [row.secret, row.previousSecret].map((sealed) => {
        const opened = sealed === null ? null : this.#open(sealed, secretPurpose(row.id));
        return opened === null ? null : this.#sharedSecret(opened);
      });
      if (current == null) continue;
      nases.set(row.sourceAddress, {
        id: row.id,
        secrets: previous == null ? [current] : [current, previous],
        requireMessageAuthenticator: row.requireMessageAuthenticator,
        messageAuthenticatorSeen: row.messageAuthenticatorSeen,
        limitProxyState: row.limitProxyState,
        row,
      });
    }
    this.#nases = nases;
    this.#nasRows = new Map(rows.map((row) => [row.id, row]));
  }

  #keep({ password, ...access }: Credential): void {
    this.#forget(access.serviceId);
    if (access.closedAt !== null) return;
    const opened = this.#open(password, passwordPurpose(access.serviceId));
    if (opened === null) return;
    // One text per mode, not one per row: the packet path compares them by identity then.
    const mode = accessModes.find((one) => one === access.mode) ?? access.mode;
    const known: PolicyAccess = {
      ...access,
      mode,
      planId: this.#shared.text(access.planId),
      shaping: this.#shared.object(access.shaping),
      planShaping: this.#shared.object(access.planShaping),
      throttle: this.#shared.object(access.throttle),
      override: this.#shared.object(access.override),
      password: opened,
      own: undefined,
    };
    this.#byService.set(access.serviceId, known);
    this.#byUsername.set(access.username, known);
  }

  #forget(serviceId: string): void {
    const known = this.#byService.get(serviceId);
    if (known === undefined) return;
    this.#byService.delete(serviceId);
    this.#byUsername.delete(known.username);
  }

  /** Null for a secret that does not open, which costs its bearer the login and nobody else. */
  #open(sealed: Uint8Array, purpose: string): string | null {
    try {
      return this.#services.secrets.open(sealed, purpose);
    } catch (error) {
      this.#services.logger.error({ error, purpose }, 'a secret does not open; its bearer cannot log in');
      return null;
    }
  }

  #liveOf(state: SessionState): KnownSession {
    const { id, mac, startedAt, updatedAt, nasId } = state;
    return {
      id,
      mac,
      startedAt,
      updatedAt,
      staleAfterMilliseconds: this.staleAfterMilliseconds(nasId),
      state,
    };
  }

  /** Follows the log; whatever breaks it, everything is loaded anew and it goes on. */
  async #follow(start: string, signal: AbortSignal): Promise<void> {
    const { events, logger } = this.#services;
    let cursor: string | null = start;
    while (!signal.aborted) {
      // Ends this round of following when what it learnt cannot be read.
      const round = new AbortController();
      try {
        if (cursor === null) {
          cursor = await events.headCursor();
          await this.#load();
        }
        const both = AbortSignal.any([signal, round.signal]);
        for await (const event of await events.subscribe({ after: cursor, types: relevant, signal: both })) {
          if (event.type === 'nas.updated') await this.#loadNases();
          else this.#outdate(event.subject, round);
        }
        round.signal.throwIfAborted();
        return;
      } catch (error) {
        if (signal.aborted) return;
        logger.warn({ error }, 'the login policy cannot follow the database; it answers with what it knows');
        cursor = null;
        await pause(retryMilliseconds, signal);
      }
    }
  }

  /** Services told of while others are being read are read together: a mass change costs few queries. */
  #outdate(serviceId: string, round: AbortController): void {
    this.#outdated.add(serviceId);
    if (this.#catchingUp) return;
    this.#catchingUp = true;
    this.#catchUp()
      .catch((error: unknown) => round.abort(error))
      .finally(() => {
        this.#catchingUp = false;
      });
  }

  async #catchUp(): Promise<void> {
    while (this.#outdated.size > 0) {
      const ids = [...this.#outdated].slice(0, pageSize);
      // Before the reading: what changes during it is read once more.
      for (const id of ids) this.#outdated.delete(id);
      await this.refresh(ids);
    }
  }
}

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    signal.addEventListener('abort', done, { once: true });
  });
}
