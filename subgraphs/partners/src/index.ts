/**
 * The subgraph `partners`: who brings ISPs, what was agreed with them, their leads, and the commission they earn.
 *
 * A lead that becomes a tenant attributes the tenant to its partner (`lead/events.ts`); each payment of that tenant's
 * bill then makes one commission entry (`commission/earn.ts`), and a month's entries the statement by which it is paid
 * (`statement/issue.ts`, `statement/settle.ts`).
 */
import type { PlatformDatabase } from '@dotmac/migrations';
import type { SubgraphModule } from '@dotmac/platform';
import { type PlatformEvents, toSubgraph } from '@dotmac/schema';
import { builder, type PartnersContext, type PartnersServices } from './builder.ts';
import './commission/graphql.ts';
import { leadConsumers } from './lead/events.ts';
import './lead/graphql.ts';
import { partnersLoaders } from './loaders.ts';
import './partner/graphql.ts';
import './statement/graphql.ts';

export const schema = toSubgraph(builder);

export function partners(services: PartnersServices): SubgraphModule<PlatformDatabase, PlatformEvents> {
  return {
    name: 'partners',
    schema,
    contextOf: (base): PartnersContext => ({
      ...base,
      services,
      loaders: partnersLoaders(services.database),
    }),
    consumers: leadConsumers(services),
  };
}
