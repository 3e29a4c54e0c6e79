import type { TenantDatabase } from '@dotmac/migrations';
import { type EventConsumer, newId } from '@dotmac/platform';
import type { TenantEvents } from '@dotmac/schema';
import { lockedAccount } from '../account/store.ts';
import type { BillingServices } from '../builder.ts';
import { customerOfLine } from '../service-line/store.ts';
import { earnsCredit, uncovered } from './rules.ts';
import { creditsOfService, insertCredit, outagePolicy } from './store.ts';

/** Proposes a credit for every service that a confirmed outage cut off; a person decides. */
export function outageConsumer({ clock }: BillingServices): EventConsumer<TenantDatabase, TenantEvents> {
  return {
    name: 'billing.propose-outage-credits',
    types: ['service.downtime.recorded'],
    async handle(event, transaction) {
      if (event.type !== 'service.downtime.recorded') return;
      const { incidentId, serviceId, summary } = event.payload;
      const [fromAt, toAt] = [new Date(event.payload.from), new Date(event.payload.to)];
      const customerId = await customerOfLine(transaction, serviceId);
      // Who is not charged gets nothing back.
      if (customerId === null) return;
      await lockedAccount(transaction, customerId);
      const known = await creditsOfService(transaction, serviceId);
      const spans = known.map((one) => ({ from: one.fromAt.getTime(), to: one.toAt.getTime() }));
      const seconds = Math.floor(uncovered({ from: fromAt.getTime(), to: toAt.getTime() }, spans) / 1000);
      if (!earnsCredit(seconds, await outagePolicy(transaction))) return;
      await insertCredit(transaction, {
        id: newId('ocr', clock),
        incidentId,
        serviceLineId: serviceId,
        customerId,
        summary,
        fromAt,
        toAt,
        downSeconds: BigInt(seconds),
      });
    },
  };
}
