import { mulDivRound } from '@dotmac/platform/money/rounding';

/** An invoice's totals, and what allocations took of it so far. Minor units. */
export interface PaidSoFar {
  readonly net: bigint;
  readonly gross: bigint;
  readonly paid: bigint;
  readonly paidNet: bigint;
}

/**
 * The share of an allocation that is net of tax. Cumulative, so that the shares of a whole invoice sum to its net
 * whatever the parts were.
 */
export function netShare(invoice: PaidSoFar, amount: bigint): bigint {
  if (invoice.gross === 0n) return 0n;
  return mulDivRound(invoice.net, invoice.paid + amount, invoice.gross) - invoice.paidNet;
}
