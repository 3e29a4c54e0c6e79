import type { TenantDatabase } from '@dotmac/migrations';
import type { Executor } from '@dotmac/platform';
import type { Transaction } from 'kysely';
import { expectCharge } from '../account/store.ts';
import { endAddOns } from '../add-on/store.ts';
import type { BillingServices } from '../builder.ts';
import { leaveContract } from '../contract/leave.ts';
import { runningContracts } from '../contract/store.ts';
import { chargeLeftInstalments } from '../equipment/charge.ts';
import { previewAccount, rolledBack } from '../preview/preview.ts';
import type { AccountPreview } from '../preview/rules.ts';
import type { Act } from '../run/issue.ts';
import { appendServiceEvent, runningServices } from '../service-line/store.ts';

/** What the end of dunning means for a customer: his services end, and this is his final document. */
export interface Termination {
  readonly customerId: string;
  readonly serviceIds: readonly string[];
  readonly preview: AccountPreview;
}

/** What would be billed if the services of these customers ended today. Writes nothing. @throws ConflictError */
export async function previewTerminations(
  db: Executor<TenantDatabase>,
  services: Pick<BillingServices, 'clock'>,
  customerIds: readonly string[],
  act: Act,
): Promise<Termination[]> {
  if (customerIds.length === 0) return [];
  return rolledBack(db, async (transaction) => {
    const terminations: Termination[] = [];
    for (const customerId of customerIds) {
      const serviceIds = await runningServices(transaction, customerId);
      for (const id of serviceIds) await writeEnd(transaction, services, { id, customerId }, act.today);
      if (serviceIds.length > 0) await expectCharge(transaction, customerId, act.today);
      const preview = await previewAccount(transaction, customerId, act.today);
      terminations.push({ customerId, serviceIds, preview });
    }
    return terminations;
  });
}

/** The end of a service as the consumers of `service.cancelled` write it. */
async function writeEnd(
  transaction: Transaction<TenantDatabase>,
  services: Pick<BillingServices, 'clock'>,
  service: { readonly id: string; readonly customerId: string },
  on: string,
): Promise<void> {
  await appendServiceEvent(transaction, {
    serviceLineId: service.id,
    customerId: service.customerId,
    type: 'cancel',
    effectiveOn: on,
    planId: null,
    planVersionId: null,
    sourcePosition: null,
  });
  await endAddOns(transaction, service, on);
  await endAgreements(transaction, services, service.id, on);
}

/** With a service end its contract, at the fee that was agreed for that, and its instalments. */
export async function endAgreements(
  transaction: Transaction<TenantDatabase>,
  services: Pick<BillingServices, 'clock'>,
  serviceId: string,
  on: string,
): Promise<void> {
  const [contract] = await runningContracts(transaction, [serviceId]);
  if (contract !== undefined) await leaveContract(transaction, services, contract, on);
  await chargeLeftInstalments(transaction, services, serviceId, on);
}
