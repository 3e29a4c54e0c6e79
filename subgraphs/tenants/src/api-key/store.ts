import type { PlatformDatabase } from '@dotmac/migrations';
import type { Executor } from '@dotmac/platform';
import type { Insertable, Selectable } from 'kysely';

/** Without the hash, which nobody needs but the gateway. */
export type ApiKey = Omit<Selectable<PlatformDatabase['identity.apiKey']>, 'hash'>;

const columns = [
  'id',
  'name',
  'tenantId',
  'partnerId',
  'scopes',
  'allowedAddresses',
  'expiresAt',
  'revokedAt',
  'rotatedFrom',
  'lastUsedAt',
  'createdAt',
  'createdBy',
] as const;

/** Keys of a tenant or of a partner, newest first. */
export function keysOf(
  db: Executor<PlatformDatabase>,
  owner: { readonly tenantId: string | null; readonly partnerId: string | null },
): Promise<ApiKey[]> {
  return db
    .selectFrom('identity.apiKey')
    .select(columns)
    .where('tenantId', 'is not distinct from', owner.tenantId)
    .where('partnerId', 'is not distinct from', owner.partnerId)
    .orderBy('createdAt', 'desc')
    .execute();
}

export function insertKey(
  db: Executor<PlatformDatabase>,
  key: Insertable<PlatformDatabase['identity.apiKey']>,
): Promise<ApiKey> {
  return db.insertInto('identity.apiKey').values(key).returning(columns).executeTakeFirstOrThrow();
}

/** @returns null unless the owner has such a key that is not revoked yet. */
export async function revokeKey(
  db: Executor<PlatformDatabase>,
  id: string,
  owner: { readonly tenantId: string | null; readonly partnerId: string | null },
  at: Date,
): Promise<ApiKey | null> {
  const row = await db
    .updateTable('identity.apiKey')
    .set({ revokedAt: at })
    .where('id', '=', id)
    .where('tenantId', 'is not distinct from', owner.tenantId)
    .where('partnerId', 'is not distinct from', owner.partnerId)
    .where('revokedAt', 'is', null)
    .returning(columns)
    .executeTakeFirst();
  return row ?? null;
}
