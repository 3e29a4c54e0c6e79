import { createPublicKey, type KeyObject } from 'node:crypto';
import type { VerificationKeys } from '@dotmac/platform';
import { isRole, isScope, type Role, type Scope } from '@dotmac/schema';

type RouteState = 'ACTIVE' | 'SUSPENDED' | 'CLOSED';

/** Where a tenant's runtime answers. */
export interface Route {
  readonly tenantId: string;
  readonly slug: string;
  readonly name: string;
  /** Lower case. */
  readonly hostnames: readonly string[];
  readonly state: RouteState;
  /** `unix:/path` or `http://host:port`. */
  readonly origin: string;
  /** Premium bundles that the tenant has. */
  readonly bundles: readonly string[];
  /** Whether everybody but its staff runs registered documents only. */
  readonly trustedDocumentsOnly: boolean;
}

export interface ApiKeyEntry {
  readonly id: string;
  /** SHA-256 of the key's text, base64. */
  readonly hash: string;
  readonly name: string;
  readonly tenantId: string | null;
  readonly partnerId: string | null;
  readonly scopes: readonly string[];
  /** CIDR blocks; empty means from anywhere. */
  readonly allowedAddresses: readonly string[];
  /** Milliseconds since the epoch. */
  readonly expiresAt: number | null;
  readonly revoked: boolean;
  /** Whether it may run registered documents only. */
  readonly trustedDocumentsOnly: boolean;
}

export interface VerificationKeyEntry {
  readonly id: string;
  readonly publicPem: string;
  /** A tenant's key vouches for that tenant's subscribers only; `null` is the platform's own. */
  readonly tenantId: string | null;
}

export interface MembershipEntry {
  readonly accountId: string;
  readonly tenantId: string | null;
  readonly partnerId: string | null;
  readonly role: string;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number | null;
}

/** What the gateway reads from the platform database, as plain data: it also goes into the state file. */
export interface RegistryData {
  readonly routes: readonly Route[];
  readonly apiKeys: readonly ApiKeyEntry[];
  readonly verificationKeys: readonly VerificationKeyEntry[];
  /** Of accounts that are not disabled. */
  readonly memberships: readonly MembershipEntry[];
  /** Changes whenever trusted documents come or go. */
  readonly documentsVersion: string;
}

interface ApiKeyRecord extends Omit<ApiKeyEntry, 'hash' | 'scopes'> {
  readonly hash: Uint8Array;
  readonly scopes: readonly Scope[];
}

export interface Membership extends Omit<MembershipEntry, 'role'> {
  readonly role: Role;
}

/** The registry at one moment, indexed. Immutable: a change makes a new one. */
export interface RegistrySnapshot {
  readonly routesByTenant: ReadonlyMap<string, Route>;
  readonly routesBySlug: ReadonlyMap<string, Route>;
  readonly routesByHostname: ReadonlyMap<string, Route>;
  readonly apiKeys: ReadonlyMap<string, ApiKeyRecord>;
  readonly verificationKeys: VerificationKeys;
  /** The tenant that a verification key belongs to, by key id; absent for the platform's. */
  readonly keyTenants: ReadonlyMap<string, string>;
  readonly membershipsByAccount: ReadonlyMap<string, readonly Membership[]>;
}

export const emptyRegistryData: RegistryData = {
  routes: [],
  apiKeys: [],
  verificationKeys: [],
  memberships: [],
  documentsVersion: '',
};

/**
 * Indexes what was read. Roles and scopes that this version does not know grant nothing and are left out; a public
 * key that cannot be read is left out and reported, so that one bad row locks out only its own tokens.
 */
export function indexRegistry(
  data: RegistryData,
  onBadKey: (keyId: string, error: unknown) => void,
): RegistrySnapshot {
  const routes = data.routes;
  const memberships: Membership[] = data.memberships.flatMap(({ role, ...rest }) =>
    isRole(role) ? [{ ...rest, role }] : [],
  );
  return {
    routesByTenant: new Map(routes.map((route) => [route.tenantId, route])),
    routesBySlug: new Map(routes.map((route) => [route.slug, route])),
    routesByHostname: new Map(
      routes.flatMap((route) => route.hostnames.map((name) => [name.toLowerCase(), route] as const)),
    ),
    apiKeys: new Map(
      data.apiKeys.map((key) => [
        key.id,
        { ...key, hash: Buffer.from(key.hash, 'base64'), scopes: key.scopes.filter(isScope) },
      ]),
    ),
    verificationKeys: readPublicKeys(data.verificationKeys, onBadKey),
    keyTenants: new Map(
      data.verificationKeys.flatMap(({ id, tenantId }) =>
        tenantId === null ? [] : [[id, tenantId] as const],
      ),
    ),
    membershipsByAccount: Map.groupBy(memberships, ({ accountId }) => accountId),
  };
}

function readPublicKeys(
  entries: readonly VerificationKeyEntry[],
  onBadKey: (keyId: string, error: unknown) => void,
): ReadonlyMap<string, KeyObject> {
  const keys = new Map<string, KeyObject>();
  for (const { id, publicPem } of entries) {
    try {
      keys.set(id, createPublicKey(publicPem));
    } catch (error) {
      onBadKey(id, error);
    }
  }
  return keys;
}
