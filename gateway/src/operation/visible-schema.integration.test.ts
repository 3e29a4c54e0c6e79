import {
  buildClientSchema,
  type GraphQLSchema,
  getIntrospectionQuery,
  type IntrospectionQuery,
  isObjectType,
} from 'graphql';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually } from '../testing/eventually.ts';
import { transports } from '../testing/transports.ts';
import { startWorld, type World } from '../testing/world.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world[Symbol.asyncDispose]());

async function key(scopes: readonly string[]): Promise<string> {
  const { text } = await world.apiKey({ tenantId: 'ten_alpha', scopes });
  await eventually(async () =>
    expect((await world.query({ query: '{ __typename }' }, { token: text })).status).toBe(200),
  );
  return text;
}

async function shownTo(token: string): Promise<GraphQLSchema> {
  const { body } = await world.query({ query: getIntrospectionQuery() }, { token });
  expect(body.errors).toBeUndefined();
  return buildClientSchema(body.data as unknown as IntrospectionQuery);
}

const fieldsOf = (schema: GraphQLSchema, name: string) => {
  const type = schema.getType(name);
  return isObjectType(type) ? Object.keys(type.getFields()) : [];
};

/** One operation for each field that is guarded in the small graph, and the scope that opens it. */
const guarded = [
  ['Query', 'customers', '{ customers { name } }', 'customers:read'],
  [
    'Mutation',
    'renameCustomer',
    'mutation { renameCustomer(id: "c1", name: "x") { id } }',
    'customers:write',
  ],
] as const;

describe.each([
  ['nothing', []],
  ['reading', ['customers:read']],
  ['writing', ['customers:write']],
  ['both', ['customers:read', 'customers:write', 'network:read']],
])('a key for %s', (_, scopes) => {
  test('is shown what it may use, and is refused the rest by the name of the missing scope', async () => {
    const token = await key(scopes);
    const schema = await shownTo(token);
    for (const [type, field, query, scope] of guarded) {
      const held = (scopes as readonly string[]).includes(scope);
      expect([field, fieldsOf(schema, type).includes(field)]).toEqual([field, held]);
      const { body } = await world.query({ query }, { token });
      expect([field, body.errors?.[0]?.extensions.missingScope]).toEqual([field, held ? undefined : scope]);
    }
    expect(fieldsOf(schema, 'Query')).toEqual(expect.arrayContaining(['whoAmI', 'customer']));
    const sees = (scopes as readonly string[]).includes('network:read');
    expect(fieldsOf(schema, 'Subscription').includes('networkEvents')).toBe(sees);
    // Nothing else leads to it.
    expect(schema.getType('NetworkEvent') !== undefined).toBe(sees);
    expect(schema.getDirective('access')).toBeUndefined();
  });
});

describe.each(Object.entries(transports))('over %s', (_, send) => {
  test('a key asks for the schema by itself, or not at all', async () => {
    const token = await key(['customers:read']);
    const ask = (query: string) => send(world.gateway.url, { query }, token);
    const alone = await ask(
      '{ __type(name: "NetworkEvent") { name } customer: __type(name: "Customer") { name } }',
    );
    expect(alone.data).toEqual({ __type: null, customer: { name: 'Customer' } });
    const beside = await ask(
      '{ whoAmI { id } ...F } fragment F on Query { __type(name: "NetworkEvent") { name } }',
    );
    expect(beside.errors?.[0]?.extensions.code).toBe('INTROSPECTION_DISABLED');
    const other = '{ __type(name: "NetworkEvent") { name } }';
    const named = { query: `query A { whoAmI { kind } } query B ${other}`, operationName: 'A' };
    expect((await send(world.gateway.url, named, token)).data).toEqual({ whoAmI: { kind: 'apiKey' } });
    const hidden = await send(world.gateway.url, { ...named, operationName: 'B' }, token);
    expect(hidden.data).toEqual({ __type: null });
  });

  test('a key is suggested nothing', async () => {
    const token = await key([]);
    const { errors } = await send(world.gateway.url, { query: '{ custommers { name } }' }, token);
    expect(errors?.[0]?.message).toBe('Cannot query field "custommers" on type "Query".');
  });

  test('a question about the schema that feeds on itself is refused', async () => {
    const token = await key([]);
    const nested = (levels: number): string =>
      levels === 0 ? '{ name }' : `{ fields { type ${nested(levels - 1)} } }`;
    const { errors } = await send(world.gateway.url, { query: `{ __schema { types ${nested(5)} } }` }, token);
    expect(errors?.[0]?.extensions.code).toBe('GRAPHQL_VALIDATION_FAILED');
  });
});
