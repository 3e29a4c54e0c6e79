import type { LockReason } from '@dotmac/schema';
import { accessModes, desiredMode } from '../access/rules.ts';
import type { Garden } from '../garden/rules.ts';
import type { PolicyAccess } from './policy-access.ts';

/** What a COMMIT tells of a service before its row says so; of what is absent nothing was told. */
export interface Told {
  readonly locks?: readonly LockReason[];
  readonly capBlocked?: boolean;
  readonly closed?: boolean;
  /** Open. */
  readonly password?: string;
}

/** Rows that say otherwise for so long are believed: what was told is overtaken, or will not come to pass. */
export const patienceMilliseconds = 10_000;

/**
 * A notice of the triggers on `events.event` and on `network.access`.
 * @param open a sealed password of a service; null when it does not open: then nothing is told, and its row decides.
 */
export function toldBy(
  notice: string,
  open: (serviceId: string, sealed: Uint8Array) => string | null,
): { readonly serviceId: string; readonly told: Told } {
  const { type, serviceId, locks, state, password } = JSON.parse(notice) as {
    type: string;
    serviceId: string;
    locks?: LockReason[] | null;
    state?: string | null;
    password?: string;
  };
  if (type === 'access.password') {
    const opened = open(serviceId, Buffer.from(password ?? '', 'base64'));
    return { serviceId, told: opened === null ? {} : { password: opened } };
  }
  if (type === 'service.cancelled') return { serviceId, told: { closed: true } };
  if (type === 'service.locks.changed') return { serviceId, told: { locks: locks ?? [] } };
  return { serviceId, told: { capBlocked: state === 'BLOCKED' } };
}

/**
 * What was committed and is not in the rows of the network yet. It holds until the row says the same, so that no row read
 * meanwhile, and no end of the database, admits who was suspended or refuses who was let in again.
 */
export class Foretold {
  readonly #told = new Map<string, { readonly told: Told; disagreedAt: number | null }>();

  tell(serviceId: string, told: Told): void {
    const before = this.#told.get(serviceId)?.told;
    this.#told.set(serviceId, { told: { ...before, ...told }, disagreedAt: null });
  }

  /** The services whose rows have not followed yet. */
  waiting(): string[] {
    return [...this.#told.keys()];
  }

  /** After an outage rows have their time to follow once more. */
  begin(): void {
    for (const one of this.#told.values()) one.disagreedAt = null;
  }

  /** A service as it is told, null when it is closed. */
  applied(access: PolicyAccess, garden: Garden): PolicyAccess | null {
    const told = this.#told.get(access.serviceId)?.told;
    if (told === undefined) return access;
    if (told.closed === true) return null;
    const { locks = access.locks, capBlocked = access.capBlocked, password = access.password } = told;
    const mode = desiredMode(locks, { capBlocked, garden });
    return {
      ...access,
      password,
      locks: [...locks],
      capBlocked,
      mode: accessModes.find((one) => one === mode) ?? mode,
    };
  }

  /**
   * A row was read. @param now of a clock that only goes on, milliseconds. @returns what holds of it.
   */
  read(access: PolicyAccess, garden: Garden, now: number): PolicyAccess | null {
    const known = this.#told.get(access.serviceId);
    if (known === undefined) return access;
    known.disagreedAt ??= now;
    if (agrees(access, known.told) || now - known.disagreedAt > patienceMilliseconds) {
      this.#told.delete(access.serviceId);
      return access;
    }
    return this.applied(access, garden);
  }

  /** A service has no open row: what was told of it is of no use. */
  gone(serviceId: string): void {
    this.#told.delete(serviceId);
  }
}

function agrees(access: PolicyAccess, { locks, capBlocked, closed, password }: Told): boolean {
  if (closed === true) return false;
  const sameLocks =
    locks === undefined ||
    (locks.length === access.locks.length && locks.every((lock) => access.locks.includes(lock)));
  const samePassword = password === undefined || password === access.password;
  return samePassword && sameLocks && (capBlocked === undefined || capBlocked === access.capBlocked);
}
