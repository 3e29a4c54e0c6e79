import type { PlatformDatabase } from '@dotmac/migrations';
import type { Executor } from '@dotmac/platform';
import type { Insertable, Selectable } from 'kysely';

/** Without the hash, which nobody needs but the gateway. */
export type ApiKey = Omit<Selectable<PlatformDatabase['identity.apiKey']>, 'hash'>;

export interface KeyOwner {
  readonly tenantId: string | null;
  readonly partnerId: string | null;
}

export const columns = [
  'id',
  'name',
  'tenantId',
  'partnerId',
  'scopes',
  'trustedDocumentsOnly',
  'allowedAddresses',
  'expiresAt',
  'revokedAt',
  'rotatedFrom',
  'lastUsedAt',
  'createdAt',
  'createdBy',
] as const;

/** Keys of a tenant or of a partner, newest first. */
export function keysOf(db: Executor<PlatformDatabase>, owner: KeyOwner): Promise<ApiKey[]> {
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

/** The owner's key, locked for a change; null unless there is one that is neither revoked nor expired. */
export async function lockLiveKey(
  db: Executor<PlatformDatabase>,
  id: string,
  owner: KeyOwner,
  now: Date,
): Promise<ApiKey | null> {
  const row = await db
    .selectFrom('identity.apiKey')
    .select(columns)
    .where('id', '=', id)
    .where('tenantId', 'is not distinct from', owner.tenantId)
    .where('partnerId', 'is not distinct from', owner.partnerId)
    .where('revokedAt', 'is', null)
    .where((eb) => eb.or([eb('expiresAt', 'is', null), eb('expiresAt', '>', now)]))
    .forUpdate()
    .executeTakeFirst();
  return row ?? null;
}

export async function expireKey(db: Executor<PlatformDatabase>, id: string, at: Date): Promise<ApiKey> {
  return db
    .updateTable('identity.apiKey')
    .set({ expiresAt: at })
    .where('id', '=', id)
    .returning(columns)
    .executeTakeFirstOrThrow();
}

/** @returns null unless the owner has such a key that is not revoked yet. */
export async function revokeKey(
  db: Executor<PlatformDatabase>,
  id: string,
  owner: KeyOwner,
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
