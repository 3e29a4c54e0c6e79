import type { TenantDatabase } from '@dotmac/migrations';
import { appendEvents } from '@dotmac/platform';
import type { TenantEvents } from '@dotmac/schema';
import type { Transaction } from 'kysely';
import { lockedAccount } from '../account/store.ts';
import type { BillingServices } from '../builder.ts';
import { membersOf } from '../payer/store.ts';
import { type Act, occurred } from '../run/issue.ts';
import { closeCycles, forgetLockStep } from './store.ts';
import { exposureOf } from './store-exposure.ts';
import { forgetHeldOff, holdOffLock, returningLocks } from './store-held-off.ts';
import { deleteLock, placeLocks } from './store-lock.ts';

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
  await unlock(transaction, customerId, { because, holdsOff: overdue }, act);
  for (const member of await membersOf(transaction, [customerId])) {
    const own = await exposureOf(transaction, member.customerId, act.today);
    if (own.exposed) continue;
    await unlock(transaction, member.customerId, { because, holdsOff: own.overdue }, act);
  }
}

/** After the end of shields: what they kept off whoever's debt was given up is placed again. */
export async function bringBackLocks({ database }: BillingServices, act: Act): Promise<void> {
  for (const { customerId } of await returningLocks(database, act.today))
    await database.transaction().execute(async (transaction) => {
      await lockedAccount(transaction, customerId);
      const events = await placeLocks(
        transaction,
        await returningLocks(transaction, act.today, customerId),
        act,
      );
      await forgetHeldOff(transaction, customerId);
      if (events.length > 0) await appendEvents<TenantEvents>(transaction, events);
    });
}

/** Asks for the billing lock to be lifted, if there is one. What a shield holds off is kept, what was paid for is forgotten. */
async function unlock(
  transaction: Transaction<TenantDatabase>,
  customerId: string,
  { because, holdsOff }: { readonly because: string; readonly holdsOff: boolean },
  act: Act,
): Promise<void> {
  if (holdsOff) await holdOffLock(transaction, customerId, new Date(act.now));
  else await forgetHeldOff(transaction, customerId);
  if (!(await deleteLock(transaction, customerId))) return;
  await forgetLockStep(transaction, customerId);
  await appendEvents<TenantEvents>(transaction, [
    { type: 'billing.lock.lifted', subject: customerId, payload: { customerId, because }, ...occurred(act) },
  ]);
}
