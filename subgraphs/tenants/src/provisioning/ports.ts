import type { TenantDatabase, TenantRuntime, WorkloadRef, WorkloadSpec } from '@dotmac/hosting';
import type { Tenant } from '../tenant/store.ts';

/** What a workload has to know of its tenant. */
export type WorkloadTenant = Pick<
  Tenant,
  | 'id'
  | 'slug'
  | 'name'
  | 'timeZone'
  | 'currency'
  | 'demo'
  | 'isPlatform'
  | 'generation'
  | 'radiusAuthPort'
  | 'radiusAccountingPort'
  | 'trapPort'
  | 'radsecPort'
>;

/** Secrets of tenants, kept outside every database. */
export interface TenantSecrets {
  /** Keeps a value under a name unless there is one already. @returns the value that is kept. */
  ensure(tenant: string, name: string, make: () => Promise<string>): Promise<string>;
}

/** What provisioning needs of the outside world; the composition root gives it. */
export interface ProvisioningPorts {
  readonly runtime: TenantRuntime;
  readonly database: TenantDatabase;
  /** @throws when it is not ready by the deadline, in milliseconds from now. */
  waitUntilReady(workload: WorkloadRef, deadline: number): Promise<unknown>;
  readonly secrets: TenantSecrets;
  /** The schema that tenants' databases should have. */
  readonly schemaVersion: string;
  readonly release: string;
  /** What to run for a tenant. */
  workload(tenant: WorkloadTenant): WorkloadSpec;
  /** New tenants are demos, whose clock may be advanced. */
  readonly demo: boolean;
}

/** The one component of a tenant for now: API, RADIUS, poller and jobs in one process. */
export const runtimeComponent = 'runtime';
