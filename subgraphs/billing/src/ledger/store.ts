import type { QueryExecutorProvider } from 'kysely';
import { insertRows } from '../database/insert-rows.ts';
import { accountKey, type PostingSet } from './rules.ts';

/**
 * Writes postings. The database refuses a (kind, ref) that is there already and any set that does not sum to zero.
 * @param postedOn local date, ISO.
 */
export async function post(
  transaction: QueryExecutorProvider,
  sets: readonly PostingSet[],
  postedOn: string,
): Promise<void> {
  await insertRows(
    transaction,
    'billing.ledger_transaction',
    { kind: 'text', ref: 'text', currency: 'text', posted_on: 'date' },
    sets.map(({ kind, ref, currency }) => ({ kind, ref, currency, posted_on: postedOn })),
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
