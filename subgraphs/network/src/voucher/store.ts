import type { TenantDatabase } from '@dotmac/migrations';
import type { Executor } from '@dotmac/platform';
import { sql, type Transaction } from 'kysely';
import type { Voucher } from './rules.ts';

/** A page of vouchers by id, without those that are void and unused. */
export async function vouchersAfter(
  db: Executor<TenantDatabase>,
  after: string,
  limit: number,
): Promise<Voucher[]> {
  const { rows } = await sql<Voucher>`
    select id, hash, plan_id as "planId", valid_seconds as "validSeconds", octets::text as octets,
      expires_on::text as "expiresOn", used_at is not null as used
    from network.voucher where id > ${after} and (used_at is not null or not void) order by id limit ${limit}`.execute(
    db,
  );
  return rows;
}

export async function insertVoucher(
  transaction: Transaction<TenantDatabase>,
  { id, hash, planId, validSeconds, octets, expiresOn }: Voucher,
): Promise<void> {
  await transaction
    .insertInto('network.voucher')
    .values({ id, hash, planId, validSeconds, octets, expiresOn })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

/** Nobody logs in with it any more. */
export async function voidVoucher(transaction: Transaction<TenantDatabase>, id: string): Promise<void> {
  await transaction.updateTable('network.voucher').set({ void: true }).where('id', '=', id).execute();
}

/** Begins a voucher's time. @returns false when somebody else has, here or in another process. */
export async function takeVoucher(
  transaction: Transaction<TenantDatabase>,
  id: string,
  usedAt: Date,
): Promise<boolean> {
  const { numUpdatedRows } = await transaction
    .updateTable('network.voucher')
    .set({ usedAt })
    .where('id', '=', id)
    .where('usedAt', 'is', null)
    .where('void', '=', false)
    .executeTakeFirst();
  return numUpdatedRows === 1n;
}

/** Accesses of vouchers that ended before an instant, closed; their codes are unknown from then on. @returns their ids. */
export async function closeEndedVouchers(
  transaction: Transaction<TenantDatabase>,
  before: Date,
  now: Date,
): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    with closed as (
      update network.access set closed_at = ${now}, mode = 'BLOCKED'
      where closed_at is null and terms is not null and (terms->>'voucher')::boolean
        and (terms->>'validUntil')::timestamptz < ${before}
      returning service_id
    ), gone as (
      delete from network.voucher where id in (select service_id from closed)
    )
    select service_id as id from closed`.execute(transaction);
  return rows.map(({ id }) => id);
}
