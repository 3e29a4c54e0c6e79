import type { TenantDatabase } from '@dotmac/migrations';
import type { Executor } from '@dotmac/platform';
import type { Selectable } from 'kysely';

export type Site = Selectable<TenantDatabase['network.site']>;

export async function sites(db: Executor<TenantDatabase>): Promise<Site[]> {
  return db.selectFrom('network.site').selectAll().orderBy('name').execute();
}

export async function sitesById(db: Executor<TenantDatabase>, ids: readonly string[]): Promise<Site[]> {
  return db.selectFrom('network.site').selectAll().where('id', 'in', ids).execute();
}

/** @returns null when the name is taken. */
export async function insertSite(db: Executor<TenantDatabase>, site: Site): Promise<Site | null> {
  const row = await db
    .insertInto('network.site')
    .values(site)
    .onConflict((conflict) => conflict.column('name').doNothing())
    .returningAll()
    .executeTakeFirst();
  return row ?? null;
}
