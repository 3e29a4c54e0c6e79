import type { TenantDatabase } from '@dotmac/migrations';
import type { Executor } from '@dotmac/platform';
import { type Selectable, sql, type Transaction } from 'kysely';

type Realm = Selectable<TenantDatabase['network.realm']>;
export type StoredServer = Selectable<TenantDatabase['network.homeServer']>;
export interface RealmWithServers extends Realm {
  /** In the order in which they are asked. */
  readonly servers: readonly StoredServer[];
}

export async function allRealms(db: Executor<TenantDatabase>): Promise<RealmWithServers[]> {
  const realms = await db.selectFrom('network.realm').selectAll().orderBy('name').execute();
  const servers = await db.selectFrom('network.homeServer').selectAll().orderBy('place').execute();
  return realms.map((realm) => ({
    ...realm,
    servers: servers.filter(({ realmId }) => realmId === realm.id),
  }));
}

/** A realm as it shall be; its servers take the place of those it had. */
export async function keepRealm(
  transaction: Transaction<TenantDatabase>,
  { servers, ...realm }: RealmWithServers,
): Promise<void> {
  const { id: _id, createdAt: _createdAt, ...change } = realm;
  await transaction
    .insertInto('network.realm')
    .values(realm)
    .onConflict((conflict) => conflict.column('id').doUpdateSet(change))
    .execute();
  await transaction.deleteFrom('network.homeServer').where('realmId', '=', realm.id).execute();
  if (servers.length > 0)
    await transaction
      .insertInto('network.homeServer')
      .values([...servers])
      .execute();
}

/** Open services of our own whose login names lie in a realm. */
export async function ownLoginsIn(db: Executor<TenantDatabase>, realm: string): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    select count(*)::int as count from network.access
    where closed_at is null and lower(username) like '%@' || ${realm.replace(/[\\%_]/g, '\\$&')}`.execute(db);
  return rows[0]?.count ?? 0;
}

/** What the key of our certificate for a home server is sealed for. */
export function homeServerKeyPurpose(serverId: string): string {
  return `home-server-key:${serverId}`;
}

/** What a home server's secret is sealed for. */
export function homeServerPurpose(serverId: string): string {
  return `home-server:${serverId}`;
}
