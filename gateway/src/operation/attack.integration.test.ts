import { getIntrospectionQuery } from 'graphql';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { transports } from '../testing/transports.ts';
import { staff, startWorld, type World } from '../testing/world.ts';

let world: World;
let token: string;
beforeAll(async () => {
  world = await startWorld();
  token = await world.token(staff('alpha', 'OWNER'));
});
afterAll(() => world[Symbol.asyncDispose]());

const anonymous = Symbol('anonymous');
const nested = (levels: number) => `{ recursive ${'{ next '.repeat(levels)}{ id } ${'}'.repeat(levels)} }`;
const many = (count: number, item: (index: number) => string) =>
  Array.from({ length: count }, (_, i) => item(i)).join(' ');
/** Each fragment spreads the next twice: two to the 20 fields from a text of a kilobyte. */
const bomb = `{ recursive { ...F0 } } ${many(20, (i) => `fragment F${i} on Node { ...F${i + 1} next { ...F${i + 1} } }`)}
  fragment F20 on Node { id }`;
const wideBomb = `{ recursive { ...F0 } } ${many(14, (i) => `fragment F${i} on Node { ...F${i + 1} ...F${i + 1} }`)}
  fragment F14 on Node { id }`;

const attacks: Readonly<Record<string, readonly [payload: object, code: string]>> = {
  'too many tokens': [{ query: `{ ${many(800, () => 'a b')} }` }, 'GRAPHQL_PARSE_FAILED'],
  'too deep': [{ query: nested(13) }, 'OPERATION_LIMIT_EXCEEDED'],
  'too many aliases': [
    { query: `{ recursive { ${many(31, (i) => `a${i}: id`)} } }` },
    'OPERATION_LIMIT_EXCEEDED',
  ],
  'too many directives': [
    { query: `{ whoAmI ${many(21, () => '@skip(if: false)')} { id } }` },
    'OPERATION_LIMIT_EXCEEDED',
  ],
  'too many root fields': [
    { query: `{ ${many(21, (i) => `a${i}: whoAmI { id }`)} }` },
    'OPERATION_LIMIT_EXCEEDED',
  ],
  'a fragment bomb in depth': [{ query: bomb }, 'OPERATION_LIMIT_EXCEEDED'],
  'a fragment bomb in width': [{ query: wideBomb }, 'OPERATION_LIMIT_EXCEEDED'],
  'a fragment inside itself': [
    { query: '{ recursive { ...F } } fragment F on Node { next { ...F } }' },
    'GRAPHQL_VALIDATION_FAILED',
  ],
  'the entities of a subgraph': [
    { query: '{ _entities(representations: []) { __typename } }' },
    'GRAPHQL_VALIDATION_FAILED',
  ],
  'the SDL of a subgraph': [{ query: '{ _service { sdl } }' }, 'GRAPHQL_VALIDATION_FAILED'],
  'no GraphQL': [{ query: '{ "' }, 'GRAPHQL_PARSE_FAILED'],
  'no document': [{ query: 1 }, 'BAD_REQUEST'],
  'variables that are a list': [{ query: '{ whoAmI { id } }', variables: [] }, 'BAD_REQUEST'],
  'an operation that is not there': [
    { query: 'query A { whoAmI { id } }', operationName: 'B' },
    'BAD_REQUEST',
  ],
  'no operation': [{ query: 'fragment F on Node { id }' }, 'GRAPHQL_VALIDATION_FAILED'],
  'a variable of the wrong type': [
    { query: 'query A($id: ID!) { customer(id: $id) { id } }', variables: { id: { a: 1 } } },
    'BAD_USER_INPUT',
  ],
};

