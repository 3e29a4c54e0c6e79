import type { TenantDatabase } from '@dotmac/migrations';
import type { Services, SigningKey } from '@dotmac/platform';
import { type Context, createBuilder, type TenantEvents } from '@dotmac/schema';
import type { CustomerLoaders } from './customer/loaders.ts';
import type { ServiceLoaders } from './service/loaders.ts';

export type SubscribersServices = Services<TenantDatabase, TenantEvents>;

export interface SubscribersContext extends Context {
  readonly services: SubscribersServices;
  /** The tenant's own key: it vouches for its subscribers only. */
  readonly signingKey: SigningKey;
  readonly loaders: CustomerLoaders & ServiceLoaders;
}

export const builder = createBuilder<SubscribersContext>();
builder.mutationType({});
