import type { TenantDatabase } from '@dotmac/migrations';
import { appendEvents, type EventConsumer, localDateAt } from '@dotmac/platform';
import type { TenantEvents } from '@dotmac/schema';
import type { SubscribersServices } from '../builder.ts';
import { cancelService } from './cancel.ts';
import { changeLock } from './locks.ts';
import {
  lockedBillingLock,
  lockedService,
  replaceBillingLock,
  servicesOfCustomers,
  updateService,
} from './store.ts';

type Consumer = EventConsumer<TenantDatabase, TenantEvents>;

/** What services do when the network or billing has something to say. */
export function serviceConsumers(services: SubscribersServices): Consumer[] {
  return [
    activateWhenReady(services),
    lockForBilling(services),
    endForBilling(services),
    lockForHold(services),
    changeOrderedPlan(services),
  ];
}

/** A service is active, and billed, from the local day on which its access was confirmed. */
function activateWhenReady({ clock, tenant }: SubscribersServices): Consumer {
  return {
    name: 'subscribers.activate-when-ready',
    types: ['access.ready'],
    async handle(event, transaction) {
      if (event.type !== 'access.ready') return;
      const service = await lockedService(transaction, event.payload.serviceId);
      if (service === null || service.state !== 'ORDERED') return;
      const now = clock.now();
      const on = localDateAt(now, tenant?.timeZone ?? 'UTC');
      await updateService(transaction, service.id, { state: 'ACTIVE', activatedOn: on });
      await appendEvents<TenantEvents>(transaction, [
        {
          type: 'service.activated',
          subject: service.id,
          payload: { serviceId: service.id, customerId: service.customerId, planId: service.planId, on },
          occurredAt: now,
          actor: event.actor,
        },
      ]);
    },
  };
}

function lockForBilling({ clock }: SubscribersServices): Consumer {
  return {
    name: 'subscribers.lock-for-billing',
    types: ['billing.lock.requested', 'billing.slow.requested', 'billing.lock.lifted'],
    async handle(event, transaction) {
      const { type } = event;
      if (
        type !== 'billing.lock.requested' &&
        type !== 'billing.slow.requested' &&
        type !== 'billing.lock.lifted'
      )
        return;
      const { customerId, because } = event.payload;
      const locked = type !== 'billing.lock.lifted';
      const slowTo = type === 'billing.slow.requested' ? event.payload.to : null;
      const at = clock.now();
      await lockedBillingLock(transaction, customerId);
      const lock = { because, slowTo, lockedAt: new Date(at), lockedBy: event.actor };
      await replaceBillingLock(transaction, customerId, locked ? lock : null);
      for (const { id, state } of await servicesOfCustomers(transaction, [customerId])) {
        if (state === 'CANCELLED') continue;
        const service = await lockedService(transaction, id);
        if (service === null) continue;
        await changeLock(transaction, service, {
          reason: 'BILLING',
          locked,
          ...(slowTo === null ? {} : { slowTo }),
          because,
          actor: event.actor,
          at,
        });
      }
    },
  };
}

/** Who does not pay to the end of dunning has no services any more; those that were never active end too. */
function endForBilling({ clock }: SubscribersServices): Consumer {
  return {
    name: 'subscribers.end-for-billing',
    types: ['billing.termination.requested'],
    async handle(event, transaction) {
      if (event.type !== 'billing.termination.requested') return;
      const { customerId, on } = event.payload;
      for (const { id } of await servicesOfCustomers(transaction, [customerId])) {
        const service = await lockedService(transaction, id);
        if (service === null || service.state === 'CANCELLED') continue;
        await cancelService(transaction, service, on, { occurredAt: clock.now(), actor: event.actor });
      }
    },
  };
}

/** A service that rests at its customer's wish is closed, whatever else locks it. */
function lockForHold({ clock }: SubscribersServices): Consumer {
  return {
    name: 'subscribers.lock-for-hold',
    types: ['service.hold.began', 'service.hold.ended'],
    async handle(event, transaction) {
      if (event.type !== 'service.hold.began' && event.type !== 'service.hold.ended') return;
      const { serviceId, because } = event.payload;
      const service = await lockedService(transaction, serviceId);
      if (service === null || service.state === 'CANCELLED') return;
      const locked = event.type === 'service.hold.began';
      await changeLock(transaction, service, {
        reason: 'CUSTOMER_REQUEST',
        locked,
        because,
        actor: event.actor,
        at: clock.now(),
      });
    },
  };
}

/** A change of plan that was previewed and confirmed in billing takes effect. */
function changeOrderedPlan({ clock }: SubscribersServices): Consumer {
  return {
    name: 'subscribers.change-ordered-plan',
    types: ['service.plan.change.ordered'],
    async handle(event, transaction) {
      if (event.type !== 'service.plan.change.ordered') return;
      const { serviceId, planId, on } = event.payload;
      const service = await lockedService(transaction, serviceId);
      if (service === null || service.state === 'CANCELLED' || service.planId === planId) return;
      const { id, customerId, planId: fromPlanId } = service;
      await updateService(transaction, id, { planId });
      await appendEvents<TenantEvents>(transaction, [
        {
          type: 'service.plan.changed',
          subject: id,
          payload: { serviceId: id, customerId, fromPlanId, planId, on },
          occurredAt: clock.now(),
          actor: event.actor,
        },
      ]);
    },
  };
}
