import type { TenantDatabase } from '@dotmac/migrations';
import { appendEvents, type DailyWork } from '@dotmac/platform';
import type { TenantEvents } from '@dotmac/schema';
import type { BillingServices } from '../builder.ts';
import { formatDay } from '../calendar/rules.ts';
import { occurred } from '../run/issue.ts';
import { dayOfText } from '../run/run.ts';
import { reminderDays } from './rules.ts';

/** Tells, every morning, of which ISPs the trial ends soon or has ended today; once a day, with the day itself. */
export function dailyTrials(services: BillingServices): DailyWork<TenantDatabase> {
  return {
    name: 'billing.trials',
    async run(localDate, transaction) {
      const act = { today: localDate, now: services.clock.now(), actor: 'system:billing' };
      const today = dayOfText(localDate);
      const ends = reminderDays.map((days) => formatDay(today + days));
      const accounts = await transaction
        .selectFrom('billing.account')
        .select(['customerId', 'tenantId', 'trialUntil'])
        .where('trialUntil', 'in', ends)
        .orderBy('customerId')
        .execute();
      await appendEvents<TenantEvents>(
        transaction,
        accounts.flatMap(({ customerId, tenantId, trialUntil }) =>
          tenantId === null || trialUntil === null
            ? []
            : [
                {
                  type: 'platform.trial.ending' as const,
                  subject: customerId,
                  payload: {
                    customerId,
                    tenantId,
                    paidFrom: trialUntil,
                    daysLeft: dayOfText(trialUntil) - today,
                  },
                  ...occurred(act),
                },
              ],
        ),
      );
    },
  };
}
