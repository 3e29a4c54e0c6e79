import type { TenantDatabase } from '@dotmac/migrations';
import { type EventConsumer, localDateAt } from '@dotmac/platform';
import type { TenantEvents } from '@dotmac/schema';
import type { BillingServices } from '../builder.ts';
import { postingSet } from '../ledger/rules.ts';
import { post } from '../ledger/store.ts';
import { useVoucher } from './store.ts';

/**
 * A voucher that somebody has logged in with is no longer owed. There is no document that names a customer, so what it was
 * worth waits as deferred revenue for whoever closes the period.
 */
export function voucherConsumer({ tenant }: BillingServices): EventConsumer<TenantDatabase, TenantEvents> {
  return {
    name: 'billing.use-vouchers',
    types: ['voucher.used'],
    async handle(event, transaction) {
      if (event.type !== 'voucher.used') return;
      const usedOn = localDateAt(event.occurredAt.getTime(), tenant?.timeZone ?? 'UTC');
      const { voucherId } = event.payload;
      const used = await useVoucher(transaction, voucherId, usedOn);
      if (used === null) return;
      const { amount, currency } = used;
      const use = postingSet('voucherRedemption', voucherId, currency, [
        { account: { type: 'voucherLiability' }, amount },
        { account: { type: 'deferredRevenue', revenueClass: 'vouchers' }, amount: -amount },
      ]);
      await post(transaction, [use], usedOn, event.occurredAt);
    },
  };
}
