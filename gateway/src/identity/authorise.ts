import { TokenError } from '@dotmac/platform';
import { anonymous, isBundle, type Principal, type Role, scopesOf } from '@dotmac/schema';
import { GatewayError } from '../errors.ts';
import type { Membership, RegistrySnapshot, Route } from '../registry/snapshot.ts';
import { blockListOf, contains } from './address.ts';
import { type Caller, callerOf } from './caller.ts';
import type { Credential } from './credential.ts';
import { selectedRoute, type TenantWish, tenantForbidden } from './selection.ts';

export interface AuthoriseInput {
  readonly credential: Credential;
  readonly wish: TenantWish;
  /** The client's IP address. */
  readonly address: string;
  readonly snapshot: RegistrySnapshot;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/**
 * What a proven credential is worth now: who the caller is, in which tenant, with which scopes. Pure, so that it is
 * asked again whenever the registry changes.
 * @throws TokenError when it is worth nothing any more; GatewayError when the caller may not act in the tenant he wants.
 */
export function authorise(input: AuthoriseInput): Caller {
  const caller = authoriseCredential(input);
  const { principal, expiresAt } = caller;
  const route = input.snapshot.routesByTenant.get(principal.tenantId ?? '');
  // What a credential claims to have is nothing: the tenant's bundles are the platform's word.
  const bundles = (route?.bundles ?? []).filter(isBundle);
  const trustedDocumentsOnly =
    caller.trustedDocumentsOnly || (route !== undefined && isBound(route, principal));
  const unchanged = trustedDocumentsOnly === caller.trustedDocumentsOnly;
  if (unchanged && bundles.length === 0 && principal.bundles.length === 0) return caller;
  return callerOf({ ...principal, bundles }, expiresAt, trustedDocumentsOnly);
}

/** Staff may write operations of their own, or nobody could register the first document. */
function isBound({ trustedDocumentsOnly }: Route, { kind }: Principal): boolean {
  return trustedDocumentsOnly && kind !== 'user' && kind !== 'system';
}

function authoriseCredential(input: AuthoriseInput): Caller {
  const { credential } = input;
  switch (credential.kind) {
    case 'none':
      return callerOf({ ...anonymous, tenantId: selectedTenant(input) ?? null }, null);
    case 'apiKey':
      return authoriseApiKey(input, credential);
    case 'token':
      return authoriseToken(input, credential);
  }
}

function selectedTenant({ wish, snapshot }: AuthoriseInput): string | undefined {
  return selectedRoute(wish, snapshot)?.tenantId;
}

/** For callers that belong to one tenant (or none): asking for another is an error. */
function onlyOwnTenant(input: AuthoriseInput, own: string | null): void {
  const wanted = selectedTenant(input);
  if (wanted !== undefined && wanted !== own) throw tenantForbidden(input.wish);
}

function authoriseApiKey(input: AuthoriseInput, credential: Credential & { kind: 'apiKey' }): Caller {
  const record = input.snapshot.apiKeys.get(credential.id);
  if (record === undefined || !Buffer.from(record.hash).equals(credential.hash) || record.revoked) {
    throw new TokenError('The API key is not valid');
  }
  if (record.expiresAt !== null && record.expiresAt <= input.now)
    throw new TokenError('The API key has expired');
  const { allowedAddresses } = record;
  if (allowedAddresses.length > 0 && !contains(blockListOf(allowedAddresses), input.address)) {
    throw new GatewayError('FORBIDDEN', `This API key may not be used from ${input.address}`);
  }
  onlyOwnTenant(input, record.tenantId);
  const { id, name, tenantId, partnerId, scopes } = record;
  return callerOf(
    { ...anonymous, kind: 'apiKey', id, name, tenantId, partnerId, scopes },
    record.expiresAt,
    record.trustedDocumentsOnly,
  );
}

function authoriseToken(input: AuthoriseInput, credential: Credential & { kind: 'token' }): Caller {
  const { keyId, key, verified } = credential;
  const { principal, issuer, expiresAt } = verified;
  const current = input.snapshot.verificationKeys.get(keyId);
  if (current === undefined || !current.equals(key))
    throw new TokenError('The token is signed with an unknown key');
  if (expiresAt <= input.now) throw new TokenError('The token has expired');
  const keyTenant = input.snapshot.keyTenants.get(keyId);
  // The key decides what may be claimed; an issuer that says otherwise is a forgery or a mistake.
  if (issuer !== (keyTenant === undefined ? 'dotmac' : `tenant:${keyTenant}`)) {
    throw new TokenError('The token is signed with a key of another issuer');
  }
  if (keyTenant !== undefined && (principal.kind !== 'subscriber' || principal.tenantId !== keyTenant)) {
    throw new TokenError("A tenant's key vouches for its own subscribers only");
  }
  switch (principal.kind) {
    case 'user':
      return authoriseUser(input, principal, expiresAt);
    case 'subscriber':
      return authoriseSubscriber(input, principal, expiresAt);
    case 'system':
      onlyOwnTenant(input, principal.tenantId);
      return callerOf({ ...principal, roles: [] }, expiresAt);
    default:
      throw new TokenError('The token names no person');
  }
}

function authoriseSubscriber(input: AuthoriseInput, principal: Principal, expiresAt: number): Caller {
  const { tenantId, customerId, id, name } = principal;
  if (tenantId === null || customerId === null)
    throw new TokenError('The token names no customer of a tenant');
  onlyOwnTenant(input, tenantId);
  const roles: Role[] = ['SUBSCRIBER'];
  return callerOf(
    { ...anonymous, kind: 'subscriber', id, name, tenantId, customerId, roles, scopes: scopesOf(roles) },
    expiresAt,
  );
}

/**
 * A person has the roles that his memberships give him now. In the token's own tenant and partner the token may hold
 * fewer; in another tenant, which only a membership there or an operator's opens, the memberships alone decide.
 */
function authoriseUser(input: AuthoriseInput, principal: Principal, expiresAt: number): Caller {
  const memberships = (input.snapshot.membershipsByAccount.get(principal.id) ?? []).filter(
    ({ expiresAt: end }) => end === null || end > input.now,
  );
  if (memberships.length === 0) throw new TokenError('The membership behind this token has ended');
  const wanted = selectedTenant(input);
  const tenantId = wanted ?? principal.tenantId;
  const claimed = (membership: Membership) => principal.roles.includes(membership.role);

  const asOperator = memberships.filter(
    (held) => held.tenantId === null && held.partnerId === null && held.role === 'OPERATOR' && claimed(held),
  );
  const asPartner = memberships.filter(
    (held) => held.partnerId !== null && held.partnerId === principal.partnerId && claimed(held),
  );
  const inTenant = memberships.filter(
    (held) =>
      held.tenantId !== null &&
      held.tenantId === tenantId &&
      (tenantId !== principal.tenantId || claimed(held)),
  );
  if (tenantId !== null && inTenant.length === 0 && asOperator.length === 0) {
    if (wanted !== undefined) throw tenantForbidden(input.wish);
    throw new TokenError('The membership behind this token has ended');
  }
  const held = [...asOperator, ...asPartner, ...inTenant];
  const roles = [...new Set(held.map(({ role }) => role))];
  const ends = held.flatMap(({ expiresAt: end }) => (end === null ? [] : [end]));
  return callerOf(
    {
      ...anonymous,
      kind: 'user',
      id: principal.id,
      name: principal.name,
      tenantId,
      partnerId: asPartner.length > 0 ? principal.partnerId : null,
      roles,
      scopes: scopesOf(roles),
    },
    Math.min(expiresAt, ...ends),
  );
}
