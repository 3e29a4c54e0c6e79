import type { TenantDatabase } from '@dotmac/migrations';
import type { DailyWork } from '@dotmac/platform';
import { tellAccessUpdated } from '../access/edit.ts';
import { quarantineMilliseconds } from '../address/rules.ts';
import { endQuarantine } from '../address/store.ts';
import type { NetworkServices } from '../builder.ts';
import { noteLevelDays } from '../customer-link/usual.ts';
import { forgetDiscoveriesBefore } from '../discovery/store.ts';
import { forgetSensorsGoneBefore } from '../sensor/store.ts';
import { forgetUnknownBefore } from '../trap/store.ts';
import { forgetOldUsage } from '../usage/store.ts';
import { closeEndedVouchers } from '../voucher/store.ts';

/** A search's credentials and proposals are kept no longer. */
const discoveryMilliseconds = 30 * 86_400_000;
const trapInboxMilliseconds = 30 * 86_400_000;
/** So long a used-up voucher is told apart from an unknown name. */
const voucherRetentionMilliseconds = 30 * 86_400_000;
/** As long as its readings are kept. */
const sensorMilliseconds = 62 * 86_400_000;
const usageHourRetentionDays = 62;
/** Longer than usage looks back for what a crash left uncounted. */
const usageMarkRetentionMilliseconds = 62 * 86_400_000;

/** Once a day: addresses come out of quarantine. */
export function housekeeping({ clock }: NetworkServices): DailyWork<TenantDatabase> {
  return {
    name: 'network.housekeeping',
    async run(localDate, transaction) {
      const now = clock.now();
      const hoursBefore = Temporal.PlainDate.from(localDate).subtract({ days: usageHourRetentionDays });
      await forgetOldUsage(
        transaction,
        hoursBefore.toString(),
        new Date(now - usageMarkRetentionMilliseconds),
      );
      await forgetDiscoveriesBefore(transaction, new Date(now - discoveryMilliseconds));
      await forgetUnknownBefore(transaction, new Date(now - trapInboxMilliseconds));
      await noteLevelDays(transaction, new Date(now));
      await forgetSensorsGoneBefore(transaction, new Date(now - sensorMilliseconds));
      const ended = await closeEndedVouchers(
        transaction,
        new Date(now - voucherRetentionMilliseconds),
        new Date(now),
      );
      await tellAccessUpdated(transaction, ended, { occurredAt: now, actor: 'system:network' });
      await endQuarantine(transaction, new Date(now - quarantineMilliseconds));
    },
  };
}
