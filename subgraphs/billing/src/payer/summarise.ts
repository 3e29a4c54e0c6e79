import type { TenantDatabase } from '@dotmac/migrations';
import { newId } from '@dotmac/platform';
import { sql, type Transaction } from 'kysely';
import type { BillingServices } from '../builder.ts';
import { idArray } from '../database/id-array.ts';
import type { IssuedDocument } from '../document/store.ts';
import { insertSummary } from './store.ts';

/** Lists the documents that were issued for members of the mode `summary`, a list for each payer. */
export async function summarise(
  transaction: Transaction<TenantDatabase>,
  { clock }: Pick<BillingServices, 'clock'>,
  issued: readonly IssuedDocument[],
): Promise<void> {
  const passed = issued.filter(({ draft }) => draft.payerId !== undefined);
  if (passed.length === 0) return;
  const { rows } = await sql<{ id: string }>`
    select customer_id as id from billing.account where payer_mode = 'summary'
      and customer_id = any(${idArray(passed.map(({ draft }) => draft.customerId))})`.execute(transaction);
  const members = new Set(rows.map(({ id }) => id));
  const listed = passed.filter(({ draft }) => members.has(draft.customerId));
  for (const [payerId = '', documents] of Map.groupBy(listed, ({ draft }) => draft.payerId)) {
    const [first] = documents;
    if (first === undefined) continue;
    await insertSummary(
      transaction,
      {
        id: newId('sum', clock),
        payerId,
        issuedOn: first.issuedOn,
        dueOn: first.dueOn,
        currency: first.draft.currency,
        totalMinor: documents.reduce((sum, { draft }) => sum + draft.gross, 0n),
      },
      documents.map(({ id }) => id),
    );
  }
}
