import type { TenantDatabase } from '@dotmac/migrations';
import type { Executor } from '@dotmac/platform';
import { type Selectable, sql, type Transaction } from 'kysely';
import { idArray } from '../database/id-array.ts';

export type ShieldRow = Selectable<TenantDatabase['billing.shield']>;

export async function insertShield(
  transaction: Transaction<TenantDatabase>,
  shield: ShieldRow,
): Promise<ShieldRow> {
  return transaction.insertInto('billing.shield').values(shield).returningAll().executeTakeFirstOrThrow();
}

/** @returns null when there is no such shield that stands. */
export async function liftShieldRow(
  transaction: Transaction<TenantDatabase>,
  id: string,
  at: Date,
): Promise<ShieldRow | null> {
  const row = await transaction
    .updateTable('billing.shield')
    .set({ liftedAt: at })
    .where('id', '=', id)
    .where('liftedAt', 'is', null)
    .returningAll()
    .executeTakeFirst();
  return row ?? null;
}

/** Shields that were not lifted, of these customers. */
export async function shieldsOfCustomers(
  db: Executor<TenantDatabase>,
  customerIds: readonly string[],
): Promise<ShieldRow[]> {
  return db
    .selectFrom('billing.shield')
    .selectAll()
    .where('customerId', 'in', customerIds)
    .where('liftedAt', 'is', null)
    .orderBy('id')
    .execute();
}

/** Those of these customers whose whole account is shielded on a local day (ISO), until when; null: until it is lifted. */
export async function shieldedAccounts(
  db: Executor<TenantDatabase>,
  customerIds: readonly string[],
  on: string,
): Promise<Map<string, string | null>> {
  const { rows } = await sql<{ customerId: string; until: string | null }>`
    select customer_id as "customerId", nullif(max(coalesce(until_day, 'infinity')), 'infinity')::text as until
    from billing.shield where customer_id = any(${idArray(customerIds)}) and lifted_at is null and invoice_ids is null
      and from_day <= ${on}::date and (until_day is null or until_day > ${on}::date)
    group by customer_id`.execute(db);
  return new Map(rows.map(({ customerId, until }) => [customerId, until]));
}
