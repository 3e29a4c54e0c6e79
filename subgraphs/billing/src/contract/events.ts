import type { TenantDatabase } from '@dotmac/migrations';
import { type EventConsumer, newId } from '@dotmac/platform';
import type { TenantEvents } from '@dotmac/schema';
import type { Transaction } from 'kysely';
import { expectFee, lockedAccount } from '../account/store.ts';
import type { BillingServices } from '../builder.ts';
import { chargeLeftInstalments } from '../equipment/charge.ts';
import { insertFee } from '../fee/store.ts';
import { dayOfText } from '../run/run.ts';
import { earlyTerminationFee } from './rules.ts';
import { type Contract, feeOf, runningContracts, termOf, updateContract } from './store.ts';

/** A service that ends within its term costs what was agreed for that, on the next invoice; so do its instalments. */
export function contractConsumer(services: BillingServices): EventConsumer<TenantDatabase, TenantEvents> {
  return {
    name: 'billing.end-contracts',
    types: ['service.cancelled'],
    async handle(event, transaction) {
      if (event.type !== 'service.cancelled') return;
      const { serviceId, customerId, on } = event.payload;
      if ((await lockedAccount(transaction, customerId)) === null) return;
      const [contract] = await runningContracts(transaction, [serviceId]);
      if (contract !== undefined) await endContract(transaction, services, contract, on);
      await chargeLeftInstalments(transaction, services, serviceId, on);
    },
  };
}

async function endContract(
  transaction: Transaction<TenantDatabase>,
  { clock }: BillingServices,
  contract: Contract,
  on: string,
): Promise<void> {
  await updateContract(transaction, contract.id, { endedOn: on });
  const agreed = feeOf(contract);
  if (agreed === undefined) return;
  const { customerId, currency, waivedBecause } = contract;
  const { amount, explanation } = earlyTerminationFee(
    termOf(contract),
    agreed,
    dayOfText(on),
    waivedBecause ?? undefined,
  );
  if (amount === 0n) return;
  await insertFee(transaction, {
    id: newId('fee', clock),
    customerId,
    reference: `early-termination:${contract.id}`,
    description: 'Early termination',
    productClass: 'other',
    currency,
    amountMinor: amount,
    dueOn: on,
    lateInvoiceId: null,
    lateStepId: null,
    explanation,
  });
  await expectFee(transaction, customerId, on);
}
