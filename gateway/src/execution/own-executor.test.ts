import { parse, validate } from 'graphql';
import { describe, expect, test } from 'vitest';
import { executorKind } from './create-executor.ts';
import { composeGraph } from './differential/graphs.ts';
import { ispGraph } from './differential/isp-graph.ts';
import type { SubgraphRequest } from './executor.ts';
import { createOwnExecutor } from './own-executor.ts';

const { supergraphSdl, client } = composeGraph(ispGraph);
const context = { tenant: 'alpha', principal: null };

async function callsOf(query: string): Promise<[string, SubgraphRequest][]> {
  const calls: [string, SubgraphRequest][] = [];
  const executor = createOwnExecutor({
    supergraphSdl,
    client: {
      fetch(subgraph, request, context) {
        calls.push([subgraph, request]);
        return client.fetch(subgraph, request, context);
      },
    },
  });
  const { errors } = await executor.execute({ document: parse(query), context });
  expect(errors).toBeUndefined();
  return calls;
}

describe('our executor', () => {
  test('asks once for an entity that stands in many places', async () => {
    const calls = await callsOf('{ sessions { id customer { name } } }');
    const [, request] = calls[1] ?? [];
    expect(request?.variables.representations).toEqual(
      ['c1', 'c2', 'c3', 'c4'].map((id) => ({ __typename: 'Customer', id })),
    );
  });

  test.each(['', 'query Named '])('merges identical fetches under way: %s', async (head) => {
    const calls = await callsOf(
      `${head} { a: topSession { customer { name } } b: topSession { customer { name } } }`,
    );
    expect(calls.map(([subgraph]) => subgraph)).toEqual(['network', 'subscribers']);
  });

  test('never merges across the steps of a mutation', async () => {
    const calls = await callsOf(
      'mutation { a: closeSession(id: "s1") { customer { name } } touch b: closeSession(id: "s1") { customer { name } } }',
    );
    expect(calls.filter(([, { query }]) => query.includes('closeSession')).length).toBe(2);
    expect(calls.filter(([, { query }]) => query.includes('_entities')).length).toBe(2);
  });

  test('makes the JSON text of a request out of its parts', async () => {
    for (const [, { body, query, operationName, variables }] of await callsOf(
      'query Named { sessions { customer { name sessions(first: 1) { id } } } }',
    )) {
      expect(JSON.parse(body ?? '')).toEqual({ query, operationName, variables });
    }
  });

  test('refuses what it does not execute', async () => {
    const executor = createOwnExecutor({ supergraphSdl, client });
    const deferred = parse('{ me { name ... @defer { sessions { id } } } }');
    expect(validate(executor.schema, deferred).map(({ message }) => message)).toEqual([
      'Unknown directive "@defer".',
    ]);
    await expect(executor.execute({ document: deferred, context })).rejects.toThrow('@defer');
    const subscription = parse('subscription { sessionChanged { id } }');
    await expect(executor.execute({ document: subscription, context })).rejects.toThrow('not supported');
    expect(() => executor.planSubscription({ document: parse('{ me { name } }') })).toThrow(
      'not a subscription',
    );
    const linked = supergraphSdl.replace(
      'schema\n',
      'schema @link(url: "https://specs.apollo.dev/context/v0.1", for: SECURITY)\n',
    );
    expect(linked).not.toBe(supergraphSdl);
    expect(() => createOwnExecutor({ supergraphSdl: linked, client })).toThrow('context/v0.1');
  });

  test('is selected by the environment', () => {
    expect(executorKind({})).toBe('own');
    expect(executorKind({ DOTMAC_EXECUTOR: 'stock' })).toBe('stock');
    expect(() => executorKind({ DOTMAC_EXECUTOR: 'fast' })).toThrow('must be "own" or "stock"');
  });
});
