import type { TenantDatabase } from '@dotmac/migrations';
import type { DailyWork } from '@dotmac/platform';
import type { BillingServices } from '../builder.ts';
import { announce } from '../catalogue/events.ts';
import { versionsBeginning } from '../catalogue/store.ts';
import { runDunning } from '../dunning/run.ts';
import { enforceHolds } from '../hold/hold.ts';
import { orderDueChanges } from '../plan-change/change.ts';
import { refreshQuotes } from '../tax/quote.ts';
import { judgeUsage } from '../usage/judge.ts';
import { reachedAllowances } from '../usage/store.ts';
import type { Act } from './issue.ts';
import { runBilling } from './run.ts';

/**
 * Announces the plan versions that begin, closes and opens the services of holds, opens the caps of periods that ended, bills what is due on the local day, then duns. Both of the latter commit in chunks of their own and are no-ops on what is done,
 * so a day that is repeated after a break goes on where it was.
 */
export function dailyBilling(services: BillingServices): DailyWork<TenantDatabase> {
  return {
    name: 'billing.daily',
    async run(localDate, transaction) {
      const act: Act = { today: localDate, now: services.clock.now(), actor: 'system:billing' };
      const timeZone = services.tenant?.timeZone ?? 'UTC';
      await announce(transaction, await versionsBeginning(transaction, localDate, timeZone), act);
      await orderDueChanges(transaction, act);
      await enforceHolds(transaction, act);
      for (const service of await reachedAllowances(transaction)) await judgeUsage(transaction, service, act);
      await refreshQuotes(services, localDate);
      await runBilling(services, localDate, act);
      await runDunning(services, act);
    },
  };
}
