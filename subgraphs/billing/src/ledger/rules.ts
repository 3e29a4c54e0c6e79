/** Accounts of a tenant's ledger. The customer's, the component's or the gateway's name is part of the account. */
export type Account =
  | { readonly type: 'receivable'; readonly customer: string }
  | { readonly type: 'revenue'; readonly revenueClass: string }
  | { readonly type: 'deferredRevenue'; readonly revenueClass: string }
  | { readonly type: 'taxPayable'; readonly component: string }
  | { readonly type: 'clearing'; readonly gateway: string }
  | { readonly type: 'unappliedCash'; readonly customer: string }
  | { readonly type: 'suspense' }
  | { readonly type: 'deposit'; readonly customer: string }
  | { readonly type: 'prepaid'; readonly customer: string }
  | { readonly type: 'voucherLiability' }
  /** What was paid for vouchers that expired: income, and of no supply. */
  | { readonly type: 'voucherBreakage' }
  | { readonly type: 'badDebt' }
  | { readonly type: 'gatewayFees' }
  | { readonly type: 'cashRounding' }
  | { readonly type: 'fxGainLoss' };

/** One side of a transaction: debit above 0, credit below 0, minor units of the transaction's currency. */
export interface Entry {
  readonly account: Account;
  readonly amount: bigint;
}

/** Everything that posts. (kind, ref) is unique in the ledger, so a document posts once. */
export type PostingKind =
  | 'invoice'
  | 'creditNote'
  | 'payment'
  | 'application'
  | 'paymentReversal'
  | 'refund'
  | 'chargeback'
  | 'deposit'
  | 'depositApplied'
  | 'depositRefund'
  | 'prepaidTransfer'
  | 'prepaidRefund'
  | 'voucherSale'
  | 'voucherRedemption'
  | 'voucherRevocation'
  | 'voucherExpiry'
  | 'writeOff'
  | 'recovery'
  | 'cashRounding'
  | 'suspense'
  | 'suspenseMatched';

export interface PostingSet {
  readonly kind: PostingKind;
  readonly ref: string;
  readonly currency: string;
  readonly entries: readonly Entry[];
}

/** A set of postings that does not sum to zero is a defect of the program, never a state of the world. */
export class UnbalancedPosting extends Error {
  readonly code = 'UNBALANCED_POSTING';
}

/** Stable text of an account: the key of its row. */
export function accountKey(account: Account): string {
  switch (account.type) {
    case 'receivable':
    case 'unappliedCash':
    case 'deposit':
    case 'prepaid':
      return `${account.type}:${account.customer}`;
    case 'revenue':
    case 'deferredRevenue':
      return `${account.type}:${account.revenueClass}`;
    case 'taxPayable':
      return `${account.type}:${account.component}`;
    case 'clearing':
      return `${account.type}:${account.gateway}`;
    default:
      return account.type;
  }
}

/** Merges entries of one account, drops zeros, and insists that the rest sums to zero. */
export function postingSet(
  kind: PostingKind,
  ref: string,
  currency: string,
  entries: readonly Entry[],
): PostingSet {
  const merged: { account: Account; amount: bigint }[] = [];
  let sum = 0n;
  for (const { account, amount } of entries) {
    sum += amount;
    // A document has a handful of accounts: comparing them costs less than their keys.
    const found = merged.find((entry) => sameAccount(entry.account, account));
    if (found === undefined) merged.push({ account, amount });
    else found.amount += amount;
  }
  if (sum !== 0n) throw new UnbalancedPosting(`${kind} ${ref}: entries sum to ${sum} ${currency}, must be 0`);
  return { kind, ref, currency, entries: merged.filter((entry) => entry.amount !== 0n) };
}

const sameAccount = (one: Account, other: Account): boolean =>
  one.type === other.type && accountKey(one) === accountKey(other);

/** The opposite of a posting set, under its own kind and reference. */
export function reversal(set: PostingSet, kind: PostingKind, ref: string): PostingSet {
  const entries = set.entries.map(({ account, amount }) => ({ account, amount: -amount }));
  return postingSet(kind, ref, set.currency, entries);
}

/** Balances by account key and currency: the sum of the entries, which is what a balance is. */
export function balances(sets: readonly PostingSet[]): Map<string, bigint> {
  const found = new Map<string, bigint>();
  for (const set of sets) {
    for (const { account, amount } of set.entries) {
      const key = `${accountKey(account)}|${set.currency}`;
      found.set(key, (found.get(key) ?? 0n) + amount);
    }
  }
  return found;
}

/** The same set, where the unapplied cash of prepaid customers is their prepaid balance. A transfer between the two stays. */
export function prepaidSet(set: PostingSet, prepaid: ReadonlySet<string>): PostingSet {
  if (set.kind === 'prepaidTransfer') return set;
  const entries = set.entries.map(({ account, amount }) =>
    account.type === 'unappliedCash' && prepaid.has(account.customer)
      ? { account: { type: 'prepaid', customer: account.customer } as const, amount }
      : { account, amount },
  );
  return postingSet(set.kind, set.ref, set.currency, entries);
}
