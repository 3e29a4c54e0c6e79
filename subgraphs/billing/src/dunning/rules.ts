import type { ShapingPayload } from '@dotmac/schema';
import { type Day, formatDay } from '../calendar/rules.ts';

type DunningAction =
  | 'reminder'
  | 'secondReminder'
  | 'suspensionNotice'
  | 'slow'
  | 'walledGarden'
  | 'terminate';

/** A step of a campaign. Steps are ordered; one is taken at a time. */
export interface DunningStep {
  readonly id: string;
  /** Days after the oldest due day of the cycle. */
  readonly daysAfterDue: number;
  readonly action: DunningAction;
  /** At least this many days after the step before (a legal minimum of notice is data). */
  readonly minimumDaysAfterPrevious: number;
  /** What `slow` leaves; no other action has it. */
  readonly slowTo?: ShapingPayload;
}

export interface Campaign {
  readonly id: string;
  /** Overdue amounts below the threshold of their currency are not dunned. Minor units. */
  readonly thresholds: Readonly<Record<string, bigint>>;
  readonly steps: readonly DunningStep[];
}

/** Stops enforcement while it stands. `until` is exclusive; undefined stands until it is withdrawn. */
export interface Shield {
  readonly kind:
    | 'grace'
    | 'promiseToPay'
    | 'paymentArrangement'
    | 'paymentProofUnderReview'
    | 'serviceExtension'
    | 'outage'
    | 'dispute';
  readonly from: Day;
  readonly until?: Day;
  /** Invoices it covers; undefined: the whole account. */
  readonly invoiceIds?: readonly string[];
}

export interface OverdueInvoice {
  readonly id: string;
  readonly currency: string;
  readonly dueOn: Day;
  readonly open: bigint;
}

export interface DunningAccount {
  readonly id: string;
  readonly invoices: readonly OverdueInvoice[];
  readonly shields: readonly Shield[];
  /** False when shields or payments could not be read: unknown is never safe to suspend. */
  readonly evidenceComplete: boolean;
  /** Steps taken in the open cycle of each currency. */
  readonly taken: ReadonlyArray<{
    readonly currency: string;
    readonly stepId: string;
    readonly on: Day;
    readonly cycle: string;
  }>;
}

/** What dunning decides for one account and currency. `key` makes a step effective once. */
export type DunningDecision =
  | {
      readonly outcome: 'STEP';
      readonly currency: string;
      readonly step: DunningStep;
      readonly overdue: bigint;
      readonly oldestDueOn: Day;
      /** Name of the cycle: its first oldest due day; later steps of the cycle carry it on. */
      readonly cycle: string;
      readonly key: string;
    }
  | {
      readonly outcome: 'NOTHING';
      readonly currency: string;
      readonly reason: 'NOT_OVERDUE' | 'BELOW_THRESHOLD' | 'WAITING' | 'FINISHED';
    }
  | { readonly outcome: 'SHIELDED'; readonly currency: string; readonly by: Shield['kind'] }
  | { readonly outcome: 'EVIDENCE_MISSING'; readonly currency: string };

/**
 * Decides the next step per currency on `today`. Invoices under a shield of their own do not count; a shield of the
 * account stops every step, as does missing evidence. A part payment keeps the clock of the rest.
 */
export function decideDunning(account: DunningAccount, campaign: Campaign, today: Day): DunningDecision[] {
  const currencies = [...new Set(account.invoices.map((invoice) => invoice.currency))].sort();
  return currencies.map((currency) => decide(account, campaign, currency, today));
}

function standingShields(account: DunningAccount, today: Day): Shield[] {
  return account.shields.filter(
    (shield) => shield.from <= today && today < (shield.until ?? Number.POSITIVE_INFINITY),
  );
}

/** Overdue invoices that no shield covers; none while the evidence is incomplete. */
export function exposedInvoices(account: DunningAccount, today: Day): OverdueInvoice[] {
  if (!account.evidenceComplete) return [];
  const shields = standingShields(account, today);
  return account.invoices.filter(
    ({ id, open, dueOn }) =>
      open > 0n &&
      dueOn < today &&
      !shields.some(({ invoiceIds }) => invoiceIds === undefined || invoiceIds.includes(id)),
  );
}

function decide(account: DunningAccount, campaign: Campaign, currency: string, today: Day): DunningDecision {
  const active = standingShields(account, today);
  const overdue = account.invoices.filter(
    (one) => one.currency === currency && one.open > 0n && one.dueOn < today,
  );
  if (overdue.length === 0) return { outcome: 'NOTHING', currency, reason: 'NOT_OVERDUE' };
  if (!account.evidenceComplete) return { outcome: 'EVIDENCE_MISSING', currency };
  const whole = active.find((shield) => shield.invoiceIds === undefined);
  if (whole !== undefined) return { outcome: 'SHIELDED', currency, by: whole.kind };
  const covering = (id: string) => active.find((shield) => shield.invoiceIds?.includes(id));
  const exposed = overdue.filter((invoice) => covering(invoice.id) === undefined);
  const [firstShield] = overdue.flatMap((invoice) => covering(invoice.id) ?? []);
  if (exposed.length === 0 && firstShield) return { outcome: 'SHIELDED', currency, by: firstShield.kind };
  const total = exposed.reduce((sum, invoice) => sum + invoice.open, 0n);
  const threshold = campaign.thresholds[currency];
  if (threshold === undefined || total < threshold)
    return { outcome: 'NOTHING', currency, reason: 'BELOW_THRESHOLD' };
  return nextStep(account, campaign, {
    currency,
    total,
    today,
    oldestDueOn: Math.min(...exposed.map((one) => one.dueOn)),
  });
}

function nextStep(
  account: DunningAccount,
  campaign: Campaign,
  at: { currency: string; total: bigint; today: Day; oldestDueOn: Day },
): DunningDecision {
  const { currency, total, today, oldestDueOn } = at;
  const taken = account.taken.filter((one) => one.currency === currency);
  // Never back: a step that was put into the campaign behind where he stands is not for him.
  const reached = campaign.steps.findLastIndex((one) => taken.some((done) => done.stepId === one.id));
  const step = campaign.steps[reached + 1];
  if (step === undefined) return { outcome: 'NOTHING', currency, reason: 'FINISHED' };
  const lastOn = Math.max(Number.NEGATIVE_INFINITY, ...taken.map((one) => one.on));
  const waits = today < oldestDueOn + step.daysAfterDue || today < lastOn + step.minimumDaysAfterPrevious;
  if (waits) return { outcome: 'NOTHING', currency, reason: 'WAITING' };
  const cycle = taken[0]?.cycle ?? formatDay(oldestDueOn);
  const key = `${account.id}|${campaign.id}|${currency}|${step.id}|${cycle}`;
  return { outcome: 'STEP', currency, step, overdue: total, oldestDueOn, cycle, key };
}
