import type { TenantDatabase } from '@dotmac/migrations';
import type { DailyWork } from '@dotmac/platform';
import type { BillingServices } from '../builder.ts';
import { formatDay } from '../calendar/rules.ts';
import { startOfDay } from '../calendar/rules-zone.ts';
import { dayOfText } from '../run/run.ts';
import { meteringDigest } from './rules-digest.ts';
import { activeCustomers, insertMeteredDay, keepActivity, keepStays } from './store-count.ts';

/**
 * Counts, at the beginning of each local day, the subscribers with at least one service that was active at the close of
 * the day before: started, not ended, under no lock. Each day is counted once and never again; what is told later of an
 * earlier day changes later counts only.
 */
export function dailyMetering(services: BillingServices): DailyWork<TenantDatabase> {
  return {
    name: 'billing.count-active',
    async run(localDate, transaction) {
      const day = dayOfText(localDate) - 1;
      const close = new Date(startOfDay(day + 1, services.tenant?.timeZone ?? 'UTC'));
      // What was committed until now has its place in the log.
      await services.events.flush();
      await keepActivity(transaction);
      const counted = formatDay(day);
      const customerIds = await activeCustomers(transaction, counted, close);
      await keepStays(transaction, counted, customerIds);
      await insertMeteredDay(transaction, {
        localDate: counted,
        activeSubscribers: customerIds.length,
        digest: meteringDigest(counted, customerIds),
        countedAt: new Date(services.clock.now()),
      });
    },
  };
}
