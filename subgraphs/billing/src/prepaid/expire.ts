import type { TenantDatabase } from '@dotmac/migrations';
import { appendEvents, newId } from '@dotmac/platform';
import type { TenantEvents } from '@dotmac/schema';
import type { Transaction } from 'kysely';
import type { BillingServices } from '../builder.ts';
import { placeLocks } from '../dunning/store-lock.ts';
import { type Act, occurred } from '../run/issue.ts';
import { closingDay, type Unaffordable } from './rules.ts';
import { insertExpiry, prepaidStandings, updatePrepaid } from './store.ts';

const because = 'the prepaid balance is used up';

/**
 * What was not bought is not used: when the days of grace are over, from `on` (ISO) the services of these customers are
 * on hold and closed, until a top-up buys them; days of grace are bought with it. The caller holds the accounts' locks and looks at them again the next day.
 */
export async function expire(
  transaction: Transaction<TenantDatabase>,
  { clock }: Pick<BillingServices, 'clock'>,
  purchases: readonly Unaffordable[],
  on: string,
  act: Act,
): Promise<void> {
  if (purchases.length === 0) return;
  const standings = await prepaidStandings(
    transaction,
    purchases.map(({ customerId }) => customerId),
  );
  for (const { customerId, currency, balance, needed } of purchases) {
    const standing = standings.get(customerId);
    if (standing === undefined) continue;
    const closesOn = closingDay(standing, on);
    if (standing.expiredOn === null && on < closesOn) {
      if (standing.unpaidSince !== null) continue;
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
    const locked = await placeLocks(transaction, [cut], act);
    if (standing.expiredOn !== null) continue;
    await updatePrepaid(transaction, customerId, { expiredOn: on });
    await appendEvents<TenantEvents>(transaction, [
      {
        type: 'prepaid.expired',
        subject: customerId,
        payload: { customerId, balanceMinor: `${balance}`, neededMinor: `${needed}`, currency, on },
        ...occurred(act),
      },
      ...locked,
    ]);
  }
}
