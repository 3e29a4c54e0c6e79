import type { TenantDatabase } from '@dotmac/migrations';
import { appendEvents, type DailyWork } from '@dotmac/platform';
import type { TenantEvents } from '@dotmac/schema';
import { lockedAccount } from '../account/store.ts';
import type { BillingServices } from '../builder.ts';
import { parseDay } from '../calendar/rules.ts';
import { relieve } from '../dunning/relief.ts';
import { type Act, occurred } from '../run/issue.ts';
import { bill } from '../run/rules.ts';
import { loadSnapshots } from '../run/store.ts';
import { taxComponents } from '../tax/store.ts';
import { restorePrepaid } from './restore.ts';
import { unaffordable } from './rules.ts';
import { expiredCustomers, purchasesAhead, updatePrepaid } from './store.ts';

/** Every day after billing: whom a credit can serve again, and who is to be told that his balance will not do. */
export function dailyPrepaid(services: BillingServices): DailyWork<TenantDatabase> {
  return {
    name: 'billing.prepaid',
    async run(localDate) {
      const { database } = services;
      const act: Act = { today: localDate, now: services.clock.now(), actor: 'system:billing' };
      for (const customerId of await expiredCustomers(database))
        await database.transaction().execute(async (transaction) => {
          await lockedAccount(transaction, customerId);
          if (await restorePrepaid(transaction, services, customerId, act))
            await relieve(transaction, customerId, 'the balance buys the service again', act);
        });
      for (const purchase of await purchasesAhead(database, localDate))
        await warn(services, purchase.customerId, purchase.on, act);
    },
  };
}

async function warn({ database }: BillingServices, customerId: string, on: string, act: Act): Promise<void> {
  await database.transaction().execute(async (transaction) => {
    await lockedAccount(transaction, customerId);
    const [snapshot] = await loadSnapshots(transaction, [customerId]);
    const day = parseDay(on);
    if (snapshot === undefined || day === undefined) return;
    const result = bill(snapshot, day, await taxComponents(transaction));
    const purchase = result.ok ? unaffordable(result.draft, snapshot.prepaid) : undefined;
    if (purchase === undefined) return;
    const { balance, needed, currency } = purchase;
    await updatePrepaid(transaction, customerId, { toldOf: on });
    await appendEvents<TenantEvents>(transaction, [
      {
        type: 'prepaid.balance.low',
        subject: customerId,
        payload: { customerId, balanceMinor: `${balance}`, neededMinor: `${needed}`, currency, on },
        ...occurred(act),
      },
    ]);
  });
}
