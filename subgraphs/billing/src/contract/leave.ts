import type { TenantDatabase } from '@dotmac/migrations';
import { type Executor, newId } from '@dotmac/platform';
import type { Transaction } from 'kysely';
import { expectFee } from '../account/store.ts';
import { monthly } from '../analytics/rules.ts';
import type { BillingServices } from '../builder.ts';
import type { PlanVersion } from '../catalogue/store.ts';
import type { Explanation } from '../explanation/rules.ts';
import { insertFee } from '../fee/store.ts';
import { dayOfText } from '../run/run.ts';
import { earlyTerminationFee } from './rules.ts';
import { type Contract, feeOf, runningContracts, termOf, updateContract } from './store.ts';

/** What a contract's fee is on a day (ISO); null when nothing was agreed, or it is nothing. */
function feeOn(
  contract: Contract,
  on: string,
): { readonly amount: bigint; readonly explanation: Explanation } | null {
  const agreed = feeOf(contract);
  if (agreed === undefined) return null;
  const waiver = contract.waivedBecause ?? undefined;
  const fee = earlyTerminationFee(termOf(contract), agreed, dayOfText(on), waiver);
  return fee.amount === 0n ? null : fee;
}

/** Ends a contract on a day (ISO); within its term it costs what was agreed for that, once. */
export async function leaveContract(
  transaction: Transaction<TenantDatabase>,
  { clock }: Pick<BillingServices, 'clock'>,
  contract: Contract,
  on: string,
): Promise<void> {
  await updateContract(transaction, contract.id, { endedOn: on });
  const fee = feeOn(contract, on);
  if (fee === null) return;
  const { customerId, currency } = contract;
  await insertFee(transaction, {
    id: newId('fee', clock),
    customerId,
    reference: `early-termination:${contract.id}`,
    description: 'Early termination',
    productClass: 'other',
    currency,
    amountMinor: fee.amount,
    taxInclusive: contract.taxInclusive,
    dueOn: on,
    lateInvoiceId: null,
    lateStepId: null,
    explanation: fee.explanation,
  });
  await expectFee(transaction, customerId, on);
}

const worth = ({ priceMinor, interval }: Pick<PlanVersion, 'priceMinor' | 'interval'>): bigint =>
  monthly(priceMinor, interval.unit, interval.count);

/** The contract that a change to another version leaves on a day (ISO), and its fee: one to a cheaper version, within the term. */
export async function leavingFee(
  db: Executor<TenantDatabase>,
  serviceId: string,
  from: PlanVersion,
  to: PlanVersion,
  on: string,
): Promise<{
  readonly contract: Contract;
  readonly fee: { readonly amount: bigint; readonly explanation: Explanation };
} | null> {
  if (worth(to) >= worth(from)) return null;
  const [contract] = await runningContracts(db, [serviceId]);
  if (contract === undefined) return null;
  const fee = feeOn(contract, on);
  return fee === null ? null : { contract, fee };
}
