import type { TenantDatabase } from '@dotmac/migrations';
import { sql, type Transaction } from 'kysely';
import { idArray } from '../database/id-array.ts';
import type { Draft } from '../document/rules-draft.ts';
import { lockAccounts } from '../run/store.ts';

/** A note that credits an invoice goes to whoever owes that invoice: his account is locked. */
export async function withDebtors(
  transaction: Transaction<TenantDatabase>,
  drafts: readonly Draft[],
): Promise<readonly Draft[]> {
  const credited = drafts.flatMap(({ creditsDocumentId }) => creditsDocumentId ?? []);
  if (credited.length === 0) return drafts;
  const { rows } = await sql<{ id: string; customerId: string }>`
    select document_id as id, customer_id as "customerId" from billing.open_item
    where document_id = any(${idArray(credited)})`.execute(transaction);
  const debtors = new Map(rows.map(({ id, customerId }) => [id, customerId]));
  const found = drafts.map((draft) => {
    const debtor = debtors.get(draft.creditsDocumentId ?? '');
    return debtor === undefined || debtor === draft.customerId ? draft : { ...draft, payerId: debtor };
  });
  await lockAccounts(transaction, [...new Set(found.flatMap(({ payerId }) => payerId ?? []))]);
  return found;
}
