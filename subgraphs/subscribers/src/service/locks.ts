import type { TenantDatabase } from '@dotmac/migrations';
import { appendEvents } from '@dotmac/platform';
import type { LockReason, TenantEvents } from '@dotmac/schema';
import type { Transaction } from 'kysely';
import { addLock, locksOfServices, removeLock, type Service } from './store.ts';

export interface LockChange {
  readonly reason: LockReason;
  /** True to set the lock, false to lift it. */
  readonly locked: boolean;
  readonly because: string;
  readonly actor: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly traceId?: string;
}

/** Sets or lifts one reason's lock and tells the others; does nothing when it is already so. */
export async function changeLock(
  transaction: Transaction<TenantDatabase>,
  service: Service,
  change: LockChange,
): Promise<void> {
  const { reason, because, actor, at } = change;
  const changed = change.locked
    ? await addLock(transaction, {
        serviceId: service.id,
        reason,
        because,
        lockedAt: new Date(at),
        lockedBy: actor,
      })
    : await removeLock(transaction, service.id, reason);
  if (!changed) return;
  const locks = (await locksOfServices(transaction, [service.id])).map((lock) => lock.reason);
  await appendEvents<TenantEvents>(transaction, [
    {
      type: 'service.locks.changed',
      subject: service.id,
      payload: { serviceId: service.id, customerId: service.customerId, locks, because },
      occurredAt: at,
      actor,
      ...(change.traceId === undefined ? {} : { traceId: change.traceId }),
    },
  ]);
}
