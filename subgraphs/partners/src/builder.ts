import type { PlatformDatabase } from '@dotmac/migrations';
import type { Services } from '@dotmac/platform';
import { type Context, createBuilder, type PlatformEvents } from '@dotmac/schema';
import type { PartnersLoaders } from './loaders.ts';

export type PartnersServices = Services<PlatformDatabase, PlatformEvents>;

export interface PartnersContext extends Context {
  readonly services: PartnersServices;
  readonly loaders: PartnersLoaders;
}

export const builder = createBuilder<PartnersContext>();
builder.mutationType({});
builder.subscriptionType({});
