import type { TenantDatabase } from '@dotmac/migrations';
import type { Executor } from '@dotmac/platform';
import type { VoucherGrant } from '@dotmac/schema';
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
  readonly batchId: string;
  readonly currency: string;
  readonly amount: bigint;
  /** ISO date. */
  readonly expiresOn: string | null;
  readonly isRevoked: boolean;
  /** Somebody has logged in with it. */
  readonly isUsed: boolean;
  readonly planId: string | null;
  readonly seconds: bigint | null;
  readonly octets: bigint | null;
  readonly paymentId: string | null;
  readonly customerId: string | null;
}

/** The voucher of a code's hash, kept from others until the transaction ends. */
export async function lockedVoucher(
  transaction: Transaction<TenantDatabase>,
  hash: string,
): Promise<StoredVoucher | null> {
  await sql`select pg_advisory_xact_lock(hashtextextended(${hash}, 0))`.execute(transaction);
  return voucherByHash(transaction, hash);
}

export async function voucherByHash(
  db: Executor<TenantDatabase>,
  hash: string,
): Promise<StoredVoucher | null> {
  const { rows } = await sql<StoredVoucher>`
    select v.id, v.batch_id as "batchId", b.currency, b.amount_minor as amount, b.expires_on as "expiresOn",
      r.payment_id as "paymentId", p.customer_id as "customerId", b.plan_id as "planId", b.seconds, b.octets,
      exists (select from billing.voucher_revocation x where x.voucher_id = v.id) as "isRevoked",
      exists (select from billing.voucher_use u where u.voucher_id = v.id) as "isUsed"
    from billing.voucher v join billing.voucher_batch b on b.id = v.batch_id
    left join billing.voucher_redemption r on r.voucher_id = v.id
    left join billing.payment p on p.id = r.payment_id
    where v.hash = ${hash}`.execute(db);
  return rows[0] ?? null;
}

export async function insertRedemption(
  transaction: Transaction<TenantDatabase>,
  voucherId: string,
  paymentId: string,
): Promise<void> {
  await transaction.insertInto('billing.voucherRedemption').values({ voucherId, paymentId }).execute();
}

/** Notes a first login. @returns what the voucher was worth; null when it is nothing any more, or was noted before. */
export async function useVoucher(
  transaction: Transaction<TenantDatabase>,
  voucherId: string,
  usedOn: string,
): Promise<{ readonly amount: bigint; readonly currency: string } | null> {
  await sql`select pg_advisory_xact_lock(hashtextextended(hash, 0)) from billing.voucher where id = ${voucherId}`.execute(
    transaction,
  );
  const { rows } = await sql<{ amount: bigint; currency: string }>`
    with used as (
      insert into billing.voucher_use (voucher_id, used_on)
      select v.id, ${usedOn}::date from billing.voucher v where v.id = ${voucherId}
        and not exists (select from billing.voucher_redemption r where r.voucher_id = v.id)
        and not exists (select from billing.voucher_revocation x where x.voucher_id = v.id)
        and not exists (select from billing.voucher_expiry e where e.voucher_id = v.id)
      on conflict do nothing returning voucher_id
    )
    select b.amount_minor as amount, b.currency from used u
    join billing.voucher v on v.id = u.voucher_id join billing.voucher_batch b on b.id = v.batch_id`.execute(
    transaction,
  );
  return rows[0] ?? null;
}

/** Batches, newest first, with how many of each are redeemed. */
export async function batches(
  db: Executor<TenantDatabase>,
): Promise<(VoucherBatch & { readonly redeemed: number })[]> {
  return db
    .selectFrom('billing.voucherBatch as batch')
    .selectAll('batch')
    .select(
      sql<number>`(select count(*)::int from billing.voucher v where v.batch_id = batch.id and (
        exists (select from billing.voucher_redemption r where r.voucher_id = v.id)
        or exists (select from billing.voucher_use u where u.voucher_id = v.id)))`.as('redeemed'),
    )
    .orderBy('batch.id', 'desc')
    .execute();
}

/** What network is told of a voucher. */
export const grantsOf = ({
  planId,
  seconds,
  octets,
}: Pick<VoucherBatch, 'planId' | 'seconds' | 'octets'>): VoucherGrant => ({
  planId,
  seconds: seconds === null ? null : Number(seconds),
  octets: octets === null ? null : `${octets}`,
});

export async function batchById(
  db: Executor<TenantDatabase>,
  id: string,
): Promise<(VoucherBatch & { readonly redeemed: number }) | null> {
  return (await batches(db)).find((batch) => batch.id === id) ?? null;
}

/** The vouchers of a batch that are neither redeemed nor revoked: those of these hashes, or all. Locked. */
export async function liveVouchers(
  transaction: Executor<TenantDatabase>,
  batchId: string,
  hashes: readonly string[] | null,
): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    select v.id from billing.voucher v where v.batch_id = ${batchId}
      and (${hashes === null} or v.hash = any(${hashes ?? []}::text[]))
      and not exists (select from billing.voucher_redemption r where r.voucher_id = v.id)
      and not exists (select from billing.voucher_use u where u.voucher_id = v.id)
      and not exists (select from billing.voucher_revocation x where x.voucher_id = v.id)
      and not exists (select from billing.voucher_expiry e where e.voucher_id = v.id)
    order by v.id`.execute(transaction);
  return rows.map(({ id }) => id);
}

/** Batches whose vouchers expired by a local day (ISO), some of which are still owed. */
export async function expiredBatches(
  db: Executor<TenantDatabase>,
  today: string,
): Promise<{ readonly id: string; readonly currency: string; readonly amount: bigint }[]> {
  const { rows } = await sql<{ id: string; currency: string; amount: bigint }>`
    select b.id, b.currency, b.amount_minor as amount from billing.voucher_batch b
    where b.expires_on <= ${today}::date and exists (select from billing.voucher v where v.batch_id = b.id
      and not exists (select from billing.voucher_redemption r where r.voucher_id = v.id)
      and not exists (select from billing.voucher_use u where u.voucher_id = v.id)
      and not exists (select from billing.voucher_revocation x where x.voucher_id = v.id)
      and not exists (select from billing.voucher_expiry e where e.voucher_id = v.id))
    order by b.id`.execute(db);
  return rows;
}

export async function insertExpiries(
  transaction: Transaction<TenantDatabase>,
  ids: readonly string[],
  on: string,
): Promise<void> {
  await insertRows(
    transaction,
    'billing.voucher_expiry',
    { voucher_id: 'text', expired_on: 'date' },
    ids.map((id) => ({ voucher_id: id, expired_on: on })),
  );
}

/** Keeps redemptions of these vouchers away until the transaction ends. */
export async function lockVouchers(transaction: Transaction<TenantDatabase>, batchId: string): Promise<void> {
  await sql`
    select pg_advisory_xact_lock(hashtextextended(hash, 0)) from billing.voucher
    where batch_id = ${batchId} order by hash`.execute(transaction);
}

export async function insertRevocations(
  transaction: Transaction<TenantDatabase>,
  ids: readonly string[],
  { because, by, on }: { readonly because: string; readonly by: string; readonly on: string },
): Promise<void> {
  await insertRows(
    transaction,
    'billing.voucher_revocation',
    { voucher_id: 'text', because: 'text', revoked_by: 'text', revoked_on: 'date' },
    ids.map((id) => ({ voucher_id: id, because, revoked_by: by, revoked_on: on })),
  );
}
