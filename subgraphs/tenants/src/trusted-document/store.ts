import type { PlatformDatabase } from '@dotmac/migrations';
import type { Executor } from '@dotmac/platform';
import type { KeyOwner } from '../api-key/store.ts';
import type { TrustedDocument } from './rules.ts';

/** Adds those that are new; returns how many that were. */
export async function insertDocuments(
  db: Executor<PlatformDatabase>,
  owner: KeyOwner,
  documents: readonly TrustedDocument[],
  registered: { readonly at: Date; readonly by: string },
): Promise<number> {
  if (documents.length === 0) return 0;
  const rows = documents.map(({ id, text }) => ({
    id,
    text,
    tenantId: owner.tenantId,
    partnerId: owner.partnerId,
    registeredAt: registered.at,
    registeredBy: registered.by,
  }));
  const inserted = await db
    .insertInto('identity.trustedDocument')
    .values(rows)
    .onConflict((conflict) => conflict.columns(['id', 'tenantId', 'partnerId']).doNothing())
    .returning('id')
    .execute();
  return inserted.length;
}
