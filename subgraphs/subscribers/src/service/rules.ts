import {
  ConflictError,
  type LockReason,
  type ShapingPayload,
  type SlowedPayload,
  ValidationError,
} from '@dotmac/schema';

export const serviceStates = ['ORDERED', 'ACTIVE', 'SUSPENDED', 'CANCELLED'] as const;
/** As people see it: `SUSPENDED` is an active service with a lock. */
export type ServiceState = (typeof serviceStates)[number];

export const lockReasons = [
  'BILLING',
  'ABUSE',
  'TECHNICAL',
  'CUSTOMER_REQUEST',
  'LEGAL',
] as const satisfies readonly LockReason[];

/** What is stored, without what follows from the locks. */
export type StoredState = Exclude<ServiceState, 'SUSPENDED'>;

interface Lock {
  readonly reason: LockReason;
  readonly because: string;
  /** Null: it closes the service. */
  readonly slowTo: ShapingPayload | null;
}

/** The locks that close a service; the others slow it down. */
export function closing<L extends Pick<Lock, 'slowTo'>>(locks: readonly L[]): L[] {
  return locks.filter(({ slowTo }) => slowTo === null);
}

/** What the lock that only slows down leaves, if there is one. */
export function slowedBy(locks: readonly Lock[]): SlowedPayload | null {
  for (const { reason, because, slowTo } of locks)
    if (slowTo !== null) return { reason, because, to: slowTo };
  return null;
}

export function stateOf(stored: StoredState, locks: readonly Pick<Lock, 'slowTo'>[]): ServiceState {
  return stored === 'ACTIVE' && closing(locks).length > 0 ? 'SUSPENDED' : stored;
}

/** A billing lock belongs to billing: it is set by dunning and lifted by payment, never by hand. */
export function checkManualLock(reason: LockReason): void {
  if (reason === 'BILLING') {
    throw new ValidationError(
      'input.reason',
      'A BILLING lock is set by dunning and lifted by payment, not by hand',
    );
  }
}

/** @throws ConflictError when a service in this state cannot change its plan or locks. */
export function checkLive(state: StoredState): void {
  if (state === 'CANCELLED') throw new ConflictError('SERVICE_CANCELLED', 'The service is cancelled');
}

/**
 * A login name as typed, or null for one to be made.
 * @throws ValidationError unless it is 1 to 64 characters without blanks.
 */
export function normaliseUsername(username: string | null | undefined): string | null {
  const tidy = username?.trim().toLowerCase() || null;
  if (tidy !== null && !/^[^\s/]{1,64}$/.test(tidy)) {
    throw new ValidationError(
      'input.username',
      'A login name has 1 to 64 characters without blanks or slashes',
    );
  }
  return tidy;
}
