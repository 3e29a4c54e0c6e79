import type { TenantDatabase } from '@dotmac/migrations';
import type { Executor } from '@dotmac/platform';
import { type Selectable, sql, type Transaction } from 'kysely';
import { creditItems } from '../settlement/store.ts';
import type { NoteCredit, ReturnablePayment } from './rules.ts';

export type PaymentReturn = Selectable<TenantDatabase['billing.paymentReturn']>;

/**
 * A payment with what went back of it, or is on its way back, and where the rest is; null when there is none with
 * this id. `exceptRefundId`: the order on its way that is being carried out.
 */
export async function returnablePayment(
  db: Executor<TenantDatabase>,
  paymentId: string,
  exceptRefundId = '',
): Promise<ReturnablePayment | null> {
  const payment = await db
    .selectFrom('billing.payment')
    .selectAll()
    .where('id', '=', paymentId)
    .executeTakeFirst();
  if (payment === undefined) return null;
  const { rows: allocations } = await sql<ReturnablePayment['allocations'][number]>`
    select own.document_id as "documentId", own.amount as left, d.net_minor as net, d.gross_minor as gross,
      total.paid, total.net as "paidNet"
    from (select document_id, sum(amount_minor)::bigint as amount from billing.allocation
      where source_id = ${paymentId}
        or source_id in (select id from billing.payment_return where payment_id = ${paymentId})
      group by document_id) own
    join billing.document d on d.id = own.document_id
    cross join lateral (select sum(amount_minor)::bigint as paid, sum(net_minor)::bigint as net
      from billing.allocation where document_id = own.document_id) total
    where own.amount > 0 order by d.due_on desc, d.sequence desc`.execute(db);
  const credits = await creditItems(db, [payment.customerId]);
  const { rows: notes } = await sql<NoteCredit>`
    select c.source_id as "sourceId", c.open_minor as open, -d.net_minor as net, -d.gross_minor as gross
    from billing.credit_item c join billing.document d on d.id = c.source_id
    where c.customer_id = ${payment.customerId} and c.currency = ${payment.currency} and c.open_minor > 0
    order by c.created_at, c.source_id`.execute(db);
  const { rows: returned } = await sql<{ total: bigint }>`
    select coalesce(sum(amount_minor), 0)::bigint as total from (
      select amount_minor from billing.payment_return where payment_id = ${paymentId}
      union all select amount_minor from billing.prepaid_refund_part where source_id = ${paymentId}
      union all select amount_minor from billing.provider_refund
        where payment_id = ${paymentId} and state in ('requested', 'pending') and id <> ${exceptRefundId}) gone`.execute(
    db,
  );
  const { rows: roundings } = await sql<NonNullable<ReturnablePayment['rounding']>>`
    select r.id, r.document_id as "documentId", r.amount_minor as amount from billing.cash_rounding r
    where r.payment_id = ${paymentId} and r.reverses is null
      and not exists (select from billing.cash_rounding b where b.reverses = r.id)`.execute(db);
  return {
    id: payment.id,
    customerId: payment.customerId,
    method: payment.method,
    currency: payment.currency,
    amount: payment.amountMinor,
    returned: returned[0]?.total ?? 0n,
    credit: credits.find((one) => one.sourceId === paymentId)?.open ?? 0n,
    noteCredits: notes,
    rounding: roundings[0] ?? null,
    allocations,
  };
}

export async function insertReturn(
  transaction: Transaction<TenantDatabase>,
  row: PaymentReturn,
): Promise<PaymentReturn> {
  return transaction.insertInto('billing.paymentReturn').values(row).returningAll().executeTakeFirstOrThrow();
}

export async function returnByReference(
  db: Executor<TenantDatabase>,
  paymentId: string,
  kind: string,
  reference: string,
): Promise<PaymentReturn | null> {
  const row = await db
    .selectFrom('billing.paymentReturn')
    .selectAll()
    .where('paymentId', '=', paymentId)
    .where('kind', '=', kind)
    .where('reference', '=', reference)
    .executeTakeFirst();
  return row ?? null;
}

export async function returnsOfPayments(
  db: Executor<TenantDatabase>,
  paymentIds: readonly string[],
): Promise<PaymentReturn[]> {
  return db
    .selectFrom('billing.paymentReturn')
    .selectAll()
    .where('paymentId', 'in', paymentIds)
    .orderBy('id')
    .execute();
}
