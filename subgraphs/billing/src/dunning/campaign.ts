import { createHash } from 'node:crypto';
import type { TenantDatabase } from '@dotmac/migrations';
import type { Executor } from '@dotmac/platform';
import { ConflictError, StalePlanError } from '@dotmac/schema';
import type { BillingServices } from '../builder.ts';
import { canonicalJson } from '../numbering/rules.ts';
import { dayOfText } from '../run/run.ts';
import type { Campaign } from './rules.ts';
import { checkCampaign } from './rules-campaign.ts';
import { type ForecastStep, forecastDunning } from './rules-forecast.ts';
import { withThresholds } from './run.ts';
import { defaultCampaign, dunningAccounts, overdueCustomers } from './store.ts';
import { replaceCampaign } from './store-campaign.ts';

/** What a campaign may be given: its name and id stay. */
export type CampaignTerms = Pick<Campaign, 'steps' | 'thresholds'>;

/** A step that a customer will meet. */
export interface ForecastFinding extends ForecastStep {
  readonly customerId: string;
}

/** What the next `days` days bring to everybody who is overdue, under the campaign that holds or under other terms. */
export async function forecast(
  db: Executor<TenantDatabase>,
  today: string,
  days: number,
  terms?: CampaignTerms,
): Promise<ForecastFinding[]> {
  const standing = await defaultCampaign(db);
  if (standing === null) return [];
  const campaign = { ...standing, ...terms };
  const ids = (await overdueCustomers(db, today)).toSorted();
  return (await dunningAccounts(db, ids))
    .flatMap((account) =>
      forecastDunning(account, withThresholds(campaign, account), dayOfText(today), days).map((step) => ({
        ...step,
        customerId: account.id,
      })),
    )
    .sort((a, b) => a.on - b.on);
}

export interface CampaignPlan {
  readonly findings: readonly ForecastFinding[];
  readonly fingerprint: string;
}

/** Days that the preview of a campaign looks ahead. */
const horizonDays = 60;

/** Whom these terms would meet, and when. Writes nothing. @throws ValidationError */
export async function planCampaign(
  db: Executor<TenantDatabase>,
  terms: CampaignTerms,
  today: string,
): Promise<CampaignPlan> {
  checkCampaign(terms);
  const findings = await forecast(db, today, horizonDays, terms);
  const facts = [
    today,
    terms.steps.map((step) => [
      step.id,
      step.action,
      step.daysAfterDue,
      step.minimumDaysAfterPrevious,
      JSON.stringify(step.slowTo ?? null),
    ]),
    Object.entries(terms.thresholds).toSorted(),
    findings.map(({ customerId, currency, on, step, overdue }) => [
      customerId,
      currency,
      on,
      step.id,
      overdue,
    ]),
  ];
  return { findings, fingerprint: createHash('sha256').update(canonicalJson(facts)).digest('hex') };
}

/**
 * Puts the terms in force that the plan with this fingerprint showed. Whoever is slowed down or cut off stays so; his next
 * step is one of the new ones.
 * @throws ValidationError, ConflictError, StalePlanError
 */
export async function applyCampaign(
  { database }: Pick<BillingServices, 'database'>,
  terms: CampaignTerms,
  fingerprint: string,
  today: string,
): Promise<Campaign> {
  return database.transaction().execute(async (transaction) => {
    const standing = await defaultCampaign(transaction);
    if (standing === null) throw new ConflictError('NO_CAMPAIGN', 'There is no default dunning campaign');
    const plan = await planCampaign(transaction, terms, today);
    if (plan.fingerprint !== fingerprint) throw new StalePlanError();
    await replaceCampaign(transaction, { ...standing, ...terms });
    return (await defaultCampaign(transaction)) as Campaign;
  });
}
