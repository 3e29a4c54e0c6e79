import type { TenantDatabase } from '@dotmac/migrations';
import { type Executor, loaderOf } from '@dotmac/platform';
import { customersById } from './store.ts';

export type CustomerLoaders = ReturnType<typeof customerLoaders>;

export function customerLoaders(database: Executor<TenantDatabase>) {
  return {
    customer: loaderOf(
      (ids) => customersById(database, ids),
      (customer) => customer.id,
    ),
  };
}
