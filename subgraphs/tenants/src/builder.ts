import type { PlatformDatabase } from '@dotmac/migrations';
import type { Services, SigningKey } from '@dotmac/platform';
import { type Context, createBuilder, type PlatformEvents } from '@dotmac/schema';
import type { PlatformBooks } from './platform-bill/ports.ts';
import type { TenantLoaders } from './tenant/loaders.ts';

export type TenantsServices = Services<PlatformDatabase, PlatformEvents>;

export interface TenantsContext extends Context {
  readonly services: TenantsServices;
  readonly loaders: TenantLoaders;
  /** Whether new tenants are demos. */
  readonly demo: boolean;
  /** Signs people's tokens. */
  readonly identityKey: SigningKey;
  /** Of the operator; absent where there is no way to them. */
  readonly books: PlatformBooks | undefined;
}

export const builder = createBuilder<TenantsContext>();
builder.mutationType({});
builder.subscriptionType({});
