import type { TenantDatabase } from '@dotmac/migrations';
import type { Executor } from '@dotmac/platform';
import { type Selectable, sql, type Transaction } from 'kysely';
import type { Lease, LendingPool } from './pool-state.ts';
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
  const { rows } = await sql<{ poolId: string; available: bigint; assigned: bigint; total: bigint }>`
    select p.id as "poolId", coalesce(a.available, 0) as available, coalesce(a.assigned, l.lent, 0) as assigned,
      coalesce(a.total, 0) as total
    from network.address_pool p
    left join lateral (
      select count(*) filter (where state = 'AVAILABLE') as available,
        count(*) filter (where state = 'ASSIGNED') as assigned, count(*) as total
      from network.address where pool_id = p.id having count(*) > 0
    ) a on p.assignment = 'STATIC'
    left join lateral (
      select count(*) as lent from network.lease where pool_id = p.id and released_at is null
    ) l on p.assignment = 'SESSION'
    where p.id = any(${[...poolIds]}::text[])`.execute(db);
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
    /** Addresses to have at hand; 0 for a pool that lends. */
    readonly size: number;
    readonly kind: LendingPool['kind'];
    readonly assignment: 'STATIC' | 'SESSION';
    readonly lentLength: number;
    readonly nasIds: readonly string[];
    readonly at: Date;
  },
): Promise<AddressPool | null> {
  const { id, name, cidr, size, kind, assignment, lentLength, nasIds, at } = pool;
  const row = await transaction
    .insertInto('network.addressPool')
    .values({ id, name, cidr, kind, assignment, lentLength, nasIds: [...nasIds], createdAt: at })
    .onConflict((conflict) => conflict.doNothing())
    .returningAll()
    .executeTakeFirst();
  if (row === undefined || size === 0) return row ?? null;
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
  poolId: string | null = null,
): Promise<string | null> {
  const row = await transaction
    .updateTable('network.address')
    .set({ state: 'ASSIGNED', serviceId, changedAt: at })
    .where('address', '=', (free) =>
      free
        .selectFrom('network.address')
        .select('address')
        .where('state', '=', 'AVAILABLE')
        .$if(poolId !== null, (ofPool) => ofPool.where('poolId', '=', poolId))
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

/** The address that a service would get from a pool now. @returns null when there is none left. */
export async function nextAddress(db: Executor<TenantDatabase>, poolId: string): Promise<string | null> {
  const row = await db
    .selectFrom('network.address')
    .select('address')
    .where('poolId', '=', poolId)
    .where('state', '=', 'AVAILABLE')
    .orderBy('address')
    .limit(1)
    .executeTakeFirst();
  return row?.address ?? null;
}

/** Gives a service an address of its own choice. @returns false unless it is free in a pool. */
export async function takeAddress(
  transaction: Transaction<TenantDatabase>,
  serviceId: string,
  address: string,
  at: Date,
): Promise<boolean> {
  const result = await transaction
    .updateTable('network.address')
    .set({ state: 'ASSIGNED', serviceId, changedAt: at })
    .where('address', '=', address)
    .where('state', 'in', ['AVAILABLE', 'RESERVED', 'QUARANTINED'])
    .executeTakeFirst();
  return result.numUpdatedRows === 1n;
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

/** Pools that lend, by name: who asks gets from the first that may. */
export async function lendingPools(db: Executor<TenantDatabase>): Promise<LendingPool[]> {
  const rows = await db
    .selectFrom('network.addressPool')
    .select(['id', 'name', 'kind', 'cidr', 'lentLength', 'nasIds'])
    .where('assignment', '=', 'SESSION')
    .orderBy('name')
    .execute();
  return rows as LendingPool[];
}

/** Every lease on record, in the order in which they were released. */
export async function keptLeases(db: Executor<TenantDatabase>): Promise<Lease[]> {
  const rows = await db
    .selectFrom('network.lease as lease')
    .innerJoin('network.addressPool as pool', 'pool.id', 'lease.poolId')
    .select([
      'lease.poolId',
      'pool.kind',
      'lease.prefix',
      'lease.serviceId',
      'lease.mac',
      'lentAt',
      'releasedAt',
    ])
    .orderBy(sql`released_at nulls last`)
    .execute();
  return rows.map((row) => ({
    ...row,
    kind: row.kind as Lease['kind'],
    lentAt: row.lentAt.getTime(),
    releasedAt: row.releasedAt?.getTime() ?? null,
  }));
}

/** Writes what was lent and given back; the newest word of a prefix holds. */
export async function writeLeases(db: Executor<TenantDatabase>, leases: readonly Lease[]): Promise<void> {
  if (leases.length === 0) return;
  const time = (at: number | null) => (at === null ? null : new Date(at).toISOString());
  const rows = leases.map((lease) => ({
    ...lease,
    lentAt: time(lease.lentAt),
    releasedAt: time(lease.releasedAt),
  }));
  await sql`
    insert into network.lease (prefix, pool_id, service_id, mac, lent_at, released_at)
    select * from json_to_recordset(${JSON.stringify(rows)}::json) as row (prefix cidr, "poolId" text, "serviceId" text,
      mac text, "lentAt" timestamptz, "releasedAt" timestamptz)
    on conflict (prefix) do update set pool_id = excluded.pool_id, service_id = excluded.service_id, mac = excluded.mac,
      lent_at = excluded.lent_at, released_at = excluded.released_at`.execute(db);
}

export async function addressPoolById(db: Executor<TenantDatabase>, id: string): Promise<AddressPool | null> {
  const row = await db.selectFrom('network.addressPool').selectAll().where('id', '=', id).executeTakeFirst();
  return row ?? null;
}

/** The pool that an address or prefix overlaps with, and whether it is free there. */
export async function poolHolding(
  db: Executor<TenantDatabase>,
  prefix: string,
): Promise<{ readonly name: string; readonly assignment: string; readonly free: boolean } | null> {
  const { rows } = await sql<{ name: string; assignment: string; free: boolean }>`
    select p.name, p.assignment, coalesce(a.state <> 'ASSIGNED', false) as free
    from network.address_pool p left join network.address a on a.address = ${prefix}::inet
    where p.cidr && ${prefix}::inet limit 1`.execute(db);
  return rows[0] ?? null;
}

/** Whether a block overlaps with a prefix that a service has for good. */
export async function hasFixedPrefixIn(db: Executor<TenantDatabase>, cidr: string): Promise<boolean> {
  const { rows } = await sql`
    select 1 from network.access
    where static_ipv6_prefix && ${cidr}::cidr or static_delegated_prefix && ${cidr}::cidr limit 1`.execute(
    db,
  );
  return rows.length > 0;
}
