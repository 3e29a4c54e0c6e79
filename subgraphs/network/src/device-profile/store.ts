import type { TenantDatabase } from '@dotmac/migrations';
import type { Executor } from '@dotmac/platform';
import { type Selectable, sql, type Transaction } from 'kysely';

export type DeviceProfile = Selectable<TenantDatabase['network.deviceProfile']>;

/** The newest version of each id, retired ones left out. */
export async function currentProfiles(db: Executor<TenantDatabase>): Promise<DeviceProfile[]> {
  const newest = await db
    .selectFrom('network.deviceProfile')
    .selectAll()
    .distinctOn('id')
    .orderBy('id')
    .orderBy('version', 'desc')
    .execute();
  return newest.filter(({ content }) => content !== null);
}

/** Every version of an id, the newest first. */
export async function versionsOf(db: Executor<TenantDatabase>, id: string): Promise<DeviceProfile[]> {
  return db
    .selectFrom('network.deviceProfile')
    .selectAll()
    .where('id', '=', id)
    .orderBy('version', 'desc')
    .execute();
}

/** One change of profiles at a time: versions have no gaps, and nobody overwrites what he has not seen. */
export async function lockProfiles(transaction: Transaction<TenantDatabase>): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtext('network.device_profile'))`.execute(transaction);
}

export async function insertVersion(
  transaction: Transaction<TenantDatabase>,
  version: {
    readonly id: string;
    readonly version: number;
    /** JSON, or null for a retirement. */
    readonly content: string | null;
    readonly addedBy: string;
    readonly createdAt: Date;
  },
): Promise<DeviceProfile> {
  return transaction
    .insertInto('network.deviceProfile')
    .values(version)
    .returningAll()
    .executeTakeFirstOrThrow();
}
