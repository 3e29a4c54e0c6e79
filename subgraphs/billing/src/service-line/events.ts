import type { TenantDatabase } from '@dotmac/migrations';
import { type EventConsumer, localDateAt } from '@dotmac/platform';
import type { TenantEvents } from '@dotmac/schema';
import { accountsById, expectCharge, upsertAccount } from '../account/store.ts';
import { endAddOns } from '../add-on/store.ts';
import type { BillingServices } from '../builder.ts';
import { effectiveVersionId } from '../catalogue/store.ts';
import { judgeUsage } from '../usage/judge.ts';
import { appendServiceEvent, type NewServiceEvent } from './store.ts';

const types = ['service.activated', 'service.plan.changed', 'service.cancelled'] as const;
const kinds = {
  'service.activated': 'start',
  'service.plan.changed': 'change',
  'service.cancelled': 'cancel',
} as const satisfies Record<(typeof types)[number], NewServiceEvent['type']>;

/** A service is charged from its activation to its cancellation, by the version that was on sale when it was bought. */
export function serviceLineConsumer({
  tenant,
  clock,
}: BillingServices): EventConsumer<TenantDatabase, TenantEvents> {
  return {
    name: 'billing.charge-services',
    types,
    async handle(event, transaction) {
      if (
        event.type !== 'service.activated' &&
        event.type !== 'service.plan.changed' &&
        event.type !== 'service.cancelled'
      )
        return;
      const { serviceId, customerId, on } = event.payload;
      const started = await transaction
        .selectFrom('billing.serviceEvent')
        .select('ordinal')
        .where('serviceLineId', '=', serviceId)
        .limit(1)
        .executeTakeFirst();
      // A service that never became active costs nothing, whatever happens to it.
      if (event.type !== 'service.activated' && started === undefined) return;
      // The consumer of customers has a place of its own in the log and may lag behind.
      if ((await accountsById(transaction, [customerId])).length === 0) {
        await upsertAccount(transaction, {
          customerId,
          name: customerId,
          email: null,
          currency: tenant?.currency ?? 'USD',
          openedAt: new Date(clock.now()),
        });
      }
      const planId = 'planId' in event.payload ? event.payload.planId : null;
      const appended = await appendServiceEvent(transaction, {
        serviceLineId: serviceId,
        customerId,
        type: kinds[event.type],
        effectiveOn: on,
        planId,
        planVersionId: planId === null ? null : await effectiveVersionId(transaction, planId, on),
        sourcePosition: event.position,
      });
      if (!appended) return;
      if (event.type === 'service.cancelled') await endAddOns(transaction, { id: serviceId, customerId }, on);
      await expectCharge(transaction, customerId, on);
      const now = clock.now();
      const act = { now, today: localDateAt(now, tenant?.timeZone ?? 'UTC'), actor: 'system:billing' };
      // Another plan may ask something else of a service that reached its cap.
      await judgeUsage(transaction, { lineId: serviceId, customerId }, act);
    },
  };
}
