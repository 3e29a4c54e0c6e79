import type { TenantDatabase } from '@dotmac/migrations';
import { appendEvents, type NewEvent, newId } from '@dotmac/platform';
import type { TenantEvents } from '@dotmac/schema';
import type { Transaction } from 'kysely';
import { expectCharge } from '../account/store.ts';
import type { BillingServices } from '../builder.ts';
import { placeLocks } from '../dunning/store-lock.ts';
import { shieldedAccounts } from '../dunning/store-shield.ts';
import { type Act, occurred } from '../run/issue.ts';
import { closingDay, type Unaffordable } from './rules.ts';
import { endExpiry, insertExpiry, prepaidOfCustomers, prepaidStandings, updatePrepaid } from './store.ts';

const because = 'the prepaid balance is used up';

/**
 * What was not bought is not used: when the days of grace are over, from `on` (ISO) the services of these customers are
 * on hold and closed, until a top-up buys them; days of grace are bought with it. A shield over the whole account is grace
 * for as long as it stands. The caller holds the accounts' locks and looks at them again the next day.
 */
export async function expire(
  transaction: Transaction<TenantDatabase>,
  { clock }: Pick<BillingServices, 'clock'>,
  purchases: readonly Unaffordable[],
  on: string,
  act: Act,
): Promise<void> {
  if (purchases.length === 0) return;
  const customerIds = purchases.map(({ customerId }) => customerId);
  const standings = await prepaidStandings(transaction, customerIds);
  const shielded = await shieldedAccounts(transaction, customerIds, on);
  for (const { customerId, currency, balance, needed } of purchases) {
    const standing = standings.get(customerId);
    if (standing === undefined) continue;
    const isShielded = shielded.has(customerId);
    const closesOn = laterOf(closingDay(standing, on), shielded.get(customerId) ?? on);
    if (isShielded || (standing.expiredOn === null && on < closesOn)) {
      if (standing.expiredOn !== null || standing.unpaidSince !== null) continue;
      await updatePrepaid(transaction, customerId, { unpaidSince: on });
      const payload = {
        customerId,
        balanceMinor: `${balance}`,
        neededMinor: `${needed}`,
        currency,
        on: closesOn,
      };
      await appendEvents<TenantEvents>(transaction, [
        { type: 'prepaid.balance.low', subject: customerId, payload, ...occurred(act) },
      ]);
      continue;
    }
    const at = new Date(act.now);
    const ids = () => newId('hld', clock);
    await insertExpiry(transaction, { ids, customerId, from: on, because, by: act.actor, at });
    const cut = { customerId, restriction: { kind: 'CUT' }, because } as const;
    const events: NewEvent<TenantEvents>[] = await placeLocks(transaction, [cut], act);
    if (standing.expiredOn === null) {
      await updatePrepaid(transaction, customerId, { expiredOn: on });
      const payload = { customerId, balanceMinor: `${balance}`, neededMinor: `${needed}`, currency, on };
      events.unshift({ type: 'prepaid.expired', subject: customerId, payload, ...occurred(act) });
    }
    if (events.length > 0) await appendEvents<TenantEvents>(transaction, events);
  }
}

/** Of two ISO dates. */
const laterOf = (a: string, b: string): string => (a < b ? b : a);

/**
 * A shield over the whole account of who is closed for want of a top-up: his services go on from today, and what they cost
 * waits as it does within days of grace. The caller holds the account's lock and lifts the service's.
 */
export async function shieldExpired(
  transaction: Transaction<TenantDatabase>,
  customerId: string,
  today: string,
): Promise<void> {
  const [prepaid] = await prepaidOfCustomers(transaction, [customerId]);
  if (prepaid?.expiredOn == null) return;
  await endExpiry(transaction, customerId, today);
  const unpaidSince = prepaid.unpaidSince ?? prepaid.expiredOn;
  await updatePrepaid(transaction, customerId, { expiredOn: null, unpaidSince });
  await expectCharge(transaction, customerId, today);
}
