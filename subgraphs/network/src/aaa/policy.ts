import { randomBytes } from 'node:crypto';
import type { Clock } from '@dotmac/platform';
import type {
  AccessDecision,
  AccessRequestView,
  Attribute,
  Nas as RadiusNas,
  RadiusPolicy,
} from '@dotmac/radius';
import type { TenantEvents } from '@dotmac/schema';
import { deviceModeOf, shapingOf } from '../access/rules.ts';
import { type Credential, credentials, passwordPurpose } from '../access/store.ts';
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
  /** Replies by vendor profile, made when first needed. */
  readonly replies: Map<string, readonly Attribute[]>;
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
  readonly #sessionClock: Clock;
  readonly #rejections: Rejections;
  #nases = new Map<string, PolicyNas>();
  #nasRows = new Map<string, Nas>();
  #byUsername = new Map<string, PolicyAccess>();
  #byService = new Map<string, PolicyAccess>();
  #live = new Map<string, Map<string, LiveSession>>();

  constructor(services: NetworkServices, radius: RadiusPort, sessionClock: Clock) {
    this.#services = services;
    this.#sessionClock = sessionClock;
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

  /** The device that a NAS is. */
  deviceOfNas(nasId: string): string | null {
    return this.#nasRows.get(nasId)?.deviceId ?? null;
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
      now: this.#sessionClock.now(),
      nas: nas.row,
      live: live === undefined ? [] : [...live.values()],
    };
  }

  #accept({ row: nas }: PolicyNas, access: PolicyAccess): AccessDecision {
    const reply = this.#replyOf(nas, access);
    if (reply === null) return { kind: 'REJECT', reason: 'REPLY_IMPOSSIBLE' };
    const interval = jitteredInterval(nas.interimIntervalSeconds, Math.random());
    const attributes: Attribute[] = [
      ...(access.address === null ? [] : [{ name: 'Framed-IP-Address', value: access.address }]),
      { name: 'Acct-Interim-Interval', value: interval },
      { name: 'Class', value: sessionToken(access.serviceId, randomBytes(8).toString('hex')) },
      ...reply,
    ];
    return { kind: 'ACCEPT', attributes };
  }

  /** The vendor's attributes, kept until the access changes; null when the profile cannot express it. */
  #replyOf({ vendorProfile, name }: Nas, access: PolicyAccess): readonly Attribute[] | null {
    const kept = access.replies.get(vendorProfile);
    if (kept !== undefined) return kept;
    const mode = deviceModeOf(access.mode);
    if (access.shaping === null || mode === 'blocked') return null;
    try {
      const vendor = vendorProfile as Parameters<RadiusPort['accessReplyAttributes']>[0];
      const reply = this.#radius.accessReplyAttributes(vendor, shapingOf(access.shaping), mode);
      access.replies.set(vendorProfile, reply);
      return reply;
    } catch (error) {
      // On the packet path: one speed that a vendor cannot express must not stop the others' logins.
      const { serviceId } = access;
      this.#services.logger.error({ error, serviceId, nas: name }, 'no reply can be made for a login');
      return null;
    }
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
    const { database } = this.#services;
    const rows = await allNases(database);
    const nases = new Map<string, PolicyNas>();
    for (const row of rows) {
      const [current, previous] = [row.secret, row.previousSecret].map((sealed) => {
        const opened = sealed === null ? null : this.#open(sealed, secretPurpose(row.id));
        return opened === null ? null : this.#radius.sharedSecret(opened);
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
    const known: PolicyAccess = { ...access, password: opened, replies: new Map() };
    this.#byService.set(access.serviceId, known);
    this.#byUsername.set(access.username, known);
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

  #forget(serviceId: string): void {
    const known = this.#byService.get(serviceId);
    if (known === undefined) return;
    this.#byService.delete(serviceId);
    this.#byUsername.delete(known.username);
  }

  #liveOf({ id, mac, updatedAt, nasId }: SessionState): LiveSession {
    const interval = this.#nasRows.get(nasId)?.interimIntervalSeconds ?? 300;
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
