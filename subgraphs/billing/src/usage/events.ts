import type { TenantDatabase } from '@dotmac/migrations';
import { type EventConsumer, localDateAt } from '@dotmac/platform';
import type { TenantEvents } from '@dotmac/schema';
import { lockedAccount } from '../account/store.ts';
import type { BillingServices } from '../builder.ts';
import type { Act } from '../run/issue.ts';
import { customerOfLine } from '../service-line/store.ts';
import { judgeUsage } from './judge.ts';
import { expectOverage, keepUsage } from './store.ts';

/** Keeps what accounting says of a day, charges it, and tells the network when a cap is reached. */
export function usageConsumer({
  clock,
  tenant,
}: BillingServices): EventConsumer<TenantDatabase, TenantEvents> {
  return {
    name: 'billing.count-usage',
    types: ['usage.recorded'],
    async handle(event, transaction) {
      if (event.type !== 'usage.recorded') return;
      const { serviceId, day, complete } = event.payload;
      if (!(await keepUsage(transaction, event.payload, event.position))) return;
      // A service that never became active is not charged; what it used is known if it does.
      const customerId = await customerOfLine(transaction, serviceId);
      if (customerId === null || !complete) return;
      await lockedAccount(transaction, customerId);
      const now = clock.now();
      const act: Act = { now, today: localDateAt(now, tenant?.timeZone ?? 'UTC'), actor: 'system:billing' };
      await expectOverage(transaction, { lineId: serviceId, customerId }, day, act.today);
      await judgeUsage(transaction, { lineId: serviceId, customerId }, act);
    },
  };
}
