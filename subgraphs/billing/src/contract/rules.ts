import { parseDecimal } from '@dotmac/platform/money/decimal';
import { rationalText } from '@dotmac/platform/money/rational';
import { divRound } from '@dotmac/platform/money/rounding';
import { civilDate, clampedDay, type Day, formatDay } from '../calendar/rules.ts';
import type { Explanation } from '../explanation/rules.ts';

/** The minimum term of a service. */
export interface ContractTerm {
  readonly startedOn: Day;
  readonly months: number;
  readonly noticeDays: number;
  /** After the term: renews by this many months, or ends up monthly when 0. */
  readonly renewMonths: number;
  /** By which holds lengthen the term. */
  readonly extensionDays?: number;
}

/** What leaving early costs. Amounts in minor units. */
export type EarlyTermination =
  | { readonly type: 'fixed'; readonly amount: bigint }
  /** Percent (decimal text) of the monthly rate for every month that is left, begun months count whole. */
  | { readonly type: 'remainingMonths'; readonly monthlyRate: bigint; readonly percent: string }
  /** Falls evenly, month by month, from `amount` at the start to nothing at the end. */
  | { readonly type: 'declining'; readonly amount: bigint };

/** First day after the term that is running on `today`: the original one or a renewal. Undefined: no term runs. */
export function termEnd(term: ContractTerm, today: Day): Day | undefined {
  const { year, month, day } = civilDate(term.startedOn);
  const held = term.extensionDays ?? 0;
  let months = term.months;
  for (;;) {
    const end = clampedDay(year, month + months, day) + held;
    if (today < end) return end;
    if (term.renewMonths < 1) return undefined;
    months += term.renewMonths;
  }
}

/** The earliest end that keeps the notice, when notice is given on `today`: after the term, or after the notice. */
export function earliestEnd(term: ContractTerm, today: Day): Day {
  const noticed = today + term.noticeDays;
  const end = termEnd(term, today);
  if (end === undefined) return noticed;
  return noticed <= end ? end : (termEnd(term, end) ?? noticed);
}

/** Months left of the running term on `endsOn`, a begun month counted whole; 0 outside a term. */
export function remainingMonths(term: ContractTerm, endsOn: Day): number {
  const end = termEnd(term, endsOn);
  if (end === undefined) return 0;
  const { year, month, day } = civilDate(term.startedOn);
  const held = term.extensionDays ?? 0;
  const last = civilDate(end - held);
  const total = (last.year - year) * 12 + last.month - month;
  let left = 0;
  while (clampedDay(year, month + total - left, day) + held > endsOn) left += 1;
  return left;
}

/** The early-termination fee when the service ends on `endsOn`; 0 after the term. A waiver makes it 0 with a reason. */
export function earlyTerminationFee(
  term: ContractTerm,
  fee: EarlyTermination,
  endsOn: Day,
  waiver?: string,
): { readonly amount: bigint; readonly explanation: Explanation } {
  const left = remainingMonths(term, endsOn);
  const priced =
    left === 0 || waiver !== undefined ? { amount: 0n, inputs: {}, formula: '0' } : price(term, fee, left);
  const facts = {
    startedOn: formatDay(term.startedOn),
    endsOn: formatDay(endsOn),
    ...(waiver === undefined ? {} : { waiver }),
  };
  const { amount, inputs, formula } = priced;
  return {
    amount,
    explanation: { rule: `early-termination.${fee.type}`, version: 1, inputs, formula, facts },
  };
}

function price(term: ContractTerm, fee: EarlyTermination, left: number) {
  const months = `${left}`;
  switch (fee.type) {
    case 'fixed':
      return { amount: fee.amount, inputs: { fee: `${fee.amount}` }, formula: 'fee' };
    case 'remainingMonths': {
      const percent = parseDecimal(fee.percent);
      const inputs = { rate: `${fee.monthlyRate}`, percent: rationalText(percent), months };
      const amount = divRound(fee.monthlyRate * BigInt(left) * percent.num, percent.den * 100n);
      return { amount, inputs, formula: 'round(rate * months * percent / 100)' };
    }
    case 'declining': {
      const inputs = { fee: `${fee.amount}`, months, term: `${term.months}` };
      const share = Math.min(left, term.months);
      const amount = divRound(fee.amount * BigInt(share), BigInt(term.months));
      return { amount, inputs, formula: 'round(fee * min(months, term) / term)' };
    }
  }
}
