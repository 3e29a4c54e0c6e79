import type { TenantDatabase } from '@dotmac/migrations';
import type { Executor } from '@dotmac/platform';
import { type Selectable, sql, type Transaction } from 'kysely';
import type { WriteOffInvoice } from './rules.ts';

export type WriteOff = Selectable<TenantDatabase['billing.writeOff']>;

/** An invoice as a write-off sees it; null when there is none with this id. */
export async function writeOffInvoice(
  db: Executor<TenantDatabase>,
  invoiceId: string,
): Promise<WriteOffInvoice | null> {
  const { rows } = await sql<WriteOffInvoice>`
    select d.id, d.customer_id as "customerId", d.currency, d.net_minor as net, d.gross_minor as gross,
      o.open_minor as open, coalesce(a.paid, 0)::bigint as paid, coalesce(a.net, 0)::bigint as "paidNet",
      coalesce((select sum(amount_minor) from billing.write_off where document_id = d.id), 0)::bigint as "writtenOff"
    from billing.document d
    join billing.open_item o on o.document_id = d.id
    left join lateral (select sum(amount_minor) as paid, sum(net_minor) as net from billing.allocation
      where document_id = d.id) a on true
    where d.id = ${invoiceId} and d.type = 'INVOICE'`.execute(db);
  return rows[0] ?? null;
}

export async function insertWriteOff(
  transaction: Transaction<TenantDatabase>,
  row: WriteOff,
): Promise<WriteOff> {
  return transaction.insertInto('billing.writeOff').values(row).returningAll().executeTakeFirstOrThrow();
}

/** What stands written off of these invoices; none, where nothing does. */
export async function writtenOffOf(
  db: Executor<TenantDatabase>,
  documentIds: readonly string[],
): Promise<{ documentId: string; writtenOff: bigint }[]> {
  const { rows } = await sql<{ documentId: string; writtenOff: bigint }>`
    select document_id as "documentId", sum(amount_minor)::bigint as "writtenOff" from billing.write_off
    where document_id = any(${documentIds}::text[]) group by document_id having sum(amount_minor) > 0`.execute(
    db,
  );
  return rows;
}
