import { type Credential, credentials } from '../access/store.ts';
import type { NetworkServices } from '../builder.ts';
import { defaultGarden, type Garden } from '../garden/rules.ts';
import { garden } from '../garden/store.ts';
import type { Dictionaries } from '../radius-dictionary/dictionaries.ts';
import type { Realms } from '../realm/realms.ts';
import type { KnownServices } from '../session/record.ts';
import type { SessionState } from '../session/rules.ts';
import type { ServiceMove } from '../session/write.ts';
import { Turns } from '../turns.ts';
import { VoucherMemory } from '../voucher/memory.ts';
import { AccessTable } from './access-table.ts';
import { Follower } from './follower.ts';
import { Foretold, type Told } from './foretold.ts';
import { LiveSessions, loadLiveSessions } from './live-sessions.ts';
import type { LiveSession } from './login-facts.ts';
import type { NasMemory } from './nas-memory.ts';
import { type PolicyAccess, policyAccess } from './policy-access.ts';
import { Shared } from './shared.ts';
import { loginStaleMilliseconds } from './simultaneous-use.ts';

const pageSize = 1_000;

/**
 * NASes, credentials and live sessions in memory. Loaded in full at start, then kept fresh by the event log; when the
 * database is gone it stays what it was.
 */
export class LoginMemory implements KnownServices {
  readonly #services: NetworkServices;
  readonly nases: NasMemory;
  readonly #onSessions: (sessions: readonly SessionState[]) => void;
  readonly #realms: Realms | null;
  readonly #dictionaries: Dictionaries | null;
  readonly #shared = new Shared();
  readonly vouchers: VoucherMemory;
  readonly foretold = new Foretold();
  #accesses = new AccessTable();
  readonly #live = new LiveSessions();
  #garden = defaultGarden;
  readonly #accessTurns = new Turns();
  readonly #gardenTurns = new Turns();

  /** @param onSessions told of what changed when the memory knows it. */
  constructor(
    services: NetworkServices,
    nases: NasMemory,
    onSessions: (sessions: readonly SessionState[]) => void = () => {},
    realms: Realms | null = null,
    dictionaries: Dictionaries | null = null,
  ) {
    this.#realms = realms;
    this.#dictionaries = dictionaries;
    this.#services = services;
    this.vouchers = new VoucherMemory(services.database);
    this.nases = nases;
    this.#onSessions = onSessions;
  }

