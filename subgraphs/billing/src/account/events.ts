import type { TenantDatabase } from '@dotmac/migrations';
import type { EventConsumer } from '@dotmac/platform';
import type { TenantEvents } from '@dotmac/schema';
import type { BillingServices } from '../builder.ts';
import { upsertAccount } from './store.ts';

/** Every customer has an account from the start, in the currency of the tenant's books. */
export function accountConsumer({
  tenant,
  clock,
}: BillingServices): EventConsumer<TenantDatabase, TenantEvents> {
  return {
    name: 'billing.account-per-customer',
    types: ['customer.created', 'customer.updated'],
    async handle(event, transaction) {
      if (event.type !== 'customer.created' && event.type !== 'customer.updated') return;
      await upsertAccount(transaction, {
        ...event.payload,
        currency: tenant?.currency ?? 'USD',
        openedAt: new Date(clock.now()),
      });
    },
  };
}
