import { composeServices } from '@apollo/composition';
import { buildSubgraphSchema } from '@apollo/subgraph';
import type { Context, Topic } from '@dotmac/schema';
import { ForbiddenError } from '@dotmac/schema';
import { type GraphQLSchema, parse } from 'graphql';
import type { EventSource, FakeEvent } from './event-source.ts';

const federation = `extend schema
  @link(url: "https://specs.apollo.dev/federation/v2.7", import: ["@key", "@shareable", "@composeDirective"])
  @link(url: "https://specs.dotmac.dev/access/v1.0", import: ["@access"]) @composeDirective(name: "@access")
  @link(url: "https://specs.dotmac.dev/cacheControl/v1.0", import: ["@cacheControl"]) @composeDirective(name: "@cacheControl")
  directive @cacheControl(maxAge: Int, scope: String, inheritMaxAge: Boolean) on FIELD_DEFINITION | OBJECT | INTERFACE
  directive @access(graph: String!, anyOf: [String!]!) repeatable on FIELD_DEFINITION`;
const typeDefs = {
  subscribers: parse(`${federation}
    type Query { customers: [Customer!]! @access(graph: "subscribers", anyOf: ["customers:read"]) customer(id: ID!): Customer whoAmI: Viewer! slow: String! broken: String!
      recursive: Node! offers: [Offer!]! @cacheControl(maxAge: 60, scope: "PUBLIC") }
    type Offer { name: String! price: Price! @cacheControl(inheritMaxAge: true) margin: Int! @access(graph: "subscribers", anyOf: ["customers:read"])
      mine: String! @cacheControl(maxAge: 30, scope: "PRIVATE") broken: String }
    type Price { minor: Int! }
    type Mutation { renameCustomer(id: ID!, name: String!): Customer! @access(graph: "subscribers", anyOf: ["customers:write"]) count: Int! }
    type Viewer { kind: String! id: ID! tenantId: ID roles: [String!]! scopes: [String!]! }
    type Customer @key(fields: "id") { id: ID! name: String! email: String @access(graph: "subscribers", anyOf: ["customers:read"]) }
    type Node { id: ID! next: Node! }`),
  network: parse(`${federation}
    scalar Cursor
    type Query { sessions: [Session!]! }
    type Subscription { networkEvents(after: Cursor, types: [String!]): NetworkEvent! @access(graph: "network", anyOf: ["network:read"]) ticks: Int! beats: Int!
      customerStates(after: Cursor, initial: Boolean): CustomerState! }
    type NetworkEvent { cursor: Cursor! session: Session! }
    type CustomerState { cursor: Cursor! id: ID! snapshot: SnapshotPlace session: Session! }
    type SnapshotPlace { number: Int! of: Int! }
    type Session @key(fields: "id") { id: ID! customer: Customer! }
    type Customer @key(fields: "id", resolvable: false) { id: ID! }`),
  tenants: parse(`${federation}
    type Query { tenant(id: ID!): Tenant platformViewer: PlatformViewer! }
    type Mutation { touchTenant: Boolean! }
    type PlatformViewer { id: ID! tenantId: ID scopes: [String!]! }
    type Tenant @key(fields: "id") { id: ID! name: String! }`),
};

/** What the subscription fields of the small subgraphs are. */
export const testTopics: Readonly<Record<string, Topic>> = {
  networkEvents: { kind: 'LOG' },
  customerStates: { kind: 'STATE', key: 'id' },
};

/** The supergraph of the small subgraphs below, composed like the real one. */
export function testSupergraph(): string {
  const { supergraphSdl, errors } = composeServices(
    Object.entries(typeDefs).map(([name, document]) => ({
      name,
      url: `local://${name}`,
      typeDefs: document,
    })),
  );
  if (supergraphSdl === undefined) throw new AggregateError(errors ?? []);
  return supergraphSdl;
}

/** What the subgraphs of one tenant work on. */
export interface FakeTenant {
  readonly id: string;
  readonly events: EventSource;
  readonly names: Map<string, string>;
  /** `slow` waits for this; tests let it go. */
  slow: Promise<void>;
  /** How often entities of `Customer` were resolved. */
  customerFetches: number;
  /** How often the mutation `count` was begun, and done. */
  begun: number;
  counted: number;
}

function needs(scope: string, { principal }: Context): void {
  if (!(principal.scopes as readonly string[]).includes(scope)) throw new ForbiddenError(scope);
}

