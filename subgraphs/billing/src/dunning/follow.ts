import type { TenantDatabase } from '@dotmac/migrations';
import { appendEvents } from '@dotmac/platform';
import type { TenantEvents } from '@dotmac/schema';
import type { Transaction } from 'kysely';
import { lockedAccount } from '../account/store.ts';
import type { BillingServices } from '../builder.ts';
import type { Act } from '../run/issue.ts';
import { locksToFollow, placeLocks } from './store-lock.ts';

/** Whomever these customers pay for is closed or slowed down with them. The caller holds the locks of the payers' accounts. */
export async function followPayers(
  transaction: Transaction<TenantDatabase>,
  payerIds: readonly string[],
  act: Act,
): Promise<void> {
  if (payerIds.length === 0) return;
  const wanted = await locksToFollow(transaction, payerIds, act.today);
  const events = await placeLocks(transaction, wanted, act);
  if (events.length > 0) await appendEvents<TenantEvents>(transaction, events);
}

/** The same for all payers: who was kept apart by a shield of his own that is over. */
export async function followAllPayers({ database }: BillingServices, act: Act): Promise<void> {
  const waiting = await locksToFollow(database, null, act.today);
  for (const payerId of new Set(waiting.map((lock) => lock.payerId)))
    await database.transaction().execute(async (transaction) => {
      await lockedAccount(transaction, payerId);
      await followPayers(transaction, [payerId], act);
    });
}
