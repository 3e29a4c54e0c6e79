import { parseDecimal } from '@dotmac/platform/money/decimal';
import { divRound } from '@dotmac/platform/money/rounding';
import type { Day } from '../calendar/rules.ts';
import { formatDay } from '../calendar/rules.ts';
import type { Explanation } from '../explanation/rules.ts';

/** One step of a late-fee schedule; charged once per invoice and step. */
export interface LateFeeStep {
  readonly id: string;
  /** Days after the due day before the step applies. */
  readonly graceDays: number;
  readonly fee:
    | { readonly type: 'fixed'; readonly amount: bigint }
    /** Percent of what is overdue, decimal text. */
    | { readonly type: 'percent'; readonly percent: string }
    /** Yearly percent, by actual days since the due day, over 365. */
    | { readonly type: 'dailyInterest'; readonly yearlyPercent: string };
  /** At most this, minor units. */
  readonly cap?: bigint;
}

export interface LateInvoice {
  readonly id: string;
  readonly dueOn: Day;
  /** Open amount without late fees: a late fee never earns a late fee. */
  readonly openWithoutLateFees: bigint;
  readonly chargedSteps: ReadonlySet<string>;
}

export interface LateFee {
  readonly stepId: string;
  readonly amount: bigint;
  readonly explanation: Explanation;
}

/** The late fees due on `today` (local day) that were not charged yet, in the order of the steps. */
export function lateFees(invoice: LateInvoice, steps: readonly LateFeeStep[], today: Day): LateFee[] {
  if (invoice.openWithoutLateFees <= 0n) return [];
  return steps
    .filter((step) => today > invoice.dueOn + step.graceDays && !invoice.chargedSteps.has(step.id))
    .map((step) => fee(invoice, step, today))
    .filter((one) => one.amount > 0n);
}

function fee(invoice: LateInvoice, step: LateFeeStep, today: Day): LateFee {
  const open = invoice.openWithoutLateFees;
  const days = today - invoice.dueOn;
  const { amount, inputs, formula } = uncapped(step, open, days);
  const capped = step.cap !== undefined && amount > step.cap ? step.cap : amount;
  return {
    stepId: step.id,
    amount: capped,
    explanation: {
      rule: `late-fee.${step.fee.type}`,
      version: 1,
      inputs: { ...inputs, ...(step.cap === undefined ? {} : { cap: `${step.cap}` }) },
      formula: step.cap === undefined ? formula : `min(${formula}, cap)`,
      facts: { invoice: invoice.id, step: step.id, dueOn: formatDay(invoice.dueOn), today: formatDay(today) },
    },
  };
}

function uncapped(step: LateFeeStep, open: bigint, days: number) {
  switch (step.fee.type) {
    case 'fixed':
      return { amount: step.fee.amount, inputs: { fee: `${step.fee.amount}` }, formula: 'fee' };
    case 'percent': {
      const rate = parseDecimal(step.fee.percent);
      const inputs = { open: `${open}`, percent: step.fee.percent };
      return {
        amount: divRound(open * rate.num, rate.den * 100n),
        inputs,
        formula: 'round(open * percent / 100)',
      };
    }
    case 'dailyInterest': {
      const rate = parseDecimal(step.fee.yearlyPercent);
      const inputs = { open: `${open}`, percent: step.fee.yearlyPercent, days: `${days}` };
      const amount = divRound(open * rate.num * BigInt(days), rate.den * 36_500n);
      return { amount, inputs, formula: 'round(open * percent / 100 * days / 365)' };
    }
  }
}
