import { ConflictError, type LockReason, ValidationError } from '@dotmac/schema';

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

export function stateOf(stored: StoredState, locks: readonly unknown[]): ServiceState {
  return stored === 'ACTIVE' && locks.length > 0 ? 'SUSPENDED' : stored;
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
