import { divRound } from '@dotmac/platform/money/rounding';
import type { Explanation } from '../explanation/rules.ts';

/** A minimum over a period, prorated by covered days like the plan. Amounts in minor units. */
export interface Commitment {
  readonly minimum: bigint;
  readonly coveredDays: number;
  readonly periodDays: number;
  /** What the period's counted charges came to: plan share, usage, or both, as the contract says. */
  readonly charged: bigint;
}

/** What is missing up to the prorated minimum; 0 when it was reached. */
export function trueUp(commitment: Commitment): {
  readonly amount: bigint;
  readonly explanation: Explanation;
} {
  const { minimum, coveredDays, periodDays, charged } = commitment;
  const prorated = divRound(minimum * BigInt(coveredDays), BigInt(periodDays));
  return {
    amount: prorated > charged ? prorated - charged : 0n,
    explanation: {
      rule: 'commitment.true-up',
      version: 1,
      inputs: {
        minimum: `${minimum}`,
        coveredDays: `${coveredDays}`,
        periodDays: `${periodDays}`,
        charged: `${charged}`,
      },
      formula: 'max(round(minimum * coveredDays / periodDays) - charged, 0)',
      facts: {},
    },
  };
}
