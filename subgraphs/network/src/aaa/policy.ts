import { randomBytes } from 'node:crypto';
import type {
  AccessDecision,
  AccessRequestView,
  Attribute,
  Nas as RadiusNas,
  RadiusPolicy,
} from '@dotmac/radius';
import type { TenantEvents } from '@dotmac/schema';
import { deviceModeOf, shapingOf } from '../access/rules.ts';
import { type Credential, credentials } from '../access/store.ts';
import type { NetworkServices } from '../builder.ts';
import { allNases, type Nas, secretPurpose } from '../nas/store.ts';
import { normaliseMac, type SessionState } from '../session/rules.ts';
import { liveSessions } from '../session/store.ts';
import type { RadiusPort } from './port.ts';
import { Rejections } from './rejections.ts';
import {
  decideLogin,
  type ExplainedStep,
  explainDecision,
  jitteredInterval,
  type LiveSession,
  type LoginFacts,
  loginStaleMilliseconds,
  type RejectReason,
  sessionToken,
} from './rules.ts';

/** A NAS as the policy holds it: what the server needs, and what replies depend on. */
export interface PolicyNas extends RadiusNas {
  readonly row: Nas;
}

interface PolicyAccess extends Omit<Credential, 'password'> {
  readonly password: string;
}

export interface LoginExplanation {
  readonly decision: 'ACCEPT' | 'WALLED_GARDEN' | 'REJECT';
  readonly reason: RejectReason | 'UNKNOWN_NAS' | null;
  readonly steps: readonly ExplainedStep[];
}

const pageSize = 1_000;
const retryMilliseconds = 500;
/** What the policy's memory depends on. */
const relevant = [
  'access.ready',
  'access.updated',
  'access.change.progressed',
  'nas.updated',
] as const satisfies readonly (keyof TenantEvents)[];

/**
 * Who may log in, from memory: NASes, credentials, speeds, modes and live sessions. Loaded in full at start, then kept
 * fresh by the event log; when the database is gone it answers with what it knows.
 */
export class LoginPolicy implements RadiusPolicy {
  readonly #services: NetworkServices;
  readonly #radius: RadiusPort;
  readonly #rejections: Rejections;
  #nases = new Map<string, PolicyNas>();
  /** Acct-Interim-Interval in seconds by NAS. */
  #intervals = new Map<string, number>();
  #byUsername = new Map<string, PolicyAccess>();
  #byService = new Map<string, PolicyAccess>();
  #live = new Map<string, Map<string, LiveSession>>();

  constructor(services: NetworkServices, radius: RadiusPort) {
    this.#services = services;
    this.#radius = radius;
    this.#rejections = new Rejections(services);
  }

  /** Loads everything and follows the event log until the signal aborts. Resolves when it can answer. */
  async start(signal: AbortSignal): Promise<void> {
    const cursor = await this.#services.events.headCursor();
    await this.#load();
    this.#rejections.run(signal);
    void this.#follow(cursor, signal);
  }

  findNas(sourceAddress: string): PolicyNas | null {
    return this.#nases.get(sourceAddress) ?? null;
  }

