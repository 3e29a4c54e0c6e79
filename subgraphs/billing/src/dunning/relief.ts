import type { TenantDatabase } from '@dotmac/migrations';
import { appendEvents } from '@dotmac/platform';
import type { TenantEvents } from '@dotmac/schema';
import type { Transaction } from 'kysely';
import { membersOf } from '../payer/store.ts';
import { type Act, occurred } from '../run/issue.ts';
import { closeCycles, hasOverdue } from './store.ts';
import { deleteLock } from './store-lock.ts';

/**
 * When nothing of the customer is overdue any more: ends his dunning cycle, and asks for the billing lock to be
 * lifted, in the transaction of what relieved him. The caller holds the account's lock.
 */
export async function relieve(
  transaction: Transaction<TenantDatabase>,
  customerId: string,
  because: string,
  act: Act,
): Promise<void> {
  if (await hasOverdue(transaction, customerId, act.today)) return;
  await closeCycles(transaction, customerId, act.today);
  await unlock(transaction, customerId, because, act);
  for (const member of await membersOf(transaction, [customerId]))
    if (!(await hasOverdue(transaction, member.customerId, act.today)))
      await unlock(transaction, member.customerId, because, act);
}

/** Asks for the billing lock to be lifted, if there is one. */
export async function unlock(
  transaction: Transaction<TenantDatabase>,
  customerId: string,
  because: string,
  act: Act,
): Promise<void> {
  if (!(await deleteLock(transaction, customerId))) return;
  await appendEvents<TenantEvents>(transaction, [
    { type: 'billing.lock.lifted', subject: customerId, payload: { customerId, because }, ...occurred(act) },
  ]);
}