describe.each(Object.keys(transports))('over %s', (name) => {
  const send = (payload: object, as: string | symbol = token) =>
    (transports[name] as (typeof transports)[string])(
      world.gateway.url,
      payload,
      typeof as === 'symbol' ? undefined : as,
    );

  test.each(Object.entries(attacks))('refuses %s', async (_, [payload, code]) => {
    const { data, errors } = await send(payload);
    expect(data ?? null).toBe(null);
    expect(errors?.[0]?.extensions.code).toBe(code);
  });

  test('answers an honest query', async () => {
    expect(await send({ query: nested(9) })).toHaveProperty('data.recursive');
  });

  test('a variable named representations does no harm', async () => {
    const query =
      'query A($representations: ID!) { customer(id: $representations) { name } sessions { customer { name } } }';
    const { data, errors } = await send({ query, variables: { representations: 'c7' } });
    expect(data).toMatchObject({ customer: { name: 'ten_alpha c7' } });
    for (const error of errors ?? []) expect(error.extensions.code).toBe('INTERNAL');
  });

  test('shows the schema to staff only', async () => {
    const query = getIntrospectionQuery();
    expect(await send({ query })).toHaveProperty('data.__schema.types');
    const partner = await world.token({ id: 'usr_partner', partnerId: 'par_1', roles: ['PARTNER'] });
    const subscriber = await world.token(
      { kind: 'subscriber', id: 'cus_1', tenantId: 'ten_alpha', customerId: 'cus_1', roles: ['SUBSCRIBER'] },
      { tenantKey: 'alpha' },
    );
    for (const other of [partner, subscriber, anonymous]) {
      expect((await send({ query }, other)).errors?.[0]?.extensions.code).toBe('INTROSPECTION_DISABLED');
    }
    const hidden = '{ whoAmI { id } ...F } fragment F on Query { __type(name: "Query") { name } }';
    expect((await send({ query: hidden }, partner)).errors?.[0]?.extensions.code).toBe(
      'INTROSPECTION_DISABLED',
    );
  });

  test('suggests nothing to those who may not see the schema', async () => {
    const partner = await world.token({ id: 'usr_partner', partnerId: 'par_1', roles: ['PARTNER'] });
    const { errors } = await send({ query: '{ whoAmY { id } }' }, partner);
    expect(errors?.[0]?.message).toBe('Cannot query field "whoAmY" on type "Query".');
    expect((await send({ query: '{ whoAmY { id } }' })).errors?.[0]?.message).toContain(
      'Did you mean "whoAmI"',
    );
  });

  test('hides what went wrong inside, and says where it can be found', async () => {
    const { errors } = await send({ query: '{ broken }' });
    expect(errors?.[0]?.extensions).toEqual({
      code: 'INTERNAL',
      traceId: expect.stringMatching(/^[0-9a-f]{32}$/),
    });
    expect(JSON.stringify(errors)).not.toMatch(/hunter2|subscribers|stack/);
  });

  test('names the missing scope', async () => {
    const noc = await world.token(staff('alpha', 'NOC'));
    const { errors } = await send({ query: 'mutation { renameCustomer(id: "c1", name: "x") { id } }' }, noc);
    expect(errors?.[0]).toMatchObject({
      path: ['renameCustomer'],
      extensions: { code: 'FORBIDDEN', missingScope: 'customers:write' },
    });
  });
});

describe('over HTTP', () => {
  const post = (body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string>) =>
    fetch(`${world.gateway.url}/graphql`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, ...headers },
      body,
    });
  const query = '{"query":"{ __typename }"}';

  test.each(['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x'])(
    'refuses %s, which any page may send',
    async (type) => {
      expect((await post(query, { 'content-type': type })).status).toBe(415);
    },
  );

  test('refuses operations by GET', async () => {
    expect((await fetch(`${world.gateway.url}/graphql?query={__typename}`)).status).toBe(405);
  });

  test('refuses batches', async () => {
    const { status, body } = await world.query([{ query: '{ __typename }' }], { token });
    expect([status, body.errors?.[0]?.extensions.code]).toEqual([400, 'BAD_REQUEST']);
  });

  test('refuses a body that is too large, also without a length', async () => {
    const large = JSON.stringify({ query: `{ __typename } #${'x'.repeat(300_000)}` });
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    expect((await post(large, headers)).status).toBe(413);
    const chunked = await fetch(`${world.gateway.url}/graphql`, {
      method: 'POST',
      headers,
      body: new Blob([large]).stream(),
      duplex: 'half',
    } as RequestInit);
    expect(chunked.status).toBe(413);
  });

  test('refuses a compressed body instead of unpacking it', async () => {
    const response = await post(query, { 'content-type': 'application/json', 'content-encoding': 'gzip' });
    expect(response.status).toBe(415);
  });

  test('refuses JSON that is broken or reaches for prototypes', async () => {
    for (const body of ['{', '', '{"query":"{ __typename }","__proto__":{"a":1}}']) {
      const response = await post(body, { 'content-type': 'application/json' });
      expect(response.status).toBe(400);
      expect(await response.json()).toMatchObject({ errors: [{ extensions: { code: 'BAD_REQUEST' } }] });
    }
  });

  test('a forged internal header changes nothing', async () => {
    const { body } = await world.query(
      { query: '{ whoAmI { id tenantId } }' },
      { token, headers: { 'x-dotmac-internal': await world.token(staff('bravo', 'OWNER')) } },
    );
    expect(body.data).toEqual({ whoAmI: { id: 'usr_alpha_owner', tenantId: 'ten_alpha' } });
  });

  test('a subgraph answers nobody but the gateway', async () => {
    const { Agent, request } = await import('undici');
    const dispatcher = new Agent({
      connect: { socketPath: world.tenants.alpha.origin.slice('unix:'.length) },
    });
    for (const header of ['', token]) {
      const { statusCode, body } = await request('http://localhost/graphql/subscribers', {
        dispatcher,
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-dotmac-internal': header },
        body: query,
      });
      await body.dump();
      expect(statusCode).toBe(403);
    }
    await dispatcher.close();
  });
});
