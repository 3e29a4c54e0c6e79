import { DomainError } from '@dotmac/schema';
import { readAccessRules } from '@dotmac/schema/access';
import fc from 'fast-check';
import { GraphQLError, specifiedRules } from 'graphql';
import { expect, test } from 'vitest';
import { createDocumentCache } from '../execution/document-cache.ts';
import { createOwnExecutor } from '../execution/own-executor.ts';
import { defaultLimits } from '../limits.ts';
import { testSupergraph } from '../testing/subgraphs.ts';
import { compileCost } from './cost.ts';
import { readCostDirectives } from './cost-directives.ts';
import { introspects, selectsSchema } from './introspection.ts';
import { limitRule } from './limit-rule.ts';
import { readParams } from './params.ts';
import { signatureOf } from './signature.ts';

const supergraphSdl = testSupergraph();
const executor = createOwnExecutor({ supergraphSdl, client: { fetch: async () => ({ data: null }) } });
const costs = readCostDirectives(supergraphSdl);
const documents = createDocumentCache({
  schema: executor.schema,
  rules: [limitRule(defaultLimits), ...specifiedRules],
  maximumTokens: defaultLimits.tokens,
});

/** Everything that the gateway does to a text from outside before it asks a subgraph, and the asking itself. */
async function swallow(text: string): Promise<'refused' | 'run'> {
  let checked: ReturnType<typeof documents.check>;
  try {
    checked = documents.check(text);
  } catch (error) {
    // The one expected way to say no besides errors of the document.
    if (error instanceof DomainError) return 'refused';
    throw error;
  }
  if ('errors' in checked) {
    for (const error of checked.errors)
      expect(error.extensions.code).toMatch(/^GRAPHQL_(PARSE|VALIDATION)_FAILED$/);
    return 'refused';
  }
  const { document } = checked;
  introspects(document);
  selectsSchema(document, undefined);
  expect(documents.check(signatureOf(document).text)).toHaveProperty('document');
  expect(compileCost(executor.schema, costs, document, undefined)({})).toBeGreaterThanOrEqual(0);
  try {
    await executor.execute({ document, variables: {}, context: { tenant: null, principal: null } });
  } catch (error) {
    if (!(error instanceof GraphQLError)) throw error;
  }
  return 'run';
}

const seeds = [
  'query A($id: ID!, $b: Boolean = true) { customer(id: $id) { ...F @include(if: $b) } } fragment F on Customer { id name }',
  '{ sessions { id customer { name } } recursive { next { next { id } } } }',
  'mutation { renameCustomer(id: "c1", name: "x") { id } count }',
  'subscription { networkEvents(after: "a", types: ["x"]) { cursor session { id } } }',
  '{ __schema { types { name fields { name type { name } } } } a: __typename ... on Query { whoAmI { id } } }',
];
const words = [
  ...new Set(seeds.join(' ').match(/\w+|"\w*"|\.\.\.|[^\s\w]/g) ?? []),
  '"""',
  '\\u{110000}',
  '-1e999',
  '\ud800',
];

const mutated = fc
  .tuple(
    fc.constantFrom(...seeds),
    fc.array(
      fc.tuple(fc.nat(), fc.nat(8), fc.oneof(fc.constantFrom(...words), fc.string({ maxLength: 4 }))),
      {
        maxLength: 6,
      },
    ),
  )
  .map(([seed, edits]) =>
    edits.reduce((text, [at, length, put]) => {
      const start = at % (text.length + 1);
      return text.slice(0, start) + put + text.slice(start + length);
    }, seed),
  );
const invented = fc.array(fc.constantFrom(...words), { maxLength: 60 }).map((parts) => parts.join(' '));

test('no text makes the way from the wire to the plan fail in a way of its own', async () => {
  for (const seed of seeds) expect(['run', 'refused']).toContain(await swallow(seed));
  const seen = new Set<string>();
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(mutated, invented, fc.string({ maxLength: 200, unit: 'binary' })),
      async (text) => {
        seen.add(await swallow(text));
      },
    ),
    { numRuns: 500 },
  );
  expect(seen).toEqual(new Set(['refused', 'run']));
});

test('no JSON makes reading a request fail in a way of its own', () => {
  const known = fc.dictionary(
    fc.constantFrom('query', 'operationName', 'variables', 'extensions', 'documentId', '__proto__'),
    fc.oneof(fc.jsonValue(), fc.record({ persistedQuery: fc.jsonValue(), idempotencyKey: fc.jsonValue() })),
  );
  fc.assert(
    fc.property(fc.oneof(fc.jsonValue(), known), (body) => {
      try {
        const params = readParams(body);
        expect(params.query === undefined ? params.documentId : params.query).toBeTypeOf('string');
      } catch (error) {
        expect(error).toMatchObject({ name: 'GatewayError', code: 'BAD_REQUEST' });
      }
    }),
    { numRuns: 500 },
  );
});

test('no supergraph makes reading who may what fail in a way of its own', () => {
  fc.assert(
    fc.property(fc.nat(supergraphSdl.length), fc.nat(40), fc.string({ maxLength: 6 }), (at, length, put) => {
      try {
        readAccessRules(supergraphSdl.slice(0, at) + put + supergraphSdl.slice(at + length));
      } catch (error) {
        expect(error).toBeInstanceOf(GraphQLError);
      }
    }),
    { numRuns: 50 },
  );
});
