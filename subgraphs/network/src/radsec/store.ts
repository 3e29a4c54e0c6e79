import type { TenantDatabase } from '@dotmac/migrations';
import type { Executor } from '@dotmac/platform';

/** What is shown and who is trusted, the key sealed. */
export interface StoredRadSec {
  readonly enabled: boolean;
  readonly certificate: string;
  readonly privateKey: Uint8Array;
  readonly authorities: string;
  readonly revocations: string | null;
}

/** What the key is sealed for. */
export const radSecKeyPurpose = 'radsec:private-key';

/** Null while the tenant has not said a word. */
export async function storedRadSec(db: Executor<TenantDatabase>): Promise<StoredRadSec | null> {
  const row = await db
    .selectFrom('network.radsec')
    .select(['enabled', 'certificate', 'privateKey', 'authorities', 'revocations'])
    .executeTakeFirst();
  return row ?? null;
}

export async function keepRadSec(
  db: Executor<TenantDatabase>,
  stored: StoredRadSec,
  updatedAt: Date,
): Promise<void> {
  const row = { ...stored, privateKey: Buffer.from(stored.privateKey), updatedAt };
  await db
    .insertInto('network.radsec')
    .values(row)
    .onConflict((conflict) => conflict.column('oneRow').doUpdateSet(row))
    .execute();
}
