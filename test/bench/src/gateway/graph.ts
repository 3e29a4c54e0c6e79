import { composeServices } from '@apollo/composition';
import { parse } from 'graphql';

const header = 'extend schema @link(url: "https://specs.apollo.dev/federation/v2.7", import: ["@key"])\n';

/** A small ISP in four subgraphs. */
export const subgraphSdl: Readonly<Record<string, string>> = {
  subscribers: `${header}
    type Query { version: String! customers(first: Int!): [Customer!]! }
    type Customer @key(fields: "id") { id: ID! name: String! email: String! city: String! referredBy: Customer }`,
  billing: `${header}
    type Customer @key(fields: "id") { id: ID! balance: Money! invoices(first: Int!): [Invoice!]! }
    type Invoice @key(fields: "id") { id: ID! number: String! total: Money! paid: Boolean! lines: [Line!]! }
    type Money { amount: String! currency: String! }
    type Line { text: String! quantity: Int! price: Money! }`,
  network: `${header}
    enum State { OPEN CLOSED }
    type Customer @key(fields: "id") { id: ID! sessions(first: Int!): [Session!]! }
    type Session @key(fields: "id") { id: ID! state: State! uptimeSeconds: Int! downstreamOctets: String! site: Site! }
    type Site @key(fields: "id") { id: ID! name: String! signalDbm: Float! }`,
  partners: `${header}
    type Customer @key(fields: "id") { id: ID! partner: Partner }
    type Partner @key(fields: "id") { id: ID! name: String! territory: String! }
    type Site @key(fields: "id") { id: ID! installer: Partner! }`,
};

export interface BenchQuery {
  readonly name: string;
  readonly query: string;
  readonly variables: Readonly<Record<string, unknown>>;
  /** What the issue asks for: CPU per request of the peer over ours. */
  readonly reach: { readonly stock: number; readonly hive: number };
}

export const queries: readonly BenchQuery[] = [
  {
    name: 'one fetch',
    query: 'query Small { customers(first: 1) { id name } }',
    variables: {},
    reach: { stock: 3, hive: 3 },
  },
  {
    name: 'four fetches, 5 KB',
    query: `query Medium($first: Int!) {
      customers(first: $first) {
        id name email city
        balance { amount currency }
        sessions(first: 1) { id state uptimeSeconds downstreamOctets }
        partner { id name territory }
      }
    }`,
    variables: { first: 17 },
    reach: { stock: 4, hive: 7 },
  },
  {
    name: 'deep, 85 KB',
    query: `query Deep($first: Int!, $invoices: Int!) {
      customers(first: $first) {
        id name email city
        referredBy { id name balance { amount currency } }
        balance { amount currency }
        invoices(first: $invoices) { number paid total { amount currency } lines { text quantity price { amount currency } } }
        sessions(first: 2) { id state uptimeSeconds downstreamOctets site { id name signalDbm installer { name territory } } }
        partner { id name territory }
      }
    }`,
    variables: { first: 60, invoices: 2 },
    reach: { stock: 3, hive: 3 },
  },
];

/** Composes the supergraph with the subgraphs' URLs. */
export function composeSupergraph(urls: Readonly<Record<string, string>>): string {
  const services = Object.entries(subgraphSdl).map(([name, sdl]) => ({
    name,
    typeDefs: parse(sdl),
    url: urls[name] ?? '',
  }));
  const composed = composeServices(services);
  if (composed.errors !== undefined) throw new Error(composed.errors.join('\n'));
  return composed.supergraphSdl;
}
