import { type DocumentNode, parse, validate } from 'graphql';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createExecutor } from '../create-executor.ts';
import type { Executor, RequestContext, SubgraphClient } from '../executor.ts';
import { abstractGraph } from './abstract-graph.ts';
import { directivesGraph } from './directives-graph.ts';
import { faultyClient } from './faults.ts';
import { generateOperation } from './generate.ts';
import { composeGraph, type GraphFixture } from './graphs.ts';
import { ispGraph } from './isp-graph.ts';

/** The seed of the faults travels as the principal: one pair of executors serves all of them. */
const noFaults = '';
const faultSeeds = ['1', '2', '3', '4', '5'];
/** DOTMAC_DIFFERENTIAL_RUNS asks for a longer search than the everyday one. */
const generatedOperations = Number(process.env.DOTMAC_DIFFERENTIAL_RUNS ?? 60);

describe.each([ispGraph, abstractGraph, directivesGraph])('$name', (fixture: GraphFixture) => {
  const { supergraphSdl, client } = composeGraph(fixture);
  const spoiled: SubgraphClient = {
    fetch(subgraph, request, context) {
      const seed = String(context.principal);
      const source = seed === noFaults ? client : faultyClient(client, seed);
      return source.fetch(subgraph, request, context);
    },
  };
  let own: Executor;
  let stock: Executor;
  beforeAll(async () => {
    own = await createExecutor('own', { supergraphSdl, client: spoiled });
    stock = await createExecutor('stock', { supergraphSdl, client: spoiled });
  });
  afterAll(async () => {
    await own.stop();
    await stock.stop();
  });

  async function compare(
    document: DocumentNode,
    variables: Record<string, unknown>,
    seeds: readonly string[],
  ) {
    for (const seed of seeds) {
      const context: RequestContext = { tenant: 'alpha', principal: seed };
      const expected = await outcome(stock, document, variables, context);
      const actual = await outcome(own, document, variables, context);
      expect(actual, `fault seed ${JSON.stringify(seed)}`).toEqual(expected);
    }
  }

  test.each(
    fixture.operations.map((operation) => (typeof operation === 'string' ? [operation, {}] : operation)),
  )('%s %o', async (query, variables) => {
    await compare(parse(query as string), variables as Record<string, unknown>, [noFaults, ...faultSeeds]);
  });

  test(`${generatedOperations} generated operations`, async () => {
    let compared = 0;
    for (let seed = 0; compared < generatedOperations; seed += 1) {
      const { query, variables } = generateOperation(own.schema, `${fixture.name} ${seed}`);
      const document = parse(query);
      if (validate(own.schema, document).length > 0) continue;
      await compare(document, variables, [noFaults, `${seed} a`, `${seed} b`, `${seed} c`]).catch((error) => {
        throw new Error(`seed ${seed}: ${query}\n${JSON.stringify(variables)}\n${error.message}`);
      });
      compared += 1;
    }
  }, 600_000);
});

/** What a client would get: text of the data, so that key order counts; errors as a sorted list of texts. */
async function outcome(
  executor: Executor,
  document: DocumentNode,
  variables: Record<string, unknown>,
  context: RequestContext,
) {
  try {
    const { data, errors, extensions } = await executor.execute({ document, variables, context });
    return {
      data: JSON.stringify(data),
      errors: errors?.map((error) => JSON.stringify(error)).sort(),
      extensions: JSON.stringify(extensions),
    };
  } catch (error) {
    return { rejection: JSON.stringify(error), message: String(error) };
  }
}
