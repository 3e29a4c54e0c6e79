import { randomBytes } from 'node:crypto';
import type { PlatformDatabase } from '@dotmac/migrations';
import { hashPassword, newId, type Services } from '@dotmac/platform';
import type { PlatformEvents } from '@dotmac/schema';
import {
  addMembership,
  createTenant,
  ensureAccount,
  saveVerificationKey,
  tenantBySlug,
} from '@dotmac/subgraph-tenants';
import type { FileSecrets } from '../secrets/file-secrets.ts';
import { operatorEmail, operatorSlug } from './operator.ts';

/**
 * What must be there before anybody can ask for anything: the key that vouches for people's tokens, the operator's
 * account (its password is the secret `platform/operator-password`) and tenant zero. Does nothing the second time.
 */
export async function bootstrap(
  services: Services<PlatformDatabase, PlatformEvents>,
  secrets: FileSecrets,
  identity: { readonly id: string; readonly publicPem: string },
): Promise<void> {
  const { database, clock } = services;
  const now = new Date(clock.now());
  await saveVerificationKey(database, {
    id: identity.id,
    publicPem: identity.publicPem,
    tenantId: null,
    createdAt: now,
  });
  const password = await secrets.ensure('platform', 'operator-password', async () =>
    randomBytes(15).toString('base64url'),
  );
  const passwordHash = await hashPassword(password);
  await database.transaction().execute(async (transaction) => {
    const operator = {
      id: newId('usr', clock),
      email: operatorEmail,
      name: 'Operator',
      passwordHash,
      createdAt: now,
    };
    const account = await ensureAccount(transaction, operator);
    const place = { tenantId: null, partnerId: null };
    await addMembership(transaction, {
      id: newId('mbr', clock),
      accountId: account.id,
      ...place,
      role: 'OPERATOR',
      createdAt: now,
    });
    if ((await tenantBySlug(transaction, operatorSlug)) !== null) return;
    await createTenant(
      services,
      transaction,
      {
        slug: operatorSlug,
        name: 'DotMac',
        timeZone: 'America/Toronto',
        currency: 'USD',
        country: 'CA',
        ownerEmail: operatorEmail,
        isPlatform: true,
      },
      'system:bootstrap',
    );
  });
}
