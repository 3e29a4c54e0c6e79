import type { ClientBase } from 'pg';
import type { ApiKeyEntry, MembershipEntry, RegistryData, Route, VerificationKeyEntry } from './snapshot.ts';

/** Milliseconds since the epoch of a nullable `timestamptz`. */
const instant = (column: string) => `(extract(epoch from ${column}) * 1000)::float8`;

/** Reads all of it as of one moment. Needs SELECT only, as the role `dotmac_gateway` has it. */
export async function readRegistry(client: ClientBase): Promise<RegistryData> {
  await client.query('begin isolation level repeatable read read only');
  try {
    const routes = await client.query<Route>(
      `select tenant_id as "tenantId", slug, name, hostnames, state, origin from routing.route`,
    );
    const apiKeys = await client.query<ApiKeyEntry>(
      `select id, encode(hash, 'base64') as hash, name, tenant_id as "tenantId", partner_id as "partnerId", scopes,
         allowed_addresses::text[] as "allowedAddresses", ${instant('expires_at')} as "expiresAt",
         revoked_at is not null as revoked
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
    await client.query('commit');
    return {
      routes: routes.rows,
      apiKeys: apiKeys.rows,
      verificationKeys: verificationKeys.rows,
      memberships: memberships.rows,
    };
  } catch (error) {
    // The failure is what matters; a connection that is gone cannot roll back either.
    await client.query('rollback').catch(() => undefined);
    throw error;
  }
}
