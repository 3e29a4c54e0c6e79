/**
 * The subgraph `tenants`, the control plane: tenants and how they come to life, the people who work in them, and
 * API keys. `provisioning/saga.ts` is the main path: the steps from a request to a tenant that answers.
 */
import type { PlatformDatabase } from '@dotmac/migrations';
import type { SigningKey, SubgraphModule } from '@dotmac/platform';
import { type PlatformEvents, toSubgraph } from '@dotmac/schema';
import './audit/graphql.ts';
import './account/graphql.ts';
import './account/member.ts';
import './api-key/graphql.ts';
import { builder, type TenantsContext, type TenantsServices } from './builder.ts';
import './platform-bill/entitlement.ts';
import './platform-bill/graphql.ts';
import type { PlatformBooks } from './platform-bill/ports.ts';
import './provisioning/graphql.ts';
import './recorded-operation/graphql.ts';
import type { ProvisioningPorts } from './provisioning/ports.ts';
import { startReconciler } from './provisioning/reconciler.ts';
import './tenant/graphql.ts';
import { tenantLoaders } from './tenant/loaders.ts';
import './time-zone/graphql.ts';
import './trusted-document/graphql.ts';

export { addMembership, ensureAccount } from './account/store.ts';
export { createKey } from './api-key/create.ts';
export type { BookedAccount, BookedSwitch, PlatformBooks } from './platform-bill/ports.ts';
export type { ProvisioningPorts, TenantSecrets, WorkloadTenant } from './provisioning/ports.ts';
export { saveVerificationKey } from './provisioning/routing.ts';
export { createTenant, type NewTenant } from './tenant/create.ts';
export { tenantBySlug } from './tenant/store.ts';

export const schema = toSubgraph(builder);

export interface TenantsOptions {
  readonly identityKey: SigningKey;
  /** Absent where no tenants run beside this process, such as in a test of the graph alone. */
  readonly provisioning?: ProvisioningPorts;
  /** The way to the operator's books, from which tenants see their own bill. */
  readonly books?: PlatformBooks | undefined;
}

export function tenants(
  services: TenantsServices,
  options: TenantsOptions,
): SubgraphModule<PlatformDatabase, PlatformEvents> {
  const { identityKey, provisioning, books } = options;
  return {
    name: 'tenants',
    schema,
    contextOf: (base): TenantsContext => ({
      ...base,
      services,
      identityKey,
      books,
      demo: provisioning?.demo ?? false,
      loaders: tenantLoaders(services.database),
    }),
    async start(signal) {
      if (provisioning !== undefined) return startReconciler(services, provisioning, signal);
    },
  };
}
