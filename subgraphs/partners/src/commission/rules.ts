import { mulDivRound } from '@dotmac/platform/money/rounding';

/** What has been earned from one tenant in one currency before. */
export interface EarnedSoFar {
  /** Sum of net cash received, minor units. */
  readonly baseMinor: bigint;
  /** Sum of the entries' amounts, minor units. */
  readonly amountMinor: bigint;
}

/**
 * The commission of one more payment (or refund, negative) so that the sum of all entries is the rounded share of the
 * sum of all cash: order, splitting and replay of payments change nothing in total, and a full refund returns exactly
 * what was earned.
 * @param rateBasisPoints 1500 is 15 %.
 */
export function commissionOf(netMinor: bigint, rateBasisPoints: number, before: EarnedSoFar): bigint {
  return mulDivRound(before.baseMinor + netMinor, BigInt(rateBasisPoints), 10_000n) - before.amountMinor;
}

/** Whether a day lies in the first year from going live: [live, live + 12 months). */
export function inFirstYear(day: string, liveFrom: string): boolean {
  const start = Temporal.PlainDate.from(liveFrom);
  const date = Temporal.PlainDate.from(day);
  return (
    Temporal.PlainDate.compare(date, start) >= 0 &&
    Temporal.PlainDate.compare(date, start.add({ months: 12 })) < 0
  );
}
