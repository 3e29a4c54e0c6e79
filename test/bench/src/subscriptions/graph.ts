import { composeServices } from '@apollo/composition';
import { parse } from 'graphql';

const header = 'extend schema @link(url: "https://specs.apollo.dev/federation/v2.7", import: ["@key"])\n';

/** A NOC's stream whose events name a customer of another subgraph. */
export const subgraphSdl = {
  network: `${header}
    scalar Cursor
    type Query { now: Float! }
    type Subscription { events(after: Cursor, site: ID, client: ID): Event! }
    type Event { cursor: Cursor! sentAt: Float! site: ID! kind: String! signalDbm: Float! customer: Customer! }
    type Customer @key(fields: "id", resolvable: false) { id: ID! }`,
  subscribers: `${header}
    type Query { version: String! }
    type Customer @key(fields: "id") { id: ID! name: String! city: String! }`,
};

/** `client` makes subscriptions differ, so that nothing is shared. */
export const subscription = `subscription Noc($site: ID, $client: ID, $after: Cursor) {
  events(site: $site, client: $client, after: $after) { cursor sentAt site kind signalDbm customer { id name city } } }`;

/** `urlOf` a subgraph matters to those gateways only that have no routing of their own. */
export function composeSupergraph(urlOf = (subgraph: string): string => `local://${subgraph}`): string {
  const { supergraphSdl, errors } = composeServices(
    Object.entries(subgraphSdl).map(([name, sdl]) => ({
      name,
      url: urlOf(name),
      typeDefs: parse(sdl),
    })),
  );
  if (supergraphSdl === undefined) throw new AggregateError(errors ?? []);
  return supergraphSdl;
}
