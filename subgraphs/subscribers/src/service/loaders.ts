import type { TenantDatabase } from '@dotmac/migrations';
import { type Executor, listLoaderOf, loaderOf } from '@dotmac/platform';
import { locksOfServices, servicesById, servicesOfCustomers } from './store.ts';

export type ServiceLoaders = ReturnType<typeof serviceLoaders>;

export function serviceLoaders(database: Executor<TenantDatabase>) {
  return {
    service: loaderOf(
      (ids) => servicesById(database, ids),
      (service) => service.id,
    ),
    servicesOfCustomer: listLoaderOf(
      (ids) => servicesOfCustomers(database, ids),
      (service) => service.customerId,
    ),
    locksOfService: listLoaderOf(
      (ids) => locksOfServices(database, ids),
      (lock) => lock.serviceId,
    ),
  };
}
