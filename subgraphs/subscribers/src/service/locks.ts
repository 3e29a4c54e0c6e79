import type { TenantDatabase } from '@dotmac/migrations';
import { appendEvents } from '@dotmac/platform';
import type { LockReason, ShapingPayload, TenantEvents } from '@dotmac/schema';
import type { Transaction } from 'kysely';
import { closing, slowedBy } from './rules.ts';
import { addLock, locksOfServices, removeLock, type Service } from './store.ts';

export interface LockChange {
  readonly reason: LockReason;
  /** True to set the lock, false to lift it. */
  readonly locked: boolean;
  /** Leaves the service open at no more than this, instead of closing it. */
  readonly slowTo?: ShapingPayload;
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
        slowTo: change.slowTo ?? null,
      })
    : await removeLock(transaction, service.id, reason);
  if (!changed) return;
  const standing = await locksOfServices(transaction, [service.id]);
  const locks = closing(standing).map((lock) => lock.reason);
  const slowed = slowedBy(standing);
  await appendEvents<TenantEvents>(transaction, [
    {
      type: 'service.locks.changed',
      subject: service.id,
      payload: { serviceId: service.id, customerId: service.customerId, locks, slowed, because },
      occurredAt: at,
      actor,
      ...(change.traceId === undefined ? {} : { traceId: change.traceId }),
    },
  ]);
}
