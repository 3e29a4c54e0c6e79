import type { TenantDatabase } from '@dotmac/migrations';
import { appendEvents } from '@dotmac/platform';
import type { TenantEvents } from '@dotmac/schema';
import type { Transaction } from 'kysely';
import { type Service, updateService } from './store.ts';

/** Ends a service on a local day (ISO), which is not billed, and tells the others. The caller holds its row. */
export async function cancelService(
  transaction: Transaction<TenantDatabase>,
  { id, customerId }: Service,
  on: string,
  told: { readonly occurredAt: number; readonly actor: string; readonly traceId?: string },
): Promise<Service> {
  await appendEvents<TenantEvents>(transaction, [
    { type: 'service.cancelled', subject: id, payload: { serviceId: id, customerId, on }, ...told },
  ]);
  return updateService(transaction, id, { state: 'CANCELLED', cancelledOn: on });
}
