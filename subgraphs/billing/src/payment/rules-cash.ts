import type { Explanation } from '../explanation/rules.ts';

/** The least coin of a currency: what is paid in cash is rounded to it, what is paid otherwise is not. */
export interface LeastCoin {
  readonly currency: string;
  /** ISO date. */
  readonly since: string;
  /** Minor units. */
  readonly minor: bigint;
  readonly source: string;
}

/** Where coins below are no longer made or taken. The euro is not here: its members round by laws of their own, or not at all. */
export const leastCoins: readonly LeastCoin[] = [
  {
    currency: 'AUD',
    since: '1992-02-01',
    minor: 5n,
    source: 'Royal Australian Mint: one and two cent coins were withdrawn from February 1992',
  },
  {
    currency: 'CAD',
    since: '2013-02-04',
    minor: 5n,
    source:
      'Department of Finance Canada, Eliminating the Penny: cash transactions are rounded from 4 February 2013',
  },
  {
    currency: 'CHF',
    since: '2007-01-01',
    minor: 5n,
    source: 'Swiss Confederation: the one-rappen coin is out of circulation from 1 January 2007',
  },
  {
    currency: 'NZD',
    since: '2006-11-01',
    minor: 10n,
    source: 'Reserve Bank of New Zealand: five cent coins ceased to be legal tender on 1 November 2006',
  },
];

/** The least coin of a currency on a local day (ISO); undefined where cash pays any amount. */
export function leastCoin(currency: string, on: string): LeastCoin | undefined {
  return leastCoins.findLast((coin) => coin.currency === currency && coin.since <= on);
}

/** What is paid in cash of what is due: the nearest multiple of the least coin, from the middle down. Minor units. */
export function payableInCash(due: bigint, coin: bigint): bigint {
  const beyond = due % coin;
  return 2n * beyond > coin ? due - beyond + coin : due - beyond;
}

/** What a cash payment settles beyond itself (above zero), or is more than what it settles (below). Minor units. */
export interface CashRounding {
  /** The place of the item that is settled by so much more or less. */
  readonly at: number;
  readonly due: bigint;
  readonly coin: LeastCoin;
  readonly amount: bigint;
}

/**
 * Which of the invoices, in the order in which they are paid, a cash payment is meant to pay in full: as many as come,
 * rounded, to what was paid. Undefined when nothing is rounded.
 */
export function cashRounding(
  paid: bigint,
  items: readonly { readonly open: bigint }[],
  coin: LeastCoin,
): CashRounding | undefined {
  let due = 0n;
  let found: CashRounding | undefined;
  // The largest can take any rounding, unless all of them together are hardly a coin.
  let at = 0;
  for (const [index, { open }] of items.entries()) {
    due += open;
    if (due === paid) return undefined;
    if (open > (items[at]?.open ?? 0n)) at = index;
    const amount = due - paid;
    const largest = items[at]?.open ?? 0n;
    if (payableInCash(due, coin.minor) === paid && largest > amount) found = { at, due, coin, amount };
  }
  return found;
}

/** Why a cash payment was rounded by so much. */
export const explainCashRounding = (due: bigint, coin: bigint, since: string): Explanation => ({
  rule: 'payment.cash-rounding',
  version: 1,
  inputs: { due: `${due}`, coin: `${coin}` },
  formula: 'due - ceil(due / coin - 1 / 2) * coin',
  facts: { coinSince: since },
});
