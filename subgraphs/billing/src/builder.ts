import type { TenantDatabase } from '@dotmac/migrations';
import type { RuntimeServices } from '@dotmac/platform';
import { type Context, createBuilder, type TenantEvents } from '@dotmac/schema';
import type { BillingLoaders } from './loaders.ts';

/** With the clock, because billing's demos live through a month in a second. */
export type BillingServices = RuntimeServices<TenantDatabase, TenantEvents>;

export interface BillingContext extends Context {
  readonly services: BillingServices;
  readonly loaders: BillingLoaders;
}

export const builder = createBuilder<BillingContext>();
builder.mutationType({});
builder.subscriptionType({});
