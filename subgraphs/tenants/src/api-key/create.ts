import type { PlatformDatabase } from '@dotmac/migrations';
import { appendEvents, createApiKey } from '@dotmac/platform';
import type { PlatformEvents, Scope } from '@dotmac/schema';
import type { Transaction } from 'kysely';
import type { TenantsServices } from '../builder.ts';
import { type ApiKey, insertKey } from './store.ts';

export interface NewKey {
  readonly name: string;
  readonly tenantId: string | null;
  readonly partnerId: string | null;
  readonly scopes: readonly Scope[];
  readonly allowedAddresses: readonly string[];
  readonly expiresAt: Date | null;
  /** Whether it may run registered documents only. */
  readonly trustedDocumentsOnly?: boolean;
  /** The key that this one takes over from. */
  readonly rotatedFrom?: string;
  readonly createdBy: string;
  readonly traceId?: string;
}

/** Makes a key and tells of it. The text is in the answer only. */
export async function createKey(
  { clock, tenant }: Pick<TenantsServices, 'clock' | 'tenant'>,
  transaction: Transaction<PlatformDatabase>,
  wanted: NewKey,
): Promise<{ key: ApiKey; text: string }> {
  const { traceId, scopes, allowedAddresses, ...fields } = wanted;
  const { id, hash, text } = createApiKey(tenant?.demo === true ? 'demo' : 'live');
  const now = clock.now();
  const key = await insertKey(transaction, {
    ...fields,
    id,
    hash,
    scopes: [...scopes],
    allowedAddresses: [...allowedAddresses],
    createdAt: new Date(now),
  });
  await appendEvents<PlatformEvents>(transaction, [
    {
      type: 'apiKey.created',
      subject: id,
      payload: { keyId: id, tenantId: fields.tenantId, scopes: [...scopes] },
      occurredAt: now,
      actor: fields.createdBy,
      ...(traceId === undefined ? {} : { traceId }),
    },
  ]);
  return { key, text };
}
