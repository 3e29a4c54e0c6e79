import type { TenantDatabase } from '@dotmac/migrations';
import type { EventConsumer } from '@dotmac/platform';
import type { TenantEvents } from '@dotmac/schema';
import type { Transaction } from 'kysely';
import { tellAccessUpdated } from '../access/edit.ts';
import { lockedAccess, updateAccess } from '../access/store.ts';
import type { NetworkServices } from '../builder.ts';
import { voucherOf } from './rules.ts';
import { insertVoucher, voidVoucher } from './store.ts';

/** What billing sold is let in, until it takes it back or pays with it. */
export function followVouchers(services: NetworkServices): EventConsumer<TenantDatabase, TenantEvents> {
  return {
    name: 'network.follow-vouchers',
    types: ['voucher.issued', 'voucher.redeemed', 'voucher.revoked'],
    async handle(event, transaction) {
      if (event.type === 'voucher.issued') {
        const voucher = voucherOf(event.payload);
        if (voucher !== null) await insertVoucher(transaction, voucher);
      } else if (event.type === 'voucher.redeemed' || event.type === 'voucher.revoked') {
        await voidVoucher(transaction, event.payload.voucherId);
        await endAccess(services, transaction, event.payload.voucherId);
      }
    },
  };
}

/** Whoever is online with it is led out by the keeper of terms. */
async function endAccess(
  { clock }: NetworkServices,
  transaction: Transaction<TenantDatabase>,
  voucherId: string,
): Promise<void> {
  const access = await lockedAccess(transaction, voucherId);
  if (access === null || access.terms === null) return;
  const now = clock.now();
  const validUntil = new Date(now).toISOString();
  await updateAccess(transaction, voucherId, { terms: { ...access.terms, validUntil } });
  await tellAccessUpdated(transaction, [voucherId], { occurredAt: now, actor: 'system:network' });
}
