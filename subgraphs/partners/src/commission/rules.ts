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

/**
 * Whether a payment counts for the first year: it came before twelve months after going live had passed. What was
 * paid before going live was for service after it, and counts.
 */
export function inFirstYear(receivedAt: Date, liveAt: Date): boolean {
  const end = Temporal.Instant.fromEpochMilliseconds(liveAt.getTime())
    .toZonedDateTimeISO('UTC')
    .add({ months: 12 });
  return receivedAt.getTime() < end.epochMilliseconds;
}
