import type { TenantDatabase } from '@dotmac/migrations';
import type { DailyWork } from '@dotmac/platform';
import type { BillingServices } from '../builder.ts';
import { postVoucherExpiry } from '../ledger/rules-postings.ts';
import { post } from '../ledger/store.ts';
import { expiredBatches, insertExpiries, liveVouchers, lockVouchers } from './store.ts';

/** Every day: what was paid for vouchers that expired is no longer owed, a batch in a transaction. */
export function dailyVouchers({ database, clock }: BillingServices): DailyWork<TenantDatabase> {
  return {
    name: 'billing.vouchers',
    async run(localDate) {
      for (const { id: batchId, currency, amount } of await expiredBatches(database, localDate))
        await database.transaction().execute(async (transaction) => {
          await lockVouchers(transaction, batchId);
          const ids = await liveVouchers(transaction, batchId, null);
          await insertExpiries(transaction, ids, localDate);
          const postings = ids.map((ref) => postVoucherExpiry({ ref, currency, amount }));
          await post(transaction, postings, localDate, new Date(clock.now()));
        });
    },
  };
}
