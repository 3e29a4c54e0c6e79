/**
 * The subgraph `subscribers`: customers and the services they have.
 *
 * A service is ordered, becomes active when `network` has confirmed access for it, and is closed to its customer
 * while it has a lock. Other subgraphs hear of all this through events (`service/events.ts`).
 */
import type { TenantDatabase } from '@dotmac/migrations';
import type { SigningKey, SubgraphModule } from '@dotmac/platform';
import { type TenantEvents, toSubgraph } from '@dotmac/schema';
import { builder, type SubscribersContext, type SubscribersServices } from './builder.ts';
import './audit/graphql.ts';
import './customer/graphql.ts';
import './customer/sign-in.ts';
import { customerLoaders } from './customer/loaders.ts';
import './follow-up/graphql.ts';
import './service/graphql.ts';
import './work-order/graphql.ts';
import { serviceConsumers } from './service/events.ts';
import { serviceLoaders } from './service/loaders.ts';

export const schema = toSubgraph(builder);

export function subscribers(
  services: SubscribersServices,
  options: { readonly signingKey: SigningKey },
): SubgraphModule<TenantDatabase, TenantEvents> {
  return {
    name: 'subscribers',
    schema,
    contextOf: (base): SubscribersContext => ({
      ...base,
      services,
      signingKey: options.signingKey,
      loaders: { ...customerLoaders(services.database), ...serviceLoaders(services.database) },
    }),
    consumers: serviceConsumers(services),
  };
}
