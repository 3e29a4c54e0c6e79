import type { PlatformDatabase } from '@dotmac/migrations';
import { type Executor, listLoaderOf, loaderOf } from '@dotmac/platform';
import { routesOf } from '../provisioning/routing.ts';
import { jobsOfTenants, stepsOfJobs } from '../provisioning/store.ts';
import { tenantsById } from './store.ts';

export type TenantLoaders = ReturnType<typeof tenantLoaders>;

export function tenantLoaders(database: Executor<PlatformDatabase>) {
  return {
    tenant: loaderOf(
      (ids) => tenantsById(database, ids),
      (tenant) => tenant.id,
    ),
    route: loaderOf(
      (ids) => routesOf(database, ids),
      (route) => route.tenantId,
    ),
    jobsOfTenant: listLoaderOf(
      (ids) => jobsOfTenants(database, ids),
      (job) => job.tenantId,
    ),
    stepsOfJob: listLoaderOf(
      (ids) => stepsOfJobs(database, ids),
      (step) => step.jobId,
    ),
  };
}
