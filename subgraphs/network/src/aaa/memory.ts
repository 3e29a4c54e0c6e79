import { pause } from '@dotmac/platform';
import type { Nas as RadiusNas } from '@dotmac/radius';
import type { TenantEvents } from '@dotmac/schema';
import { accessModes, desiredMode } from '../access/rules.ts';
import { type Credential, credentials, passwordPurpose } from '../access/store.ts';
import type { NetworkServices } from '../builder.ts';
import { defaultGarden, type Garden } from '../garden/rules.ts';
import { garden } from '../garden/store.ts';
import { allNases, type Nas, secretPurpose } from '../nas/store.ts';
import type { Realms } from '../realm/realms.ts';
import type { KnownServices } from '../session/record.ts';
import type { SessionState } from '../session/rules.ts';
import { liveSessionsAfter } from '../session/store.ts';
import type { ServiceMove } from '../session/write.ts';
import { VoucherMemory } from '../voucher/memory.ts';
import { voucherOf } from '../voucher/rules.ts';
import { LiveSessions } from './live-sessions.ts';
import { NameIndex } from './name-index.ts';
import type { RadiusPort } from './port.ts';
import { type LiveSession, loginStaleMilliseconds } from './rules.ts';
import { Shared } from './shared.ts';

/** A NAS as the policy holds it: what the server needs, and what replies depend on. */
export interface PolicyNas extends RadiusNas {
  readonly row: Nas;
}

/** What a login needs of a service, its password open. */
export interface PolicyAccess extends Omit<Credential, 'password' | 'deviceId' | NotNeeded> {
  readonly password: string;
  deviceId: string | null;
  /** What it has for good, encoded; undefined until it is needed. */
  own: Uint8Array | null | undefined;
}

/** Of a hundred thousand subscribers every field counts. */
type NotNeeded =
  | 'customerId'
  | 'planId'
  | 'planShaping'
  | 'overrideUntil'
  | 'createdAt'
  | 'readyAt'
  | 'closedAt';

