import { parseDecimal } from '@dotmac/platform/money/decimal';
import { over, type Rational, rational, round, times } from '@dotmac/platform/money/rational';
import type { Explanation } from '../explanation/rules.ts';

/** Instants in milliseconds since the epoch, half-open. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** Milliseconds of a span that none of the known ones covers: two incidents never pay for the same minute. */
export function uncovered(span: Span, known: readonly Span[]): number {
  let [at, left] = [span.from, 0];
  for (const one of known.toSorted((a, b) => a.from - b.from)) {
    if (one.to <= at) continue;
    if (one.from >= span.to) break;
    left += Math.max(0, one.from - at);
    at = one.to;
  }
  return left + Math.max(0, span.to - at);
}

export interface OutagePolicy {
  readonly minimumMinutes: number;
  /** Of what was charged for the time, as decimal text. */
  readonly percent: string;
}

/** Whether an outage is long enough for a credit. */
export const earnsCredit = (downSeconds: number, { minimumMinutes }: OutagePolicy): boolean =>
  downSeconds > 0 && downSeconds >= minimumMinutes * 60;

/** What was charged for the days that an outage lies in: after discounts and earlier credits, in minor units. */
export interface ChargedTime {
  readonly charged: bigint;
  readonly days: number;
}

/**
 * The credit for an outage (minor units, from 0): the share of what was charged for that time, never more than what is
 * left of the line that it is taken off.
 */
export function outageCredit(
  { charged, days }: ChargedTime,
  outage: { readonly downSeconds: bigint; readonly incidentId: string; readonly summary: string } & Span,
  policy: OutagePolicy,
  left: bigint,
): { readonly amount: bigint; readonly explanation: Explanation } {
  const share: Rational = rational(outage.downSeconds, BigInt(days) * 86_400n);
  const percent = over(parseDecimal(policy.percent), rational(100n));
  const due = round(times(times(rational(charged), share), percent));
  return {
    amount: due < left ? due : left,
    explanation: {
      rule: 'outage.credit',
      version: 1,
      inputs: {
        charged: `${charged}`,
        downSeconds: `${outage.downSeconds}`,
        days: `${days}`,
        percent: policy.percent,
        left: `${left}`,
      },
      formula: '-min(round(charged * downSeconds / (days * 86400) * percent / 100), left)',
      facts: {
        incident: outage.incidentId,
        summary: outage.summary,
        from: new Date(outage.from).toISOString(),
        to: new Date(outage.to).toISOString(),
      },
    },
  };
}
