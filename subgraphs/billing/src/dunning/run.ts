import type { TenantDatabase } from '@dotmac/migrations';
import { appendEvents, type NewEvent, newId } from '@dotmac/platform';
import type { TenantEvents } from '@dotmac/schema';
import type { Transaction } from 'kysely';
import { lockedAccount } from '../account/store.ts';
import type { BillingServices } from '../builder.ts';
import { chargeLateFees } from '../late-fee/charge.ts';
import { type Act, occurred } from '../run/issue.ts';
import { dayOfText } from '../run/run.ts';
import { followAllPayers, followPayers } from './follow.ts';
import { bringBackLocks, relieve } from './relief.ts';
import { type Campaign, type DunningAccount, type DunningDecision, decideDunning } from './rules.ts';
import { restrictionOf } from './rules-restriction.ts';
import { claimOverdue, defaultCampaign, dunningAccounts, insertTaken, openCycles } from './store.ts';
import { relievedCustomers } from './store-exposure.ts';
import { placeLocks } from './store-lock.ts';

const chunkSize = 1_000;

type StepDecision = Extract<DunningDecision, { outcome: 'STEP' }>;

/** Takes the step that is due today with every overdue customer, at most one per currency and day. */
export async function runDunning(services: BillingServices, act: Act): Promise<void> {
  for (let after: string | undefined = ''; after !== undefined; ) {
    const from: string = after;
    after = await services.database
      .transaction()
      .execute((transaction) => dunChunk(transaction, services, from, act));
  }
  // A payment relieves at once; a credit of the billing run is noticed here.
  for (const customerId of await relievedCustomers(services.database, act.today)) {
    await services.database.transaction().execute(async (transaction) => {
      await lockedAccount(transaction, customerId);
      await relieve(transaction, customerId, 'credited', act);
    });
  }
  await bringBackLocks(services, act);
  await followAllPayers(services, act);
}

/** @returns the last customer of the chunk, or undefined when there is nobody left. */
async function dunChunk(
  transaction: Transaction<TenantDatabase>,
  services: BillingServices,
  after: string,
  act: Act,
): Promise<string | undefined> {
  const campaign = await defaultCampaign(transaction);
  if (campaign === null) return undefined;
  const customerIds = await claimOverdue(transaction, act.today, after, chunkSize);
  if (customerIds.length === 0) return undefined;
  const accounts = await dunningAccounts(transaction, customerIds);
  await chargeLateFees(transaction, services, campaign.id, accounts, act);
  await takeSteps(transaction, services, campaign, accounts, act);
  return customerIds.at(-1);
}

type CycledAccount = Awaited<ReturnType<typeof dunningAccounts>>[number];

/** Takes the step that is due with each of these accounts. The caller holds their locks. */
export async function takeSteps(
  transaction: Transaction<TenantDatabase>,
  services: Pick<BillingServices, 'clock'>,
  campaign: Campaign,
  accounts: readonly CycledAccount[],
  act: Act,
): Promise<void> {
  const steps = accounts.flatMap((account) =>
    decideDunning(account, withThresholds(campaign, account), dayOfText(act.today))
      .filter((decision) => decision.outcome === 'STEP')
      .map((decision) => ({ account, decision, cycleId: account.cycles.get(decision.currency) ?? null })),
  );
  const known = steps.map((step) => ({ ...step, cycleId: step.cycleId ?? newId('dun', services.clock) }));
  await openCycles(
    transaction,
    known.flatMap(({ account, decision, cycleId }, index) =>
      steps[index]?.cycleId !== null
        ? []
        : [
            {
              id: cycleId,
              customerId: account.id,
              campaignId: campaign.id,
              currency: decision.currency,
              oldestDueOn: decision.cycle,
            },
          ],
    ),
  );
  await insertTaken(
    transaction,
    known.map(({ decision, cycleId }) => ({
      cycleId,
      stepId: decision.step.id,
      takenOn: act.today,
      overdue: decision.overdue,
    })),
  );
  await enforce(transaction, known, act);
}

/** A currency without a threshold of its own is dunned from one minor unit on. */
export function withThresholds(campaign: Campaign, account: DunningAccount): Campaign {
  const thresholds = Object.fromEntries(account.invoices.map(({ currency }) => [currency, 1n]));
  return { ...campaign, thresholds: { ...thresholds, ...campaign.thresholds } };
}

async function enforce(
  transaction: Transaction<TenantDatabase>,
  steps: readonly { readonly account: DunningAccount; readonly decision: StepDecision }[],
  act: Act,
): Promise<void> {
  const events: NewEvent<TenantEvents>[] = steps.map(({ account, decision }) => ({
    type: 'dunning.step.executed',
    subject: account.id,
    payload: { customerId: account.id, invoiceId: oldestOf(account, decision), step: decision.step.id },
    ...occurred(act),
  }));
  const restricted = steps.flatMap(({ account, decision }) => {
    const restriction = restrictionOf(decision.step);
    if (restriction === null) return [];
    const because =
      restriction.kind === 'CUT' ? 'invoices are overdue' : `invoices are overdue, step ${decision.step.id}`;
    return [{ customerId: account.id, restriction, because }];
  });
  events.push(...(await placeLocks(transaction, restricted, act)));
  for (const { account, decision } of steps)
    if (decision.step.action === 'terminate')
      events.push({
        type: 'billing.termination.requested',
        subject: account.id,
        payload: { customerId: account.id, on: act.today, because: 'invoices are overdue' },
        ...occurred(act),
      });
  await appendEvents<TenantEvents>(transaction, events);
  await followPayers(
    transaction,
    restricted.map(({ customerId }) => customerId),
    act,
  );
}

function oldestOf(account: DunningAccount, decision: StepDecision): string {
  const { currency, oldestDueOn } = decision;
  return account.invoices.find((one) => one.currency === currency && one.dueOn === oldestDueOn)?.id ?? '';
}
