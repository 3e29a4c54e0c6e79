import type { TenantDatabase } from '@dotmac/migrations';
import type { Executor } from '@dotmac/platform';
import { type Selectable, sql, type Transaction } from 'kysely';
import { isReserved } from './rules.ts';

export type AddressPool = Selectable<TenantDatabase['network.addressPool']>;
export interface PoolUse {
  readonly poolId: string;
  readonly available: number;
  readonly assigned: number;
  readonly total: number;
}

export async function addressPools(db: Executor<TenantDatabase>): Promise<AddressPool[]> {
  return db.selectFrom('network.addressPool').selectAll().orderBy('name').execute();
}

export async function poolUses(db: Executor<TenantDatabase>, poolIds: readonly string[]): Promise<PoolUse[]> {
  const rows = await db
    .selectFrom('network.address')
    .select([
      'poolId',
      sql<bigint>`count(*) filter (where state = 'AVAILABLE')`.as('available'),
      sql<bigint>`count(*) filter (where state = 'ASSIGNED')`.as('assigned'),
      sql<bigint>`count(*)`.as('total'),
    ])
    .where('poolId', 'in', poolIds)
    .groupBy('poolId')
    .execute();
  return rows.map((row) => ({
    poolId: row.poolId,
    available: Number(row.available),
    assigned: Number(row.assigned),
    total: Number(row.total),
  }));
}

/** @returns null when the name is taken or the block overlaps another pool's. */
export async function insertPool(
  transaction: Transaction<TenantDatabase>,
  pool: {
    readonly id: string;
    readonly name: string;
    readonly cidr: string;
    readonly size: number;
    readonly at: Date;
  },
): Promise<AddressPool | null> {
  const { id, name, cidr, size, at } = pool;
  const row = await transaction
    .insertInto('network.addressPool')
    .values({ id, name, cidr, createdAt: at })
    .onConflict((conflict) => conflict.doNothing())
    .returningAll()
    .executeTakeFirst();
  if (row === undefined) return null;
  const reserved = Array.from({ length: size }, (_, offset) => offset).filter((offset) =>
    isReserved(offset, size),
  );
  await sql`
    insert into network.address (address, pool_id, state, changed_at)
    select set_masklen(${cidr}::cidr::inet, 32) + n, ${id},
      case when n = any(${reserved}::int[]) then 'RESERVED' else 'AVAILABLE' end, ${at}
    from generate_series(0, ${size - 1}::int) as n`.execute(transaction);
  return row;
}

/**
 * Gives a service the lowest free address of the first pool that has one. Two at once never get the same, because each
 * locks its row and passes over rows that are locked.
 * @returns null when every pool is exhausted.
 */
export async function assignAddress(
  transaction: Transaction<TenantDatabase>,
  serviceId: string,
  at: Date,
): Promise<string | null> {
  const row = await transaction
    .updateTable('network.address')
    .set({ state: 'ASSIGNED', serviceId, changedAt: at })
    .where('address', '=', (free) =>
      free
        .selectFrom('network.address')
        .select('address')
        .where('state', '=', 'AVAILABLE')
        .orderBy('poolId')
        .orderBy('address')
        .limit(1)
        .forUpdate()
        .skipLocked(),
    )
    .returning('address')
    .executeTakeFirst();
  return row?.address ?? null;
}

/** Takes a service's address back into quarantine. */
export async function releaseAddress(
  transaction: Transaction<TenantDatabase>,
  serviceId: string,
  at: Date,
): Promise<void> {
  await transaction
    .updateTable('network.address')
    .set({ state: 'QUARANTINED', serviceId: null, changedAt: at })
    .where('serviceId', '=', serviceId)
    .execute();
}

/** Frees what was given back before `before`. */
export async function endQuarantine(transaction: Transaction<TenantDatabase>, before: Date): Promise<void> {
  await transaction
    .updateTable('network.address')
    .set({ state: 'AVAILABLE' })
    .where('state', '=', 'QUARANTINED')
    .where('changedAt', '<', before)
    .execute();
}
