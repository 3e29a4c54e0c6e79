import type { TenantDatabase } from '@dotmac/migrations';
import { appendEvents } from '@dotmac/platform';
import type { TenantEvents } from '@dotmac/schema';
import type { Transaction } from 'kysely';
import { membersOf } from '../payer/store.ts';
import { type Act, occurred } from '../run/issue.ts';
import { closeCycles, forgetLockStep } from './store.ts';
import { exposureOf } from './store-exposure.ts';
import { deleteLock } from './store-lock.ts';

/**
 * What a payment, a credit or a shield changes for a customer and whomever he pays for, in its transaction: when nothing
 * that is dunned is overdue any more, his cycle ends; when none of it is exposed, the billing lock is lifted, and comes back
 * with the end of the shields that cover the rest. The caller holds the account's lock.
 */
export async function relieve(
  transaction: Transaction<TenantDatabase>,
  customerId: string,
  because: string,
  act: Act,
): Promise<void> {
  const { overdue, exposed } = await exposureOf(transaction, customerId, act.today);
  if (exposed) return;
  if (!overdue) await closeCycles(transaction, customerId, act.today);
  await unlock(transaction, customerId, because, act);
  for (const member of await membersOf(transaction, [customerId]))
    if (!(await exposureOf(transaction, member.customerId, act.today)).exposed)
      await unlock(transaction, member.customerId, because, act);
}

/** Asks for the billing lock to be lifted, if there is one. */
async function unlock(
  transaction: Transaction<TenantDatabase>,
  customerId: string,
  because: string,
  act: Act,
): Promise<void> {
  if (!(await deleteLock(transaction, customerId))) return;
  await forgetLockStep(transaction, customerId);
  await appendEvents<TenantEvents>(transaction, [
    { type: 'billing.lock.lifted', subject: customerId, payload: { customerId, because }, ...occurred(act) },
  ]);
}
