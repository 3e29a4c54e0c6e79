import type { ClientBase } from 'pg';
import type { ApiKeyEntry, MembershipEntry, RegistryData, Route, VerificationKeyEntry } from './snapshot.ts';

/** Milliseconds since the epoch of a nullable `timestamptz`. */
const instant = (column: string) => `(extract(epoch from ${column}) * 1000)::float8`;

/** Reads all of it as of one moment. Needs SELECT only, as the role `dotmac_gateway` has it. */
export async function readRegistry(client: ClientBase): Promise<RegistryData> {
  await client.query('begin isolation level repeatable read read only');
  try {
    const routes = await client.query<Route>(
      `select tenant_id as "tenantId", slug, name, hostnames, state, origin, bundles,
         trusted_documents_only as "trustedDocumentsOnly"
       from routing.route`,
    );
    const apiKeys = await client.query<ApiKeyEntry>(
      `select id, encode(hash, 'base64') as hash, name, tenant_id as "tenantId", partner_id as "partnerId", scopes,
         allowed_addresses::text[] as "allowedAddresses", ${instant('expires_at')} as "expiresAt",
         revoked_at is not null as revoked, trusted_documents_only as "trustedDocumentsOnly"
       from identity.api_key`,
    );
    const verificationKeys = await client.query<VerificationKeyEntry>(
      `select id, public_pem as "publicPem", tenant_id as "tenantId"
       from identity.verification_key where retired_at is null`,
    );
    const memberships = await client.query<MembershipEntry>(
      `select account_id as "accountId", tenant_id as "tenantId", partner_id as "partnerId", role,
         ${instant('expires_at')} as "expiresAt"
       from identity.membership
       where account_id in (select id from identity.account where disabled_at is null)`,
    );
    // Documents are asked for when they are needed; this only says whether there may be others than before.
    const documents = await client.query<{ version: string }>(
      `select count(*) || ' ' || coalesce(max(registered_at)::text, '') as version from identity.trusted_document`,
    );
    await client.query('commit');
    return {
      routes: routes.rows,
      apiKeys: apiKeys.rows,
      verificationKeys: verificationKeys.rows,
      memberships: memberships.rows,
      documentsVersion: documents.rows[0]?.version ?? '',
    };
  } catch (error) {
    // The failure is what matters; a connection that is gone cannot roll back either.
    await client.query('rollback').catch(() => undefined);
    throw error;
  }
}

/** The text of a document that a tenant or a partner registered; null when neither did. */
export async function readTrustedDocument(
  client: ClientBase,
  id: string,
  owner: { readonly tenantId: string | null; readonly partnerId: string | null },
): Promise<string | null> {
  const { rows } = await client.query<{ text: string }>(
    'select text from identity.trusted_document where id = $1 and (tenant_id = $2 or partner_id = $3) limit 1',
    [id, owner.tenantId, owner.partnerId],
  );
  return rows[0]?.text ?? null;
}

/** Says when keys were last used. `usedAt` holds milliseconds since the epoch by key id. */
export async function writeKeyUse(client: ClientBase, usedAt: ReadonlyMap<string, number>): Promise<void> {
  await client.query(
    `update identity.api_key as k set last_used_at = u.used_at
     from unnest($1::text[], $2::timestamptz[]) as u (id, used_at)
     where k.id = u.id and (k.last_used_at is null or k.last_used_at < u.used_at)`,
    [[...usedAt.keys()], [...usedAt.values()].map((time) => new Date(time))],
  );
}