export function subscribersSchema(tenant: FakeTenant): GraphQLSchema {
  const customer = (id: string) => ({ id, name: tenant.names.get(id) ?? `${tenant.id} ${id}` });
  return buildSubgraphSchema([
    {
      typeDefs: typeDefs.subscribers,
      resolvers: {
        Query: {
          customers: (_: unknown, __: unknown, context: Context) => {
            needs('customers:read', context);
            return ['c1', 'c2'].map(customer);
          },
          customer: (_: unknown, { id }: { id: string }) => customer(id),
          whoAmI: (_: unknown, __: unknown, { principal }: Context) => principal,
          slow: async () => {
            await tenant.slow;
            return 'done';
          },
          broken: () => {
            throw new Error('password=hunter2');
          },
          recursive: () => ({ id: '1' }),
          offers: () => [{ name: `Fibre of ${tenant.id}`, price: { minor: 4500 } }],
        },
        Offer: {
          margin: (_: unknown, __: unknown, context: Context) => {
            needs('customers:read', context);
            return 7;
          },
          mine: (_: unknown, __: unknown, { principal }: Context) => principal.id,
          broken: () => {
            throw new Error('password=hunter2');
          },
        },
        Node: { next: () => ({ id: '1' }) },
        Mutation: {
          count: async () => {
            tenant.begun += 1;
            await tenant.slow;
            tenant.counted += 1;
            return tenant.counted;
          },
          renameCustomer: (_: unknown, { id, name }: { id: string; name: string }, context: Context) => {
            needs('customers:write', context);
            tenant.names.set(id, name);
            return customer(id);
          },
        },
        Customer: {
          email: ({ id }: { id: string }, _: unknown, context: Context) => {
            needs('customers:read', context);
            return `${id}@example.net`;
          },
          __resolveReference: ({ id }: { id: string }) => {
            tenant.customerFetches += 1;
            return customer(id);
          },
        },
      },
    },
  ]);
}

export function networkSchema(tenant: FakeTenant): GraphQLSchema {
  const sessionOf = (event: { sessionId: string; customerId: string }) => ({
    id: event.sessionId,
    customer: { __typename: 'Customer', id: event.customerId },
  });
  return buildSubgraphSchema([
    {
      typeDefs: typeDefs.network,
      resolvers: {
        Query: { sessions: () => [sessionOf({ sessionId: 's1', customerId: 'c1' })] },
        Subscription: {
          networkEvents: {
            subscribe: (_: unknown, { after }: { after?: string }, context: Context) => {
              needs('network:read', context);
              return tenant.events.subscribe(after);
            },
            resolve: (event: { cursor: string; sessionId: string; customerId: string }) => ({
              cursor: event.cursor,
              session: sessionOf(event),
            }),
          },
          customerStates: {
            subscribe: (
              _: unknown,
              { after, initial }: { after?: string; initial?: boolean },
              context: Context,
            ) => {
              needs('network:read', context);
              return tenant.events.subscribe(after, initial);
            },
            resolve: (event: FakeEvent) => ({ ...event, id: event.customerId, session: sessionOf(event) }),
          },
          /** One event, and then no more. */
          beats: { subscribe: () => onceThenSilence({ beats: 1 }) },
          ticks: {
            subscribe: async function* () {
              for (let tick = 1; tick <= 3; tick += 1) yield { ticks: tick };
            },
          },
        },
      },
    },
  ] as unknown as Parameters<typeof buildSubgraphSchema>[0]);
}

function onceThenSilence<Item>(item: Item): AsyncIterableIterator<Item> {
  const silence = Promise.withResolvers<IteratorResult<Item>>();
  let sent = false;
  return {
    async next() {
      if (sent) return silence.promise;
      sent = true;
      return { done: false, value: item };
    },
    async return() {
      silence.resolve({ done: true, value: undefined });
      return { done: true, value: undefined };
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

export function tenantsSchema(): GraphQLSchema {
  return buildSubgraphSchema([
    {
      typeDefs: typeDefs.tenants,
      resolvers: {
        Query: {
          tenant: (_: unknown, { id }: { id: string }) => ({ id, name: `Tenant ${id}` }),
          platformViewer: (_: unknown, __: unknown, { principal }: Context) => principal,
        },
        Mutation: { touchTenant: () => true },
        Tenant: { __resolveReference: ({ id }: { id: string }) => ({ id, name: `Tenant ${id}` }) },
      },
    },
  ]);
}
