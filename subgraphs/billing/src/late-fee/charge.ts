import type { TenantDatabase } from '@dotmac/migrations';
import { newId } from '@dotmac/platform';
import type { Transaction } from 'kysely';
import { expectFee } from '../account/store.ts';
import type { BillingServices } from '../builder.ts';
import { type DunningAccount, exposedInvoices } from '../dunning/rules.ts';
import { insertFee } from '../fee/store.ts';
import type { Act } from '../run/issue.ts';
import { dayOfText } from '../run/run.ts';
import { lateFees } from './rules.ts';
import { lateFeeHistory, lateFeeSteps } from './store.ts';

/** Writes the late fees that are due today for these accounts; the next invoice takes them. */
export async function chargeLateFees(
  transaction: Transaction<TenantDatabase>,
  services: Pick<BillingServices, 'clock'>,
  campaignId: string,
  accounts: readonly DunningAccount[],
  act: Act,
): Promise<void> {
  const steps = await lateFeeSteps(transaction, campaignId);
  if (steps.length === 0) return;
  const today = dayOfText(act.today);
  const late = accounts.flatMap((account) =>
    exposedInvoices(account, today).map((invoice) => ({ ...invoice, customerId: account.id })),
  );
  const history = await lateFeeHistory(
    transaction,
    late.map(({ id }) => id),
  );
  for (const { id, customerId, currency, dueOn, open } of late) {
    const known = history.get(id);
    if (known === undefined) continue;
    const own = steps.filter((one) => one.currency === null || one.currency === currency);
    const without = open - known.lateFees;
    const due = lateFees(
      { id, dueOn, openWithoutLateFees: without > 0n ? without : 0n, chargedSteps: new Set(known.steps) },
      own.map(({ step }) => step),
      today,
    );
    for (const { stepId, amount, explanation } of due) {
      await insertFee(transaction, {
        id: newId('fee', services.clock),
        customerId,
        reference: `late:${id}:${stepId}`,
        description: `Late fee, ${known.number}`,
        productClass: 'lateFee',
        currency,
        amountMinor: amount,
        taxInclusive: false,
        dueOn: act.today,
        lateInvoiceId: id,
        lateStepId: stepId,
        explanation,
      });
      await expectFee(transaction, customerId, act.today);
    }
  }
}