/** Of the trigger on `network.access`; its payload is the service. */
const changedChannel = 'dotmac_access';
const pageSize = 1_000;
const retryMilliseconds = 500;
/** What this memory depends on. */
const relevant = [
  'access.ready',
  'access.updated',
  'access.mac.learnt',
  'access.change.progressed',
  'nas.updated',
  'garden.rule.updated',
  'realm.updated',
  'voucher.issued',
  'voucher.redeemed',
  'voucher.revoked',
  'voucher.used',
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
  #byUsername = new NameIndex<PolicyAccess>();
  #byService = new Map<string, PolicyAccess>();
  #live = new LiveSessions();
  readonly #withTerms = new Map<string, PolicyAccess>();
  readonly vouchers: VoucherMemory;
  readonly #realms: Realms | null;
  #garden = defaultGarden;
  readonly #shared = new Shared();
  /** Services that events told of and that are not read anew yet. */
  readonly #outdated = new Set<string>();
  #catchingUp = false;
  /** Ends the round of following under way when what it learnt cannot be read. */
  #round = new AbortController();

  /** @param onSessions told of what changed when the memory knows it. */
  constructor(
    services: NetworkServices,
    sharedSecret: RadiusPort['sharedSecret'],
    onSessions: (sessions: readonly SessionState[]) => void = () => {},
    realms: Realms | null = null,
  ) {
    this.#realms = realms;
    this.#services = services;
    this.vouchers = new VoucherMemory(services.database);
    this.#sharedSecret = sharedSecret;
    this.#onSessions = onSessions;
  }

  /** Loads everything and follows the event log until the signal aborts. Resolves when all is there. */
  async start(signal: AbortSignal): Promise<void> {
    const cursor = await this.#services.events.headCursor();
    await this.#load();
    // Sooner than the event that follows, which is there for what is missed here.
    await this.#services.events.hear(changedChannel, (serviceId) => this.#outdate(serviceId));
    void this.#follow(cursor, signal);
  }

  nasAt(sourceAddress: string): PolicyNas | null {
    return this.#nases.get(sourceAddress) ?? null;
  }

  nas(id: string): Nas | null {
    return this.#nasRows.get(id) ?? null;
  }

  access(username: string): PolicyAccess | null {
    return this.#byUsername.get(username);
  }

  /** The same by the octets of a packet. */
  accessNamed(octets: Uint8Array, start: number, end: number): PolicyAccess | null {
    return this.#byUsername.find(octets, start, end);
  }

  /** Which refusals lead into the walled garden. */
  get garden(): Garden {
    return this.#garden;
  }

  /** The services that have terms. */
  withTerms(): Iterable<PolicyAccess> {
    return this.#withTerms.values();
  }

  accessOfService(serviceId: string): PolicyAccess | null {
    return this.#byService.get(serviceId) ?? null;
  }

  live(serviceId: string): readonly LiveSession[] {
    return this.#live.ofService(serviceId).map((session) => this.#liveOf(session));
  }

  serviceOf(username: string): string | null {
    return this.#byUsername.get(username)?.serviceId ?? null;
  }

  deviceOf(serviceId: string): string | null {
    return this.#byService.get(serviceId)?.deviceId ?? null;
  }

  liveSession(key: string): SessionState | null {
    return this.#live.ofKey(key);
  }

  liveSessionsOf(serviceId: string): readonly SessionState[] {
    return this.#live.ofService(serviceId);
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

  async reloadGarden(): Promise<void> {
    this.#garden = await garden(this.#services.database);
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
    for (const session of sessions) this.#live.take(session);
    this.#onSessions(sessions);
  }

  forgetSessions(keys: readonly string[]): void {
    for (const key of keys) this.#live.forget(key);
  }

  /** Reads everything, then takes it over at once: half a load must not refuse the other half. */
  async #load(): Promise<void> {
    const { database } = this.#services;
    await this.#loadNases();
    this.#garden = await garden(database);
    await this.vouchers.load();
    await this.#realms?.load();
    const byUsername = new NameIndex<PolicyAccess>();
    const byService = new Map<string, PolicyAccess>();
    // Page by page into what is kept: all rows at once would need twice the memory.
    for (let after = ''; ; ) {
      const page = await credentials(database, { after, limit: pageSize });
      for (const row of page) {
        const access = this.#accessOf(row);
        if (access === null) continue;
        byService.set(access.serviceId, access);
        byUsername.set(access);
      }
      if (page.length < pageSize) break;
      after = page.at(-1)?.serviceId ?? '';
    }
    const live: SessionState[] = [];
    for (let after: SessionState | null = null; ; ) {
      const page = await liveSessionsAfter(database, after, pageSize);
      for (const session of page) live.push(this.#sharing(session, byService));
      if (page.length < pageSize) break;
      after = page.at(-1) ?? null;
    }
    this.#byUsername = byUsername;
    this.#byService = byService;
    this.#withTerms.clear();
    for (const access of byService.values())
      if (access.terms !== null) this.#withTerms.set(access.serviceId, access);
    this.#live = new LiveSessions();
    this.sessionsChanged(live);
  }

  /** The same session on the texts that are kept already. */
  #sharing(session: SessionState, byService: ReadonlyMap<string, PolicyAccess>): SessionState {
    const { nasId, deviceId, serviceId, username } = session;
    const access = serviceId === null ? undefined : byService.get(serviceId);
    return {
      ...session,
      nasId: this.#shared.text(nasId),
      deviceId: deviceId === null ? null : this.#shared.text(deviceId),
      serviceId: access?.serviceId ?? serviceId,
      username: access?.username === username ? access.username : username,
    };
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

  #keep(row: Credential): void {
    this.#forget(row.serviceId);
    const access = this.#accessOf(row);
    if (access === null) return;
    this.#byService.set(access.serviceId, access);
    this.#byUsername.set(access);
    if (access.terms !== null) this.#withTerms.set(access.serviceId, access);
  }

  /** Null for one that is closed, or whose password does not open. */
  #accessOf(row: Credential): PolicyAccess | null {
    if (row.closedAt !== null) return null;
    const opened = this.#open(row.password, passwordPurpose(row.serviceId));
    if (opened === null) return null;
    const { deviceId } = row;
    return {
      serviceId: row.serviceId,
      username: row.username,
      password: opened,
      // One text per mode, not one per row: the packet path compares them by identity then.
      // Terms are judged at the login, so that a row that is a moment behind decides nothing.
      mode:
        accessModes.find(
          (one) => one === (row.termsEnded === null ? row.mode : this.#modeWithoutTerms(row)),
        ) ?? row.mode,
      locks: this.#shared.object(row.locks),
      shaping: this.#shared.object(row.shaping),
      throttle: this.#shared.object(row.throttle),
      override: this.#shared.object(row.override),
      capBlocked: row.capBlocked,
      address: row.address,
      poolId: row.poolId === null ? null : this.#shared.text(row.poolId),
      staticIpv6Prefix: row.staticIpv6Prefix,
      staticDelegatedPrefix: row.staticDelegatedPrefix,
      simultaneousSessions: row.simultaneousSessions,
      limits: row.limits,
      terms: this.#shared.object(row.terms),
      termsEnded: row.termsEnded,
      deviceId: deviceId === null ? null : this.#shared.text(deviceId),
      own: undefined,
    };
  }

  #modeWithoutTerms({ locks, capBlocked }: Credential) {
    return desiredMode(locks, { capBlocked, garden: this.#garden });
  }

  #forget(serviceId: string): void {
    const known = this.#byService.get(serviceId);
    if (known === undefined) return;
    this.#byService.delete(serviceId);
    this.#withTerms.delete(serviceId);
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

  #liveOf({ id, mac, startedAt, updatedAt, nasId }: SessionState): LiveSession {
    return { id, mac, startedAt, updatedAt, staleAfterMilliseconds: this.staleAfterMilliseconds(nasId) };
  }

  /** Follows the log; whatever breaks it, everything is loaded anew and it goes on. */
  async #follow(start: string, signal: AbortSignal): Promise<void> {
    const { events, logger } = this.#services;
    let cursor: string | null = start;
    while (!signal.aborted) {
      const round = new AbortController();
      this.#round = round;
      try {
        if (cursor === null) {
          cursor = await events.headCursor();
          await this.#load();
        }
        const both = AbortSignal.any([signal, round.signal]);
        for await (const event of await events.subscribe({ after: cursor, types: relevant, signal: both })) {
          if (event.type === 'nas.updated') await this.#loadNases();
          else if (event.type === 'garden.rule.updated') await this.reloadGarden();
          else if (event.type === 'realm.updated') await this.#realms?.load();
          else if (event.type === 'voucher.issued') this.vouchers.add(voucherOf(event.payload));
          else if (event.type === 'voucher.redeemed' || event.type === 'voucher.revoked')
            this.vouchers.drop(event.payload.voucherId);
          else {
            if (event.type === 'voucher.used') this.vouchers.used(event.subject);
            this.#outdate(event.subject);
          }
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
  #outdate(serviceId: string): void {
    this.#outdated.add(serviceId);
    if (this.#catchingUp) return;
    this.#catchingUp = true;
    this.#catchUp()
      .catch((error: unknown) => this.#round.abort(error))
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
