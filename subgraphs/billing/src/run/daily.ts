import type { TenantDatabase } from '@dotmac/migrations';
import type { DailyWork } from '@dotmac/platform';
import type { BillingServices } from '../builder.ts';
import { runDunning } from '../dunning/run.ts';
import type { Act } from './issue.ts';
import { runBilling } from './run.ts';

/**
 * Bills what is due on the local day, then duns. Both commit in chunks of their own and are no-ops on what is done,
 * so a day that is repeated after a break goes on where it was.
 */
export function dailyBilling(services: BillingServices): DailyWork<TenantDatabase> {
  return {
    name: 'billing.daily',
    async run(localDate) {
      const act: Act = { today: localDate, now: services.clock.now(), actor: 'system:billing' };
      await runBilling(services, localDate, act);
      await runDunning(services, act);
    },
  };
}