  authenticate(request: AccessRequestView): AccessDecision {
    const username = request.userName ?? '';
    const nas = this.findNas(request.sourceAddress);
    // The server asked for the NAS a moment ago; a reload in between may have removed it.
    if (nas === null) return { kind: 'DISCARD', reason: 'UNKNOWN_NAS' };
    const access = this.#byUsername.get(username) ?? null;
    const mac = normaliseMac(request.callingStationId);
    const reason = decideLogin(
      this.#factsOf({
        username,
        nas,
        access,
        mac,
        password: () => {
          if (request.method === 'NONE') return 'UNSUPPORTED';
          return access !== null && this.#radius.verifyPassword(request, access.password) ? 'RIGHT' : 'WRONG';
        },
      }),
    );
    if (reason === null && access !== null) return this.#accept(nas, access);
    const refusal = reason ?? 'UNKNOWN_USER';
    const serviceId = access?.serviceId ?? null;
    this.#rejections.add({ username, serviceId, reason: refusal, nasAddress: request.sourceAddress, mac });
    return { kind: 'REJECT', reason: refusal };
  }

  /** What the answer to a login would be now, and why. */
  explain(question: {
    readonly username: string;
    readonly nasAddress: string;
    readonly mac: string | null;
    readonly password: string | null;
  }): LoginExplanation {
    const { username, nasAddress, mac, password } = question;
    const nas = this.findNas(nasAddress);
    if (nas === null) {
      const fact = `No NAS is registered with the address ${nasAddress}: its packets are not answered`;
      return { decision: 'REJECT', reason: 'UNKNOWN_NAS', steps: [{ check: 'nas', passed: false, fact }] };
    }
    const access = this.#byUsername.get(username) ?? null;
    const given = () => {
      if (password === null) return 'NOT_ASKED' as const;
      return access?.password === password ? ('RIGHT' as const) : ('WRONG' as const);
    };
    const { steps, reason } = explainDecision(
      this.#factsOf({
        username,
        nas,
        access,
        mac: mac === null ? undefined : normaliseMac(mac),
        password: given,
      }),
    );
    if (reason !== null) return { decision: 'REJECT', reason, steps };
    return { decision: access?.mode === 'OPEN' ? 'ACCEPT' : 'WALLED_GARDEN', reason: null, steps };
  }

  /** Reads some services anew; the enforcement does so before it touches a device, so that the next login agrees. */
  async refresh(serviceIds: readonly string[]): Promise<void> {
    if (serviceIds.length === 0) return;
    const rows = await credentials(this.#services.database, { serviceIds });
    const found = new Set(rows.map((row) => row.serviceId));
    for (const id of serviceIds) if (!found.has(id)) this.#forget(id);
    for (const row of rows) this.#keep(row);
  }

  /** Told by accounting after its commit. */
  sessionsChanged(sessions: readonly SessionState[]): void {
    for (const session of sessions) {
      if (session.serviceId === null) continue;
      const live = this.#live.get(session.serviceId) ?? new Map<string, LiveSession>();
      if (session.stoppedAt === null) live.set(session.id, this.#liveOf(session));
      else live.delete(session.id);
      if (live.size === 0) this.#live.delete(session.serviceId);
      else this.#live.set(session.serviceId, live);
    }
  }

  #factsOf(about: {
    readonly username: string;
    readonly nas: PolicyNas;
    readonly access: PolicyAccess | null;
    readonly mac: LoginFacts['mac'];
    readonly password: LoginFacts['password'];
  }): LoginFacts {
    const { access, nas } = about;
    const live = access === null ? undefined : this.#live.get(access.serviceId);
    return {
      ...about,
      now: this.#services.clock.now(),
      nas: nas.row,
      live: live === undefined ? [] : [...live.values()],
    };
  }

  #accept({ row: nas }: PolicyNas, access: PolicyAccess): AccessDecision {
    const mode = deviceModeOf(access.mode);
    if (access.shaping === null || mode === 'blocked') return { kind: 'REJECT', reason: 'NOT_READY' };
    const vendor = nas.vendorProfile as Parameters<RadiusPort['accessReplyAttributes']>[0];
    const attributes: Attribute[] = [
      ...(access.address === null ? [] : [{ name: 'Framed-IP-Address', value: access.address }]),
      {
        name: 'Acct-Interim-Interval',
        value: jitteredInterval(nas.interimIntervalSeconds, Math.random()),
      },
      { name: 'Class', value: sessionToken(access.serviceId, randomBytes(8).toString('hex')) },
      ...this.#radius.accessReplyAttributes(vendor, shapingOf(access.shaping), mode),
    ];
    return { kind: 'ACCEPT', attributes };
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
    this.sessionsChanged(live);
  }

  async #loadNases(): Promise<void> {
    const { database, secrets } = this.#services;
    const open = (nas: Nas, sealed: Uint8Array) =>
      this.#radius.sharedSecret(secrets.open(sealed, secretPurpose(nas.id)));
    const rows = await allNases(database);
    this.#intervals = new Map(rows.map((row) => [row.id, row.interimIntervalSeconds]));
    this.#nases = new Map(
      rows.map((row) => [
        row.sourceAddress,
        {
          id: row.id,
          secrets:
            row.previousSecret === null
              ? [open(row, row.secret)]
              : [open(row, row.secret), open(row, row.previousSecret)],
          requireMessageAuthenticator: row.requireMessageAuthenticator,
          messageAuthenticatorSeen: row.messageAuthenticatorSeen,
          limitProxyState: row.limitProxyState,
          row,
        },
      ]),
    );
  }

  #keep({ password, ...access }: Credential): void {
    this.#forget(access.serviceId);
    if (access.closedAt !== null) return;
    const known: PolicyAccess = {
      ...access,
      password: this.#services.secrets.open(password, `access:${access.serviceId}`),
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

  #liveOf({ id, mac, updatedAt, nasId }: SessionState): LiveSession {
    const interval = this.#intervals.get(nasId) ?? 300;
    return { id, mac, updatedAt, staleAfterMilliseconds: loginStaleMilliseconds(interval) };
  }

  /** Follows the log; whatever breaks it, it loads everything anew and goes on. */
  async #follow(start: string, signal: AbortSignal): Promise<void> {
    const { events, logger } = this.#services;
    let cursor: string | null = start;
    while (!signal.aborted) {
      try {
        if (cursor === null) {
          cursor = await events.headCursor();
          await this.#load();
        }
        for await (const event of await events.subscribe({ after: cursor, types: relevant, signal })) {
          if (event.type === 'nas.updated') await this.#loadNases();
          else await this.refresh([event.subject]);
          cursor = event.cursor;
        }
        return;
      } catch (error) {
        if (signal.aborted) return;
        logger.warn({ error }, 'the login policy cannot follow the database; it answers with what it knows');
        cursor = null;
        await pause(retryMilliseconds, signal);
      }
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
