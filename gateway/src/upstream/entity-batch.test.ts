import { anonymous } from '@dotmac/schema';
import fc from 'fast-check';
import { parse } from 'graphql';
import { expect, test } from 'vitest';
import { createExecutor } from '../execution/create-executor.ts';
import { composeGraph } from '../execution/differential/graphs.ts';
import { ispGraph } from '../execution/differential/isp-graph.ts';
import type {
  SubgraphClient,
  SubgraphError,
  SubgraphRequest,
  SubgraphResponse,
} from '../execution/executor.ts';
import type { GatewayContext } from './context.ts';
import { batchingEntities, EntityBatch } from './entity-batch.ts';

const context: GatewayContext = { tenant: 'alpha', principal: anonymous, traceId: '0'.repeat(32) };

const query =
  'query ($representations: [_Any!]!) { _entities(representations: $representations) { __typename } }';

interface Reference {
  readonly id: number;
}

/** Knows ids below 8; every third has a field that fails, and some fail twice. */
function answerTo({ variables }: SubgraphRequest): SubgraphResponse {
  const references = (variables.representations ?? []) as readonly Reference[];
  const errors: SubgraphError[] = references.flatMap(({ id }, index) => [
    ...(id % 3 === 0 ? [{ message: `no name ${id}`, path: ['_entities', index, 'name'] }] : []),
    ...(id >= 8 ? [{ message: `unknown ${id}`, path: ['_entities', index] }] : []),
  ]);
  return {
    data: {
      _entities: references.map(({ id }) =>
        id >= 8
          ? null
          : { __typename: 'Customer', name: id % 3 === 0 ? null : `${variables.greeting} ${id}`, of: {} },
      ),
    },
    ...(errors.length === 0 ? {} : { errors }),
  };
}

function counting(answer: (request: SubgraphRequest) => SubgraphResponse | Promise<SubgraphResponse>) {
  const requests: SubgraphRequest[] = [];
  const client: SubgraphClient<GatewayContext> = {
    async fetch(_, request) {
      requests.push(request);
      return answer(request);
    },
  };
  return { client, requests };
}

const asking = (ids: readonly number[], greeting = 'hello'): SubgraphRequest => ({
  query,
  variables: { greeting, representations: ids.map((id) => ({ __typename: 'Customer', id })) },
});

/** Errors of one answer may come in any order. */
const sorted = ({ errors, ...rest }: SubgraphResponse) => ({
  ...rest,
  errors: errors?.map((error) => JSON.stringify(error)).toSorted(),
});

const batched = () => ({ ...context, batch: new EntityBatch() });

test('everybody is answered as if he had asked alone, and each entity is asked for once', async () => {
  const ids = fc.uniqueArray(fc.nat(10), { minLength: 1, maxLength: 6 });
  await fc.assert(
    fc.asyncProperty(fc.array(ids, { minLength: 2, maxLength: 6 }), async (askers) => {
      const { client, requests } = counting(answerTo);
      const together = batched();
      const answers = await Promise.all(
        askers.map((asker) => batchingEntities(client).fetch('billing', asking(asker), together)),
      );
      expect(requests.length).toBe(1);
      const asked = requests[0]?.variables.representations as readonly Reference[];
      expect(asked.map(({ id }) => id).toSorted()).toEqual([...new Set(askers.flat())].toSorted());
      expect(answers.map(sorted)).toEqual(askers.map((asker) => sorted(answerTo(asking(asker)))));
      // Each may do with it what it likes.
      const entities = answers.flatMap(({ data }) => data?._entities as readonly (object | null)[]);
      const owned = entities.filter((entity) => entity !== null);
      expect(new Set(owned).size).toBe(owned.length);
    }),
  );
});

test('what differs in more than its entities is asked for itself', async () => {
  const { client, requests } = counting(answerTo);
  const together = batched();
  const { fetch } = batchingEntities(client);
  await Promise.all([
    fetch('billing', asking([1]), together),
    fetch('billing', asking([2], 'good day'), together),
    fetch('network', asking([3]), together),
    fetch('billing', asking([4]), context),
    fetch('billing', { query: '{ now }', variables: {} }, together),
  ]);
  expect(requests.length).toBe(5);
});

test.each<[string, SubgraphResponse]>([
  ['no list', { data: { _entities: 7 } }],
  [
    'no data',
    { data: null, errors: [{ message: 'no', path: ['_entities', 1, 'name'] }, { message: 'at all' }] },
  ],
  ['a list of the wrong length', { data: { _entities: [null] }, errors: [{ message: 'no' }] }],
])('an answer with %s is everybody’s trouble', async (_, wrong) => {
  const { client } = counting(() => structuredClone(wrong));
  const { fetch } = batchingEntities(client);
  const together = batched();
  const answers = await Promise.all([1, 2, 3].map((id) => fetch('billing', asking([id]), together)));
  for (const { data, errors = [] } of answers) {
    const received = data?._entities;
    expect(Array.isArray(received) && received.length === 1).toBe(false);
    expect(errors.map(({ message }) => message)).toEqual(wrong.errors?.map(({ message }) => message) ?? []);
  }
});

test('a subgraph that gives no answer refuses everybody', async () => {
  const { client } = counting(() => Promise.reject(new Error('away')));
  const { fetch } = batchingEntities(client);
  const together = batched();
  const answers = await Promise.allSettled([1, 2].map((id) => fetch('billing', asking([id]), together)));
  expect(answers.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
});

test('whole operations side by side have the answers that they have alone', async () => {
  const { supergraphSdl, client } = composeGraph(ispGraph);
  let fetches = 0;
  const counted: SubgraphClient = {
    fetch(subgraph, request, asked) {
      fetches += 1;
      return client.fetch(subgraph, request, asked);
    },
  };
  const executor = await createExecutor<GatewayContext>('own', {
    supergraphSdl,
    client: batchingEntities(counted as SubgraphClient<GatewayContext>),
  });
  for (const operation of ispGraph.operations) {
    const [text, variables] = typeof operation === 'string' ? [operation, {}] : operation;
    const document = parse(text);
    if (
      document.definitions.some((definition) => 'operation' in definition && definition.operation !== 'query')
    )
      continue;
    fetches = 0;
    const alone = await executor.execute({ document, variables, context }).catch(String);
    const needed = fetches;
    fetches = 0;
    const together = batched();
    const answers = await Promise.all(
      [1, 2, 3].map(() => executor.execute({ document, variables, context: together }).catch(String)),
    );
    for (const answer of answers) expect(answer, text).toEqual(alone);
    expect(fetches, text).toBeLessThanOrEqual(needed * 3);
  }
  await executor.stop();
});
