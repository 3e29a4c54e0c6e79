import type { PlatformDatabase } from '@dotmac/migrations';
import type { Executor } from '@dotmac/platform';
import type { Selectable, Transaction } from 'kysely';
import type { TenantState } from './rules.ts';

export type Tenant = Omit<Selectable<PlatformDatabase['tenants.tenant']>, 'state'> & {
  readonly state: TenantState;
};

export async function tenantsById(db: Executor<PlatformDatabase>, ids: readonly string[]): Promise<Tenant[]> {
  return (await db.selectFrom('tenants.tenant').selectAll().where('id', 'in', ids).execute()) as Tenant[];
}

/** Until the transaction ends nobody else changes it. */
export async function lockedTenant(
  transaction: Transaction<PlatformDatabase>,
  id: string,
): Promise<Tenant | null> {
  const row = await transaction
    .selectFrom('tenants.tenant')
    .selectAll()
    .where('id', '=', id)
    .forUpdate()
    .executeTakeFirst();
  return (row as Tenant | undefined) ?? null;
}

export async function tenantBySlug(db: Executor<PlatformDatabase>, slug: string): Promise<Tenant | null> {
  const row = await db.selectFrom('tenants.tenant').selectAll().where('slug', '=', slug).executeTakeFirst();
  return (row as Tenant | undefined) ?? null;
}

export async function tenantPage(
  db: Executor<PlatformDatabase>,
  after: string | null,
  limit: number,
): Promise<Tenant[]> {
  let query = db.selectFrom('tenants.tenant').selectAll().orderBy('slug').limit(limit);
  if (after !== null) query = query.where('slug', '>', after);
  return (await query.execute()) as Tenant[];
}

export async function allTenants(db: Executor<PlatformDatabase>): Promise<Tenant[]> {
  return (await db.selectFrom('tenants.tenant').selectAll().orderBy('slug').execute()) as Tenant[];
}

/** Those that should run: everything but what has failed for good or is archived. */
export async function tenantsToRun(db: Executor<PlatformDatabase>): Promise<Tenant[]> {
  const rows = await db
    .selectFrom('tenants.tenant')
    .selectAll()
    .where('state', 'in', ['PROVISIONING', 'ACTIVE', 'SUSPENDED'])
    // Tenant zero first: it bills the others.
    .orderBy('isPlatform', 'desc')
    .orderBy('createdAt')
    .execute();
  return rows as Tenant[];
}

/** @returns null when the slug is taken. */
export async function insertTenant(
  db: Executor<PlatformDatabase>,
  tenant: Omit<Tenant, 'state' | 'generation' | 'specHash'>,
): Promise<Tenant | null> {
  const row = await db
    .insertInto('tenants.tenant')
    .values({ ...tenant, state: 'PROVISIONING' })
    .onConflict((conflict) => conflict.column('slug').doNothing())
    .returningAll()
    .executeTakeFirst();
  return (row as Tenant | undefined) ?? null;
}

export async function updateTenant(
  db: Executor<PlatformDatabase>,
  id: string,
  change: Partial<Pick<Tenant, 'state' | 'generation' | 'specHash' | 'trapPort' | 'radsecPort' | 'timeZone'>>,
): Promise<Tenant> {
  const row = await db
    .updateTable('tenants.tenant')
    .set(change)
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirstOrThrow();
  return row as Tenant;
}
