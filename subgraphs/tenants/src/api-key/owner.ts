import type { Principal } from '@dotmac/schema';
import type { KeyOwner } from './store.ts';

/** A partner's keys and documents are the partner's, a tenant's the tenant's. */
export function ownerOf({ tenantId, partnerId }: Principal): KeyOwner {
  return partnerId === null ? { tenantId, partnerId } : { tenantId: null, partnerId };
}

export const mayManage = { $any: { scope: 'tenant:keys:write', role: 'PARTNER' } } as const;
