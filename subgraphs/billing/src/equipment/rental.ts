import type { TenantDatabase } from '@dotmac/migrations';
import { ValidationError } from '@dotmac/schema';
import type { Transaction } from 'kysely';
import { expectCharge } from '../account/store.ts';
import { plansById } from '../catalogue/store.ts';
import { versionOnSale } from '../plan-change/store.ts';
import { appendServiceEvent } from '../service-line/store.ts';
import { type Equipment, rentalLineId } from './store.ts';

/**
 * A rented device is a line of charges of its own, in the periods of the account: begun and ended within one, it costs
 * its days of it. The caller holds the account's lock; days are ISO.
 * @throws ValidationError when the plan is no add-on in the account's currency that is on sale.
 */
export async function startRental(
  transaction: Transaction<TenantDatabase>,
  { id, customerId, currency }: Equipment,
  planId: string | null,
  on: string,
): Promise<void> {
  const [plan] = planId === null ? [] : await plansById(transaction, [planId]);
  if (planId === null || plan?.kind !== 'ADD_ON')
    throw new ValidationError('input.planId', 'A rental is charged by a plan of the kind ADD_ON');
  const version = await versionOnSale(transaction, planId, on);
  if (version?.currency !== currency)
    throw new ValidationError('input.planId', `The plan is not on sale in ${currency} on ${on}`);
  await appendServiceEvent(transaction, {
    serviceLineId: rentalLineId(id),
    customerId,
    type: 'start',
    effectiveOn: on,
    planId,
    planVersionId: version.id,
    sourcePosition: null,
  });
  await expectCharge(transaction, customerId, on);
}

/** The day on which it comes back, or is paid for, is not charged any more. */
export async function endRental(
  transaction: Transaction<TenantDatabase>,
  { id, customerId }: Equipment,
  on: string,
): Promise<void> {
  await appendServiceEvent(transaction, {
    serviceLineId: rentalLineId(id),
    customerId,
    type: 'cancel',
    effectiveOn: on,
    planId: null,
    planVersionId: null,
    sourcePosition: null,
  });
  await expectCharge(transaction, customerId, on);
}
