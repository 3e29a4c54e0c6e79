import type { TenantDatabase } from '@dotmac/migrations';
import { newId } from '@dotmac/platform';
import { ConflictError, NotFoundError } from '@dotmac/schema';
import type { Transaction } from 'kysely';
import { lockedAccount } from '../account/store.ts';
import type { BillingServices } from '../builder.ts';
import { postPrepaidTransfer } from '../ledger/rules-postings.ts';
import { post } from '../ledger/store.ts';
import type { Act } from '../run/issue.ts';
import { creditItems, openItems } from '../settlement/store.ts';
import { deletePrepaid, insertPrepaid, type Prepaid, prepaidOfCustomers } from './store.ts';

/** From now on the customer pays ahead: his credit becomes his balance. @throws NotFoundError, ConflictError */
export async function startPrepaid(
  services: BillingServices,
  customerId: string,
  terms: Pick<Prepaid, 'noticeDays' | 'graceDays'>,
  act: Act,
): Promise<Prepaid> {
  return services.database.transaction().execute(async (transaction) => {
    const account = await lockedAccount(transaction, customerId);
    if (account === null) throw new NotFoundError('Customer', customerId);
    if (account.grouped)
      throw new ConflictError('PAYER', 'Who pays ahead pays for himself: he is in a group with a payer');
    if ((await prepaidOfCustomers(transaction, [customerId])).length > 0)
      throw new ConflictError('PREPAID', 'The customer pays ahead already');
    if ((await openItems(transaction, [customerId])).length > 0)
      throw new ConflictError('OPEN_INVOICES', 'Who pays ahead owes nothing: his open invoices come first');
    await transfer(transaction, services, customerId, false, act);
    await insertPrepaid(transaction, { customerId, since: act.today, ...terms });
    const [prepaid] = await prepaidOfCustomers(transaction, [customerId]);
    if (prepaid === undefined) throw new Error(`the prepaid account of ${customerId} was made and is gone`);
    return prepaid;
  });
}

/** From now on he pays by invoice: his balance becomes credit. @throws NotFoundError, ConflictError */
export async function endPrepaid(services: BillingServices, customerId: string, act: Act): Promise<void> {
  await services.database.transaction().execute(async (transaction) => {
    await lockedAccount(transaction, customerId);
    const [prepaid] = await prepaidOfCustomers(transaction, [customerId]);
    if (prepaid === undefined) throw new NotFoundError('prepaid Customer', customerId);
    if (prepaid.expiredOn !== null)
      throw new ConflictError(
        'EXPIRED',
        `Nothing is bought since ${prepaid.expiredOn}: a top-up comes first`,
      );
    await deletePrepaid(transaction, customerId);
    await transfer(transaction, services, customerId, true, act);
  });
}

async function transfer(
  transaction: Transaction<TenantDatabase>,
  { clock }: BillingServices,
  customer: string,
  back: boolean,
  act: Act,
): Promise<void> {
  const credits = Map.groupBy(await creditItems(transaction, [customer]), ({ currency }) => currency);
  const sets = [...credits].map(([currency, items]) => {
    const amount = items.reduce((sum, { open }) => sum + open, 0n);
    return postPrepaidTransfer({ ref: newId('ppt', clock), customer, currency, amount }, back);
  });
  await post(transaction, sets, act.today, new Date(act.now));
}
