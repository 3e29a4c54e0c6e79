import type { TenantDatabase } from '@dotmac/migrations';
import type { Executor } from '@dotmac/platform';
import { type Selectable, sql, type Transaction } from 'kysely';
import { idArray } from '../database/id-array.ts';
import type { Explanation } from '../explanation/rules.ts';
import type { OpenFee } from './rules.ts';

export type Fee = Omit<Selectable<TenantDatabase['billing.fee']>, 'explanation'> & {
  readonly explanation: Explanation;
};

/** Fees of these customers that are on no document, in the order of their days. */
export async function openFees(
  db: Executor<TenantDatabase>,
  customerIds: readonly string[],
): Promise<Map<string, OpenFee[]>> {
  const { rows } = await sql<OpenFee & { customerId: string }>`
    select id, customer_id as "customerId", description, product_class as "productClass", currency,
      amount_minor as amount, tax_inclusive as "taxInclusive", due_on - date '1970-01-01' as "on", explanation
    from billing.fee f
    where customer_id = any(${idArray(customerIds)})
      and not exists (select from billing.document_line l where l.service_line_id = f.id)
    order by due_on, id`.execute(db);
  return Map.groupBy(rows, ({ customerId }) => customerId);
}

/** @returns false when the customer has a fee with this reference, or the invoice this late fee, already. */
export async function insertFee(transaction: Transaction<TenantDatabase>, fee: Fee): Promise<boolean> {
  const { numInsertedOrUpdatedRows } = await transaction
    .insertInto('billing.fee')
    .values({ ...fee, explanation: sql<string>`${JSON.stringify(fee.explanation)}::jsonb` })
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirstOrThrow();
  return numInsertedOrUpdatedRows === 1n;
}

export async function feeByReference(
  db: Executor<TenantDatabase>,
  customerId: string,
  reference: string,
): Promise<Fee | null> {
  const row = await db
    .selectFrom('billing.fee')
    .selectAll()
    .where('customerId', '=', customerId)
    .where('reference', '=', reference)
    .executeTakeFirst();
  return (row as unknown as Fee | undefined) ?? null;
}

export async function feesOfCustomers(
  db: Executor<TenantDatabase>,
  customerIds: readonly string[],
): Promise<Fee[]> {
  return (await db
    .selectFrom('billing.fee')
    .selectAll()
    .where('customerId', 'in', customerIds)
    .orderBy('dueOn')
    .orderBy('id')
    .execute()) as unknown as Fee[];
}
