/** Why access is locked. Each reason has its own lifter; service opens when no lock remains. */
type LockReason = 'billing' | 'abuse' | 'technical' | 'customerRequest' | 'legal';

/** Who asks for a lock to be lifted. */
export type Lifter = 'payment' | 'abuseDesk' | 'operations' | 'customer' | 'legal';

export interface Lock {
  readonly reason: LockReason;
  /** What raised it: a dunning cycle, a ticket, an order. */
  readonly reference: string;
}

const LIFTERS: Readonly<Record<LockReason, Lifter>> = {
  billing: 'payment',
  abuse: 'abuseDesk',
  technical: 'operations',
  customerRequest: 'customer',
  legal: 'legal',
};

/** The locks that remain after a lifter acts: it lifts its own reason only. */
export function lift(locks: readonly Lock[], lifter: Lifter): Lock[] {
  return locks.filter((lock) => LIFTERS[lock.reason] !== lifter);
}

/** Adds a lock once per reason and reference. */
export function raise(locks: readonly Lock[], lock: Lock): Lock[] {
  const present = locks.some((one) => one.reason === lock.reason && one.reference === lock.reference);
  return present ? [...locks] : [...locks, lock];
}

/** What the network should give: a billing lock degrades to the walled garden, any other closes, none opens. */
export function desiredAccess(locks: readonly Lock[]): 'open' | 'walledGarden' | 'closed' {
  if (locks.length === 0) return 'open';
  return locks.every((lock) => lock.reason === 'billing') ? 'walledGarden' : 'closed';
}
