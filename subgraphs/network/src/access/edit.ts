import type { TenantDatabase } from '@dotmac/migrations';
import { appendEvents } from '@dotmac/platform';
import { ConflictError, NotFoundError, type TenantEvents } from '@dotmac/schema';
import type { Transaction } from 'kysely';
import { type Access, lockedAccess } from './store.ts';

/** An access that somebody may still change. @throws NotFoundError, ConflictError `SERVICE_CANCELLED` */
export function checkOpen(access: Access | null, serviceId: string): Access {
  if (access === null) throw new NotFoundError('Service', serviceId);
  if (access.closedAt !== null) throw new ConflictError('SERVICE_CANCELLED', 'The service is cancelled');
  return access;
}

/** The access of a service, locked until the transaction ends. @throws as `checkOpen` */
export async function openAccess(
  transaction: Transaction<TenantDatabase>,
  serviceId: string,
): Promise<Access> {
  return checkOpen(await lockedAccess(transaction, serviceId), serviceId);
}

/** Tells that something about how these services are let in is different now. */
export async function tellAccessUpdated(
  transaction: Transaction<TenantDatabase>,
  serviceIds: readonly string[],
  by: { readonly occurredAt: number; readonly actor: string; readonly traceId?: string },
): Promise<void> {
  await appendEvents<TenantEvents>(
    transaction,
    serviceIds.map((serviceId) => ({
      type: 'access.updated',
      subject: serviceId,
      payload: { serviceId },
      ...by,
    })),
  );
}
