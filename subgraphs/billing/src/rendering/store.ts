import type { TenantDatabase } from '@dotmac/migrations';
import type { Executor } from '@dotmac/platform';
import { sql } from 'kysely';
import type { Document } from '../document/store.ts';

/** What credit or a prepaid balance paid of an invoice in the moment it was issued: minor units. */
export async function paidAtIssue(
  db: Executor<TenantDatabase>,
  { id, type, issuedAt }: Pick<Document, 'id' | 'type' | 'issuedAt'>,
): Promise<bigint> {
  if (type !== 'INVOICE') return 0n;
  const { rows } = await sql<{ paid: bigint }>`
    select coalesce(sum(amount_minor), 0)::bigint as paid from billing.allocation
    where document_id = ${id} and allocated_at = ${issuedAt}`.execute(db);
  return rows[0]?.paid ?? 0n;
}
