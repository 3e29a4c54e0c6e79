import type { TenantDatabase } from '@dotmac/migrations';
import type { Executor } from '@dotmac/platform';
import { type Selectable, sql, type Transaction } from 'kysely';
import { insertRows } from '../database/insert-rows.ts';

export type VoucherBatch = Selectable<TenantDatabase['billing.voucherBatch']>;

export async function insertBatch(
  transaction: Transaction<TenantDatabase>,
  batch: VoucherBatch,
  vouchers: readonly { readonly id: string; readonly hash: string }[],
): Promise<void> {
  await transaction.insertInto('billing.voucherBatch').values(batch).execute();
  await insertRows(
    transaction,
    'billing.voucher',
    { id: 'text', batch_id: 'text', hash: 'text' },
    vouchers.map(({ id, hash }) => ({ id, batch_id: batch.id, hash })),
  );
}

export interface StoredVoucher {
  readonly id: string;
  readonly currency: string;
  readonly amount: bigint;
  /** ISO date. */
  readonly expiresOn: string | null;
  readonly paymentId: string | null;
  readonly customerId: string | null;
}

/** The voucher of a code's hash, kept from others until the transaction ends. */
export async function lockedVoucher(
  transaction: Transaction<TenantDatabase>,
  hash: string,
): Promise<StoredVoucher | null> {
  await sql`select pg_advisory_xact_lock(hashtextextended(${hash}, 0))`.execute(transaction);
  const { rows } = await sql<StoredVoucher>`
    select v.id, b.currency, b.amount_minor as amount, b.expires_on as "expiresOn", r.payment_id as "paymentId",
      p.customer_id as "customerId"
    from billing.voucher v join billing.voucher_batch b on b.id = v.batch_id
    left join billing.voucher_redemption r on r.voucher_id = v.id
    left join billing.payment p on p.id = r.payment_id
    where v.hash = ${hash}`.execute(transaction);
  return rows[0] ?? null;
}

export async function insertRedemption(
  transaction: Transaction<TenantDatabase>,
  voucherId: string,
  paymentId: string,
): Promise<void> {
  await transaction.insertInto('billing.voucherRedemption').values({ voucherId, paymentId }).execute();
}

/** Batches, newest first, with how many of each are redeemed. */
export async function batches(
  db: Executor<TenantDatabase>,
): Promise<(VoucherBatch & { readonly redeemed: number })[]> {
  return db
    .selectFrom('billing.voucherBatch as batch')
    .selectAll('batch')
    .select(
      sql<number>`(select count(*)::int from billing.voucher v join billing.voucher_redemption r on r.voucher_id = v.id
        where v.batch_id = batch.id)`.as('redeemed'),
    )
    .orderBy('batch.id', 'desc')
    .execute();
}
