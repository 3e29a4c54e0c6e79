import type { TenantDatabase } from '@dotmac/migrations';
import type { Executor } from '@dotmac/platform';
import type { SessionState } from '../session/rules.ts';
import { keyText, liveSessionsAfter } from '../session/store.ts';
import type { AccessTable } from './access-table.ts';
import type { Shared } from './shared.ts';

const none: readonly never[] = [];
const pageSize = 1_000;

/** The live sessions, by key and by service. Lists that were given out are never changed. */
export class LiveSessions {
  readonly #byKey = new Map<string, SessionState>();
  /** Nearly every service has one: of a hundred thousand, lists of one would be megabytes. */
  readonly #byService = new Map<string, SessionState | readonly SessionState[]>();
  /** What was told since `begin`. */
  #meanwhile: (() => void)[] | null = null;

  /** By `keyText`; null when none is live. */
  ofKey(key: string): SessionState | null {
    return this.#byKey.get(key) ?? null;
  }

  /** The one heard of last comes last. */
  ofService(serviceId: string): readonly SessionState[] {
    const live = this.#byService.get(serviceId);
    if (live === undefined) return none;
    return isOne(live) ? [live] : live;
  }

  /** All of them are being read: what is told from here on is newer than what `replace` is given. */
  begin(): void {
    this.#meanwhile = [];
  }

  /** Takes over what was read since `begin`. @returns those of it that nothing newer was told of. */
  replace(read: readonly SessionState[]): SessionState[] {
    const newer = this.#meanwhile ?? [];
    this.#meanwhile = null;
    this.#byKey.clear();
    this.#byService.clear();
    for (const session of read) this.#take(session);
    for (const tell of newer) tell();
    return read.filter((session) => this.#byKey.get(keyText(session)) === session);
  }

  /** Takes a session over as it is now: kept while it is live, dropped when it has ended. */
  take(session: SessionState): void {
    this.#take(session);
    this.#meanwhile?.push(() => this.#take(session));
  }

  #take(session: SessionState): void {
    const key = keyText(session);
    if (session.stoppedAt === null) {
      this.#byKey.set(key, session);
      this.#keep(session);
    } else {
      if (this.#byKey.get(key)?.id === session.id) this.#byKey.delete(key);
      this.#drop(session);
    }
  }

  forget(key: string): void {
    this.#forget(key);
    this.#meanwhile?.push(() => this.#forget(key));
  }

  #forget(key: string): void {
    const session = this.#byKey.get(key);
    if (session === undefined) return;
    this.#byKey.delete(key);
    this.#drop(session);
  }

  #keep(session: SessionState): void {
    const { serviceId, id } = session;
    if (serviceId === null) return;
    const live = this.#byService.get(serviceId);
    if (live === undefined || (isOne(live) && live.id === id)) this.#byService.set(serviceId, session);
    else
      this.#byService.set(serviceId, [...this.ofService(serviceId).filter((one) => one.id !== id), session]);
  }

  #drop({ serviceId, id }: SessionState): void {
    if (serviceId === null) return;
    const left = this.ofService(serviceId).filter((one) => one.id !== id);
    const [first] = left;
    if (first === undefined) this.#byService.delete(serviceId);
    else this.#byService.set(serviceId, left.length === 1 ? first : left);
  }
}

function isOne(live: SessionState | readonly SessionState[]): live is SessionState {
  return !Array.isArray(live);
}

/** All live sessions, on the texts that the memory keeps already. */
export async function loadLiveSessions(
  database: Executor<TenantDatabase>,
  shared: Shared,
  accesses: AccessTable,
): Promise<SessionState[]> {
  const live: SessionState[] = [];
  for (let after: SessionState | null = null; ; ) {
    const page = await liveSessionsAfter(database, after, pageSize);
    for (const session of page) live.push(sharing(session, shared, accesses));
    if (page.length < pageSize) return live;
    after = page.at(-1) ?? null;
  }
}

function sharing(session: SessionState, shared: Shared, accesses: AccessTable): SessionState {
  const { nasId, deviceId, serviceId, username } = session;
  const access = serviceId === null ? null : accesses.ofService(serviceId);
  return {
    ...session,
    nasId: shared.text(nasId),
    deviceId: deviceId === null ? null : shared.text(deviceId),
    serviceId: access?.serviceId ?? serviceId,
    username: access?.username === username ? access.username : username,
  };
}
