import type { TenantDatabase } from '@dotmac/migrations';
import type { Executor } from '@dotmac/platform';
import { type Selectable, sql, type Transaction } from 'kysely';

export type Promotion = Selectable<TenantDatabase['billing.promotion']>;

export const allPromotions = (db: Executor<TenantDatabase>): Promise<Promotion[]> =>
  db.selectFrom('billing.promotion').selectAll().orderBy('id').execute();

/** @returns false when its code is taken. */
export async function insertPromotion(
  transaction: Transaction<TenantDatabase>,
  promotion: Promotion,
): Promise<boolean> {
  const { numInsertedOrUpdatedRows } = await transaction
    .insertInto('billing.promotion')
    .values(promotion)
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirstOrThrow();
  return numInsertedOrUpdatedRows === 1n;
}

/** By its code. Who takes it waits for the others, so that none is taken once too often. */
export async function lockedPromotion(
  transaction: Transaction<TenantDatabase>,
  code: string,
): Promise<Promotion | null> {
  await sql`select pg_advisory_xact_lock(hashtext(${`billing.promotion:${code}`}))`.execute(transaction);
  const row = await transaction
    .selectFrom('billing.promotion')
    .selectAll()
    .where('code', '=', code)
    .executeTakeFirst();
  return row ?? null;
}

/** How often a promotion was taken, and whether by this service. */
export async function redemptions(
  db: Executor<TenantDatabase>,
  promotionId: string,
  serviceLineId: string,
): Promise<{ readonly count: number; readonly byService: boolean }> {
  const { rows } = await sql<{ count: number; byService: boolean }>`
    select count(*)::int as count, coalesce(bool_or(service_line_id = ${serviceLineId}), false) as "byService"
    from billing.promotion_redemption where promotion_id = ${promotionId}`.execute(db);
  return rows[0] ?? { count: 0, byService: false };
}

export async function redeem(
  transaction: Transaction<TenantDatabase>,
  redemption: Selectable<TenantDatabase['billing.promotionRedemption']>,
): Promise<void> {
  await transaction.insertInto('billing.promotionRedemption').values(redemption).execute();
}
