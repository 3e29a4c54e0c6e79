import { anonymous, ConflictError, ForbiddenError, type Principal, scopesOf } from '@dotmac/schema';
import type { Membership } from './store.ts';

/**
 * Who somebody is when he signs in: with all roles of one tenant or of one partner, or as operator.
 * @param wanted the tenant he names; needed only when he belongs to several.
 * @throws ForbiddenError without any membership there, ConflictError when he must choose.
 */
export function principalOf(
  account: { readonly id: string; readonly name: string },
  memberships: readonly Membership[],
  wanted: string | null,
): Principal {
  const operator = memberships.some(
    ({ role, tenantId, partnerId }) => role === 'OPERATOR' && tenantId === null && partnerId === null,
  );
  const places = new Set(memberships.map(placeOf));
  if (!operator && wanted === null && places.size > 1) {
    throw new ConflictError('CHOOSE_TENANT', 'You belong to several tenants: name the one to sign in to');
  }
  const held = memberships.filter(
    (membership) => wanted === null || membership.tenantId === wanted || placeOf(membership) === 'platform',
  );
  const [first] = held;
  if (first === undefined) throw new ForbiddenError('', 'You do not belong there');
  const roles = [...new Set(held.map(({ role }) => role))];
  return {
    ...anonymous,
    kind: 'user',
    id: account.id,
    name: account.name,
    tenantId: wanted ?? first.tenantId,
    partnerId: held.find(({ partnerId }) => partnerId !== null)?.partnerId ?? null,
    roles,
    scopes: scopesOf(roles),
  };
}

function placeOf({ tenantId, partnerId }: Membership): string {
  return tenantId ?? partnerId ?? 'platform';
}
