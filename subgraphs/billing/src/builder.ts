import type { TenantDatabase } from '@dotmac/migrations';
import type { RuntimeServices } from '@dotmac/platform';
import { type Context, createBuilder, type TenantEvents } from '@dotmac/schema';
import type { BillingLoaders } from './loaders.ts';
import type { Providers } from './provider/providers.ts';

/** With the clock, because billing's demos live through a month in a second. */
export type BillingServices = RuntimeServices<TenantDatabase, TenantEvents>;

export interface BillingContext extends Context {
  readonly services: BillingServices;
  readonly loaders: BillingLoaders;
  readonly providers: Providers;
}

export const builder = createBuilder<BillingContext>();
builder.mutationType({});
builder.subscriptionType({});
