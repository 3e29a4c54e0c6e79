import type { TenantDatabase } from '@dotmac/migrations';
import type { EventConsumer } from '@dotmac/platform';
import type { TenantEvents } from '@dotmac/schema';
import { lockedAccount } from '../account/store.ts';
import type { BillingServices } from '../builder.ts';
import { endAgreements } from '../dunning/terminate.ts';
import { lastVersionOn, versionOnSale } from '../plan-change/store.ts';
import { leaveContract, leavingFee } from './leave.ts';

/**
 * A service that ends within its term, or goes to a cheaper plan, costs what was agreed for that, on the next invoice;
 * with its end so do its instalments.
 */
export function contractConsumer(services: BillingServices): EventConsumer<TenantDatabase, TenantEvents> {
  return {
    name: 'billing.end-contracts',
    types: ['service.cancelled', 'service.plan.changed'],
    async handle(event, transaction) {
      if (event.type !== 'service.cancelled' && event.type !== 'service.plan.changed') return;
      const { serviceId, customerId, on } = event.payload;
      if ((await lockedAccount(transaction, customerId)) === null) return;
      if (event.type === 'service.plan.changed') {
        const { fromPlanId, planId } = event.payload;
        const from = await lastVersionOn(transaction, serviceId, fromPlanId);
        const to = await versionOnSale(transaction, planId, on);
        if (from === null || to === null) return;
        const leaving = await leavingFee(transaction, serviceId, from, to, on);
        if (leaving !== null) await leaveContract(transaction, services, leaving.contract, on);
        return;
      }
      await endAgreements(transaction, services, serviceId, on);
    },
  };
}
