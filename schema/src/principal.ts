import type { Bundle } from './bundles.ts';
import type { Role, Scope } from './scopes.ts';

/** Who is asking, as the gateway established it and signed it into the internal token. */
export interface Principal {
  readonly kind: 'user' | 'apiKey' | 'subscriber' | 'system' | 'anonymous';
  /** `usr_…`, `key_…`, `cus_…`, or the name of a part of the system such as `system:relay`. */
  readonly id: string;
  readonly name: string;
  /** The tenant he acts in; null on the control plane only. */
  readonly tenantId: string | null;
  /** The partner he acts for. */
  readonly partnerId: string | null;
  /** The customer he is, for `SUBSCRIBER`. */
  readonly customerId: string | null;
  readonly roles: readonly Role[];
  /** Effective scopes: of the roles for people, of the key for keys. */
  readonly scopes: readonly Scope[];
  /** Premium bundles of the tenant he acts in. */
  readonly bundles: readonly Bundle[];
}

/** Nobody: may sign in and read what is public. */
export const anonymous: Principal = {
  kind: 'anonymous',
  id: 'anonymous',
  name: 'anonymous',
  tenantId: null,
  partnerId: null,
  customerId: null,
  roles: [],
  scopes: [],
  bundles: [],
};

/** A part of DotMac itself acting in a tenant, with exactly these scopes. */
export function systemPrincipal(name: string, tenantId: string | null, scopes: readonly Scope[]): Principal {
  return { ...anonymous, kind: 'system', id: `system:${name}`, name, tenantId, scopes };
}
