import type { TenantDatabase } from '@dotmac/migrations';
import { appendEvents } from '@dotmac/platform';
import type { TenantEvents } from '@dotmac/schema';
import type { Transaction } from 'kysely';
import type { BillingServices } from '../builder.ts';
import { formatDay, parseDay } from '../calendar/rules.ts';
import { type Act, issueDrafts, occurred } from '../run/issue.ts';
import { bill } from '../run/rules.ts';
import { loadSnapshots, settleAccounts } from '../run/store.ts';
import { taxComponents } from '../tax/store.ts';
import { unaffordable } from './rules.ts';
import { endExpiry, prepaidOfCustomers, reopenExpiry, updatePrepaid } from './store.ts';

/**
 * After a top-up: buys what is left of the period from today on, if the balance now covers it. The days on which the
 * service was closed cost nothing. The caller holds the account's lock and lifts the service's.
 * @returns whether an expired customer is served again.
 */
export async function restorePrepaid(
  transaction: Transaction<TenantDatabase>,
  services: Pick<BillingServices, 'clock' | 'tenant'>,
  customerId: string,
  act: Act,
): Promise<boolean> {
  const [prepaid] = await prepaidOfCustomers(transaction, [customerId]);
  if (prepaid?.expiredOn == null) return false;
  const ended = await endExpiry(transaction, customerId, act.today);
  const [snapshot] = await loadSnapshots(transaction, [customerId]);
  const today = parseDay(act.today);
  if (snapshot === undefined || today === undefined) return false;
  const result = bill(snapshot, today, await taxComponents(transaction));
  if (!result.ok || unaffordable(result.draft, snapshot.prepaid) !== undefined) {
    await reopenExpiry(transaction, ended);
    return false;
  }
  await updatePrepaid(transaction, customerId, { expiredOn: null, unpaidSince: null });
  const next = result.nextBillOn;
  const nextBillOn = next === null ? null : formatDay(next);
  await settleAccounts(transaction, [{ customerId, nextBillOn }], act.today);
  if (result.draft !== null) await issueDrafts(transaction, services, [result.draft], act);
  await appendEvents<TenantEvents>(transaction, [
    {
      type: 'prepaid.restored',
      subject: customerId,
      payload: { customerId, on: act.today },
      ...occurred(act),
    },
  ]);
  return true;
}
