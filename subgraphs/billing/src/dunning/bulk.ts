import { createHash } from 'node:crypto';
import type { TenantDatabase } from '@dotmac/migrations';
import type { Executor } from '@dotmac/platform';
import { ConflictError, StalePlanError, ValidationError } from '@dotmac/schema';
import type { BillingServices } from '../builder.ts';
import { canonicalJson } from '../numbering/rules.ts';
import { previewFingerprint } from '../preview/rules.ts';
import type { Act } from '../run/issue.ts';
import { dayOfText } from '../run/run.ts';
import { lockAccounts } from '../run/store.ts';
import { type DunningDecision, decideDunning } from './rules.ts';
import { takeSteps, withThresholds } from './run.ts';
import { defaultCampaign, dunningAccounts, overdueCustomers } from './store.ts';
import { previewTerminations, type Termination } from './terminate.ts';

/** What dunning says of one customer and currency today. */
export interface DunningFinding {
  readonly customerId: string;
  readonly decision: DunningDecision;
}

export interface DunningPlan {
  readonly findings: readonly DunningFinding[];
  /** Of those whose services a step ends. */
  readonly terminations: readonly Termination[];
  readonly fingerprint: string;
}

/** Customers whom one call may name. */
const mostCustomers = 5_000;

/**
 * What would happen to these customers, or to everybody who is overdue when the list is null, if dunning ran now. Writes
 * nothing.
 */
export async function planDunning(
  db: Executor<TenantDatabase>,
  services: Pick<BillingServices, 'clock'>,
  customerIds: readonly string[] | null,
  act: Act,
): Promise<DunningPlan> {
  const { today } = act;
  const campaign = await defaultCampaign(db);
  const ids = (customerIds ?? (await overdueCustomers(db, today))).toSorted();
  if (campaign === null || ids.length === 0)
    return { findings: [], terminations: [], fingerprint: fingerprintOf(today, [], []) };
  const findings = (await dunningAccounts(db, ids)).flatMap((account) =>
    decideDunning(account, withThresholds(campaign, account), dayOfText(today)).map((decision) => ({
      customerId: account.id,
      decision,
    })),
  );
  const ended = findings.flatMap(({ customerId, decision }) =>
    decision.outcome === 'STEP' && decision.step.action === 'terminate' ? [customerId] : [],
  );
  const terminations = await previewTerminations(db, services, [...new Set(ended)], act);
  return { findings, terminations, fingerprint: fingerprintOf(today, findings, terminations) };
}

/**
 * Takes the steps that the plan with this fingerprint showed, with the named customers and nobody else. Everything is
 * computed again under the locks of their accounts.
 * @throws ValidationError for a list that is empty, because nobody is not everybody, or too long; StalePlanError.
 */
export async function applyDunning(
  services: BillingServices,
  customerIds: readonly string[],
  fingerprint: string,
  act: Act,
): Promise<DunningPlan> {
  const ids = checkedSelection(customerIds);
  return services.database.transaction().execute(async (transaction) => {
    await lockAccounts(transaction, ids);
    const plan = await planDunning(transaction, services, ids, act);
    if (plan.fingerprint !== fingerprint) throw new StalePlanError();
    const campaign = await defaultCampaign(transaction);
    if (campaign === null) throw new ConflictError('NO_CAMPAIGN', 'There is no campaign to follow');
    await takeSteps(transaction, services, campaign, await dunningAccounts(transaction, ids), act);
    return plan;
  });
}

/** Each customer once. @throws ValidationError */
export function checkedSelection(customerIds: readonly string[]): string[] {
  if (customerIds.length === 0)
    throw new ValidationError(
      'input.customerIds',
      'Name the customers: an empty list is nobody, not everybody',
    );
  if (customerIds.length > mostCustomers)
    throw new ValidationError('input.customerIds', `At most ${mostCustomers} customers at a time`);
  return [...new Set(customerIds)];
}

function fingerprintOf(
  today: string,
  findings: readonly DunningFinding[],
  terminations: readonly Termination[],
): string {
  const text = canonicalJson([
    today,
    findings.map(({ customerId, decision }) => [customerId, ...factsOf(decision)]),
    terminations.map(({ customerId, serviceIds, preview }) =>
      previewFingerprint([customerId, ...serviceIds], preview),
    ),
  ]);
  return createHash('sha256').update(text).digest('hex');
}

function factsOf(decision: DunningDecision) {
  const { outcome, currency } = decision;
  switch (outcome) {
    case 'STEP':
      return [outcome, currency, decision.key, decision.overdue];
    case 'SHIELDED':
      return [outcome, currency, decision.by];
    case 'NOTHING':
      return [outcome, currency, decision.reason];
    default:
      return [outcome, currency];
  }
}
