import { composeServices } from '@apollo/composition';
import { parse } from 'graphql';
import { describe, expect, test } from 'vitest';
import { createExecutor } from './create-executor.ts';
import type { SubgraphClient, SubgraphRequest } from './executor.ts';

const federation = `extend schema @link(url: "https://specs.apollo.dev/federation/v2.7", import: ["@key"])`;
const composed = composeServices([
  {
    name: 'network',
    url: 'http://network',
    typeDefs: parse(`${federation}
      type Query { sessions: [Session!]! }
      type Subscription { sessionOpened: Session! }
      type Session @key(fields: "id") { id: ID! customer: Customer! }
      type Customer @key(fields: "id", resolvable: false) { id: ID! }`),
  },
  {
    name: 'subscribers',
    url: 'http://subscribers',
    typeDefs: parse(`${federation}
      type Query { customers: [Customer!]! }
      type Customer @key(fields: "id") { id: ID! name: String! }`),
  },
]);
if (composed.supergraphSdl === undefined) throw new Error(String(composed.errors));
const { supergraphSdl } = composed;
const context = { tenant: 'alpha', principal: null };

function recordingClient(): { calls: [string, SubgraphRequest][]; client: SubgraphClient } {
  const calls: [string, SubgraphRequest][] = [];
  return {
    calls,
    client: {
      async fetch(subgraph, request) {
        calls.push([subgraph, request]);
        if (subgraph === 'network') {
          return { data: { sessions: [{ id: 's1', customer: { __typename: 'Customer', id: 'c1' } }] } };
        }
        return { data: { _entities: [{ name: 'Ada' }] } };
      },
    },
  };
}

describe.each(['own', 'stock'] as const)('%s executor', (kind) => {
  test('joins two subgraphs', async () => {
    const { client, calls } = recordingClient();
    const executor = await createExecutor(kind, { supergraphSdl, client });
    const response = await executor.execute({
      document: parse('{ sessions { id customer { name } } }'),
      context,
    });
    expect(JSON.parse(JSON.stringify(response))).toEqual({
      data: { sessions: [{ id: 's1', customer: { name: 'Ada' } }] },
    });
    expect(calls.map(([name]) => name)).toEqual(['network', 'subscribers']);
    expect(calls[1]?.[1].variables).toEqual({ representations: [{ __typename: 'Customer', id: 'c1' }] });
    await executor.stop();
  });

  test('fills other subgraphs fields into a subscription event', async () => {
    const { client, calls } = recordingClient();
    const executor = await createExecutor(kind, { supergraphSdl, client });
    const plan = executor.planSubscription({
      document: parse('subscription Opened { sessionOpened { id customer { name } } }'),
    });
    if ('errors' in plan) throw new Error('planned with errors');
    expect(plan.subgraph).toBe('network');
    expect(plan.request.query).toContain('sessionOpened');
    const event = { data: { sessionOpened: { id: 's9', customer: { __typename: 'Customer', id: 'c1' } } } };
    expect(JSON.parse(JSON.stringify(await plan.complete(event, context)))).toEqual({
      data: { sessionOpened: { id: 's9', customer: { name: 'Ada' } } },
    });
    expect(calls.map(([name]) => name)).toEqual(['subscribers']);
    await executor.stop();
  });

  test('refuses an unknown operation name', async () => {
    const executor = await createExecutor(kind, { supergraphSdl, client: recordingClient().client });
    const request = { document: parse('query A { __typename }'), operationName: 'B', context };
    await expect(executor.execute(request)).rejects.toThrow('Unknown operation named "B"');
    await executor.stop();
  });
});