  /** Loads everything and follows the database until the signal aborts. Resolves when all is there. */
  start(signal: AbortSignal): Promise<void> {
    signal.addEventListener('abort', () => this.nases.close(), { once: true });
    return new Follower(this.#services, this).start(signal);
  }

  access(username: string): PolicyAccess | null {
    return this.#accesses.named(username);
  }

  /** The same by the octets of a packet. */
  accessNamed(octets: Uint8Array, start: number, end: number): PolicyAccess | null {
    return this.#accesses.find(octets, start, end);
  }

  /** Which refusals lead into the walled garden. */
  get garden(): Garden {
    return this.#garden;
  }

  /** The services that have terms. */
  withTerms(): Iterable<PolicyAccess> {
    return this.#accesses.withTerms();
  }

  accessOfService(serviceId: string): PolicyAccess | null {
    return this.#accesses.ofService(serviceId);
  }

  live(serviceId: string): readonly LiveSession[] {
    return this.#live.ofService(serviceId).map((session) => this.#liveOf(session));
  }

  serviceOf(username: string): string | null {
    return this.access(username)?.serviceId ?? null;
  }

  deviceOf(serviceId: string): string | null {
    return this.accessOfService(serviceId)?.deviceId ?? null;
  }

  liveSession(key: string): SessionState | null {
    return this.#live.ofKey(key);
  }

  liveSessionsOf(serviceId: string): readonly SessionState[] {
    return this.#live.ofService(serviceId);
  }

  staleAfterMilliseconds(nasId: string): number {
    return loginStaleMilliseconds(this.nases.row(nasId)?.interimIntervalSeconds ?? 300);
  }

  servicesMoved(moves: readonly ServiceMove[]): void {
    for (const { serviceId, deviceId } of moves) {
      const access = this.accessOfService(serviceId);
      if (access !== null) access.deviceId = deviceId;
    }
  }

  reloadGarden(): Promise<void> {
    return this.#gardenTurns.take(null, async () => {
      this.#garden = await garden(this.#services.database);
    });
  }

  async reloadRealms(): Promise<void> {
    await this.#realms?.load();
  }

  async reloadDictionaries(): Promise<void> {
    await this.#dictionaries?.load();
  }

  /** Reads some services anew. */
  refresh(serviceIds: readonly string[]): Promise<void> {
    if (serviceIds.length === 0) return Promise.resolve();
    return this.#accessTurns.take(null, () => this.#read(serviceIds));
  }

  async #read(serviceIds: readonly string[]): Promise<void> {
    const rows = await credentials(this.#services.database, { serviceIds });
    for (const id of serviceIds) this.#accesses.forget(id);
    const open = new Set(rows.flatMap((row) => (this.#take(row, this.#accesses) ? row.serviceId : [])));
    for (const id of serviceIds) if (!open.has(id)) this.foretold.gone(id);
  }

  /** @returns whether the row is one of an open service. */
  #take(row: Credential, accesses: AccessTable): boolean {
    const access = policyAccess(row, this.#services, this.#shared, this.#garden);
    if (access === null) return false;
    const held = this.foretold.read(access, this.#garden, performance.now());
    if (held !== null) accesses.add(held);
    return true;
  }

  /** Takes over what a COMMIT told of a service, whether or not its row can be read. */
  tell(serviceId: string, told: Told): void {
    this.foretold.tell(serviceId, told);
    this.#apply(serviceId);
  }

  #apply(serviceId: string): void {
    const access = this.#accesses.ofService(serviceId);
    if (access === null) return;
    this.#accesses.forget(serviceId);
    const held = this.foretold.applied(access, this.#garden);
    if (held !== null) this.#accesses.add(held);
  }

  /** Told by accounting after its commit. */
  sessionsChanged(sessions: readonly SessionState[]): void {
    for (const session of sessions) this.#live.take(session);
    this.#onSessions(sessions);
  }

  forgetSessions(keys: readonly string[]): void {
    for (const key of keys) this.#live.forget(key);
  }

  /** Reads everything, then takes it over at once: half a load must not refuse the other half. One at a time. */
  async load(): Promise<void> {
    this.foretold.begin();
    // Accounting goes on meanwhile, such as with what was spooled in an outage.
    this.#live.begin();
    await this.nases.load();
    await this.reloadGarden();
    await this.vouchers.load();
    await this.reloadRealms();
    await this.reloadDictionaries();
    const accesses = await this.#loadAccesses();
    const live = await loadLiveSessions(this.#services.database, this.#shared, accesses);
    this.#accesses = accesses;
    // What was told while it was being read.
    for (const serviceId of this.foretold.waiting()) this.#apply(serviceId);
    this.#onSessions(this.#live.replace(live));
  }

  /** Page by page into what is kept: all rows at once would need twice the memory. */
  async #loadAccesses(): Promise<AccessTable> {
    const accesses = new AccessTable();
    for (let after = ''; ; ) {
      const page = await credentials(this.#services.database, { after, limit: pageSize });
      for (const row of page) this.#take(row, accesses);
      if (page.length < pageSize) return accesses;
      after = page.at(-1)?.serviceId ?? '';
    }
  }

  #liveOf({ id, mac, startedAt, updatedAt, nasId }: SessionState): LiveSession {
    return { id, mac, startedAt, updatedAt, staleAfterMilliseconds: this.staleAfterMilliseconds(nasId) };
  }
}
