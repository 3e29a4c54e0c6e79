import { type QueryExecutorProvider, sql } from 'kysely';
import { idArray } from '../database/id-array.ts';
import { insertRows } from '../database/insert-rows.ts';
import { accountKey, type PostingSet, prepaidSet } from './rules.ts';

/**
 * Writes postings. The database refuses a (kind, ref) that is there already and any set that does not sum to zero.
 * What is no invoice's of a prepaid customer's money stands in his own account, whoever posts it.
 * @param postedOn local date, ISO.
 * @param at when, by the tenant's clock.
 */
export async function post(
  transaction: QueryExecutorProvider,
  posted: readonly PostingSet[],
  postedOn: string,
  at: Date,
): Promise<void> {
  const sets = await withPrepaid(transaction, posted);
  await insertRows(
    transaction,
    'billing.ledger_transaction',
    { kind: 'text', ref: 'text', currency: 'text', posted_on: 'date', posted_at: 'timestamptz' },
    sets.map(({ kind, ref, currency }) => ({ kind, ref, currency, posted_on: postedOn, posted_at: at })),
  );
  await insertRows(
    transaction,
    'billing.ledger_entry',
    { kind: 'text', ref: 'text', account: 'text', currency: 'text', amount_minor: 'bigint' },
    sets.flatMap(({ kind, ref, currency, entries }) =>
      entries.map(({ account, amount }) => ({
        kind,
        ref,
        account: accountKey(account),
        currency,
        amount_minor: amount,
      })),
    ),
  );
}

async function withPrepaid(
  transaction: QueryExecutorProvider,
  sets: readonly PostingSet[],
): Promise<readonly PostingSet[]> {
  const customers = new Set<string>();
  for (const { entries } of sets)
    for (const { account } of entries) if (account.type === 'unappliedCash') customers.add(account.customer);
  if (customers.size === 0) return sets;
  const { rows } = await sql<{ customerId: string }>`
    select customer_id as "customerId" from billing.prepaid where customer_id = any(${idArray([...customers])})`.execute(
    transaction,
  );
  if (rows.length === 0) return sets;
  const prepaid = new Set(rows.map(({ customerId }) => customerId));
  return sets.map((set) => prepaidSet(set, prepaid));
}
