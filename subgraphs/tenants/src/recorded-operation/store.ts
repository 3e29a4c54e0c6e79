import type { PlatformDatabase } from '@dotmac/migrations';
import type { Executor } from '@dotmac/platform';
import { type ApiKey, columns } from '../api-key/store.ts';

/** An operation that a key ran, without the values in it. */
export interface RecordedOperation {
  /** SHA-256 of the text, hexadecimal. */
  readonly hash: string;
  readonly text: string;
  /** Empty when the document has one operation only. */
  readonly operationName: string;
  readonly firstSeenAt: Date;
  readonly lastSeenAt: Date;
}

/** A page of live keys, by id: all, or a tenant's or a partner's. */
export function keyPage(
  db: Executor<PlatformDatabase>,
  owner: { readonly tenantId: string | null; readonly partnerId: string | null } | 'all',
  { after, limit, now }: { readonly after: string | null; readonly limit: number; readonly now: Date },
): Promise<ApiKey[]> {
  let query = db
    .selectFrom('identity.apiKey')
    .select(columns)
    .where('revokedAt', 'is', null)
    .where((eb) => eb.or([eb('expiresAt', 'is', null), eb('expiresAt', '>', now)]));
  if (owner !== 'all') {
    query = query
      .where('tenantId', 'is not distinct from', owner.tenantId)
      .where('partnerId', 'is not distinct from', owner.partnerId);
  }
  if (after !== null) query = query.where('id', '>', after);
  return query.orderBy('id').limit(limit).execute();
}

/** The operations of these keys by key, newest first. */
export async function operationsOf(
  db: Executor<PlatformDatabase>,
  keyIds: readonly string[],
): Promise<Map<string, RecordedOperation[]>> {
  const rows = await db
    .selectFrom('identity.recordedOperation as operation')
    .innerJoin('identity.recordedDocument as document', 'document.hash', 'operation.hash')
    .select(['operation.keyId', 'operation.hash', 'document.text', 'operation.operationName'])
    .select(['operation.firstSeenAt', 'operation.lastSeenAt'])
    .where('operation.keyId', 'in', keyIds)
    .orderBy('operation.lastSeenAt', 'desc')
    .orderBy('operation.hash')
    .execute();
  return Map.groupBy(rows, ({ keyId }) => keyId);
}

/** Those of these keys of which some operations are not recorded. */
export async function keysWithGaps(
  db: Executor<PlatformDatabase>,
  keyIds: readonly string[],
): Promise<Set<string>> {
  const rows = await db
    .selectFrom('identity.operationGap')
    .select('keyId')
    .where('keyId', 'in', keyIds)
    .execute();
  return new Set(rows.map(({ keyId }) => keyId));
}
