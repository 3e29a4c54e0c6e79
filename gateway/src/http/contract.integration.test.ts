import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { RawSocket } from '../testing/clients.ts';
import { eventually } from '../testing/eventually.ts';
import { staff, startWorld, type World } from '../testing/world.ts';

let world: World;
let token: string;
beforeAll(async () => {
  world = await startWorld();
  token = await world.token(staff('alpha', 'OWNER'));
});
afterAll(() => world[Symbol.asyncDispose]());

const customers = { query: '{ customers { name } }' };
const key = async (options: Partial<Parameters<World['apiKey']>[0]> = {}) => {
  const made = await world.apiKey({ tenantId: 'ten_alpha', scopes: ['customers:read'], ...options });
  await eventually(async () =>
    expect((await world.query({ query: '{ __typename }' }, { token: made.text })).status).not.toBe(401),
  );
  return made;
};

describe('the cost of an operation', () => {
  test('is quoted to keys, to whoever asks, and without running it', async () => {
    const { text } = await key();
    const forKey = await world.query(customers, { token: text });
    expect(forKey.body).toHaveProperty('extensions.cost', { operation: 10, limit: 200_000 });
    expect(forKey.headers.get('ratelimit-limit')).toBe('6000000');
    expect(Number(forKey.headers.get('ratelimit-remaining'))).toBeLessThan(6_000_000);
    expect((await world.query(customers, { token })).body).not.toHaveProperty('extensions');
    const quoted = await world.query(customers, { token, headers: { 'x-dotmac-cost': 'quote' } });
    expect(quoted.body).toHaveProperty('extensions.cost.operation', 10);
    const counted = world.tenants.alpha.counted;
    const dry = await world.query(
      { query: 'mutation { count }' },
      { token, headers: { 'x-dotmac-cost': 'dry-run' } },
    );
    expect(dry.body).toEqual({ data: null, extensions: { cost: { operation: 10, limit: 200_000 } } });
    expect(world.tenants.alpha.counted).toBe(counted);
  });

  test('above the limit is refused before it is planned', async () => {
    const small = await world.another({ limits: { cost: 5 } });
    const { status, body } = await world.query(customers, {
      token,
      url: small.url,
      headers: { accept: 'application/graphql-response+json' },
    });
    expect([status, body.errors?.[0]?.extensions]).toEqual([
      400,
      { code: 'COST_LIMIT_EXCEEDED', cost: 10, allowed: 5 },
    ]);
  });

  test('comes out of a budget: of the caller, and of the tenant', async () => {
    const poor = await world.another({ limits: { staffCostPerMinute: 25 } });
    const ask = () => world.query(customers, { token, url: poor.url });
    expect([(await ask()).status, (await ask()).status]).toEqual([200, 200]);
    const refused = await ask();
    expect(refused.status).toBe(429);
    expect(refused.body.errors?.[0]?.extensions).toMatchObject({ code: 'RATE_LIMITED', budget: 'caller' });
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(refused.headers.get('ratelimit-limit')).toBe('25');

    const socket = await new RawSocket(poor.url).initialise(token);
    socket.send({ id: '1', type: 'subscribe', payload: customers });
    await socket.count(2);
    expect(socket.messages[1]).toMatchObject({
      type: 'error',
      payload: [{ extensions: { code: 'RATE_LIMITED' } }],
    });
    socket.socket.terminate();

    const shared = await world.another({ limits: { tenantCostPerMinute: 15 } });
    expect((await world.query(customers, { token, url: shared.url })).status).toBe(200);
    const noc = await world.token(staff('alpha', 'NOC'));
    const second = await world.query(customers, { token: noc, url: shared.url });
    expect(second.body.errors?.[0]?.extensions).toMatchObject({ code: 'RATE_LIMITED', budget: 'tenant' });
    const bravo = await world.token(staff('bravo', 'OWNER'));
    expect((await world.query(customers, { token: bravo, url: shared.url })).status).toBe(200);
  });

  test('so many operations of one principal run at once, and no more', async () => {
    const narrow = await world.another({ limits: { operationsPerPrincipal: 1 } });
    const letGo = Promise.withResolvers<void>();
    const { begun, counted } = world.tenants.alpha;
    world.tenants.alpha.slow = letGo.promise;
    const first = world.query({ query: 'mutation { count }' }, { token, url: narrow.url });
    await eventually(() => expect(world.tenants.alpha.begun).toBe(begun + 1));
    const second = await world.query(customers, { token, url: narrow.url });
    letGo.resolve();
    expect(second.body.errors?.[0]?.extensions.code).toBe('TOO_MANY_OPERATIONS');
    expect((await first).body.data).toEqual({ count: counted + 1 });
    expect((await world.query(customers, { token, url: narrow.url })).body.errors).toBeUndefined();
  });
});

describe('a registered document', () => {
  const text = 'query ($id: ID!) { customer(id: $id) { name } }';

  test('runs by its id, for its tenant only, by GET with a validator too', async () => {
    const id = await world.document('ten_alpha', text);
    const variables = { id: 'c1' };
    const answer = { data: { customer: { name: 'ten_alpha c1' } } };
    await eventually(async () => {
      const { body } = await world.query({ documentId: `sha256:${id}`, variables }, { token });
      expect(body).toEqual(answer);
    });
    const old = { extensions: { persistedQuery: { version: 1, sha256Hash: id } }, variables };
    expect((await world.query(old, { token })).body).toEqual(answer);
    const bravo = await world.token(staff('bravo', 'OWNER'));
    const foreign = await world.query({ documentId: id, variables }, { token: bravo });
    expect([foreign.status, foreign.body.errors?.[0]?.extensions.code]).toEqual([
      404,
      'PERSISTED_DOCUMENT_NOT_FOUND',
    ]);

    const url = `${world.gateway.url}/graphql?documentId=${id}&variables=${encodeURIComponent('{"id":"c1"}')}`;
    const headers = { authorization: `Bearer ${token}` };
    const first = await fetch(url, { headers });
    expect(await first.json()).toEqual(answer);
    expect(first.headers.get('cache-control')).toBe('private, no-cache');
    const etag = first.headers.get('etag') ?? '';
    const second = await fetch(url, { headers: { ...headers, 'if-none-match': etag } });
    expect([second.status, await second.text()]).toEqual([304, '']);
    world.tenants.alpha.names.set('c1', 'Ada');
    const third = await fetch(url, { headers: { ...headers, 'if-none-match': etag } });
    expect(await third.json()).toEqual({ data: { customer: { name: 'Ada' } } });
    world.tenants.alpha.names.delete('c1');
  });

  test('by GET is no mutation', async () => {
    const id = await world.document('ten_alpha', 'mutation { count }');
    const { counted } = world.tenants.alpha;
    await eventually(async () => {
      const response = await fetch(`${world.gateway.url}/graphql?documentId=${id}`, {
        headers: { authorization: `Bearer ${token}` },
      });
      expect(await response.json()).toHaveProperty('errors.0.message', 'By GET only queries are taken');
    });
    expect(world.tenants.alpha.counted).toBe(counted);
  });

  test('is all that a key may run when it is bound to them, by any transport', async () => {
    const { text: bound } = await key({ trustedDocumentsOnly: true });
    const free = await world.query(customers, { token: bound });
    expect(free.body.errors?.[0]?.extensions.code).toBe('DOCUMENT_NOT_TRUSTED');
    const socket = await new RawSocket(world.gateway.url).initialise(bound);
    socket.send({ id: '1', type: 'subscribe', payload: customers });
    await socket.count(2);
    expect(socket.messages[1]).toMatchObject({ payload: [{ extensions: { code: 'DOCUMENT_NOT_TRUSTED' } }] });
    await world.document('ten_alpha', customers.query);
    await eventually(async () => {
      const { body } = await world.query(customers, { token: bound });
      expect(body.data).toHaveProperty('customers');
    });
    socket.send({ id: '2', type: 'subscribe', payload: customers });
    await socket.count(3);
    expect(socket.messages[2]).toMatchObject({ id: '2', type: 'next' });
    socket.socket.terminate();
  });
});

describe('a mutation with an idempotency key', () => {
  const count = { query: 'mutation { count }' };
  const once = (idempotencyKey: string, body: object = count, as = token) =>
    world.query(body, { token: as, headers: { 'idempotency-key': idempotencyKey } });

  test('is done once, and answers the same again', async () => {
    const { counted } = world.tenants.alpha;
    const first = await once('a-1');
    expect(first.body).toEqual({ data: { count: counted + 1 } });
    expect((await once('a-1')).body).toEqual(first.body);
    expect((await once('a-2')).body).toEqual({ data: { count: counted + 2 } });
    expect((await once('a-1')).body).toEqual(first.body);
    expect(world.tenants.alpha.counted).toBe(counted + 2);
  });

  test('counts each of its parts, and is somebody’s own', async () => {
    const { counted } = world.tenants.alpha;
    const two = { query: 'mutation { a: count touchTenant b: count }' };
    const first = await once('b-1', two);
    expect(first.body).toEqual({ data: { a: counted + 1, touchTenant: true, b: counted + 2 } });
    expect((await once('b-1', two)).body).toEqual(first.body);
    const noc = await world.token(staff('alpha', 'NOC'));
    expect((await once('b-1', two, noc)).body.data).toMatchObject({ a: counted + 3 });
  });

  test('belongs to one request: another with it, and one that comes too early, are told so', async () => {
    await once('c-1');
    const other = await once('c-1', { query: 'mutation { count touchTenant }' });
    expect(other.body.errors?.[0]?.extensions.code).toBe('IDEMPOTENCY_KEY_REUSED');
    const letGo = Promise.withResolvers<void>();
    world.tenants.alpha.slow = letGo.promise;
    const { counted } = world.tenants.alpha;
    const running = [once('c-2'), once('c-2')];
    const early = await Promise.race(running);
    expect(early.body.errors?.[0]?.extensions.code).toBe('IDEMPOTENCY_IN_PROGRESS');
    letGo.resolve();
    await Promise.all(running);
    expect((await once('c-2')).body).toEqual({ data: { count: counted + 1 } });
    expect(world.tenants.alpha.counted).toBe(counted + 1);
  });

  test('that broke off is not done again behind the client’s back', async () => {
    const { counted } = world.tenants.alpha;
    await once('d-1');
    await world.database.query(
      `update runtime.idempotency set answer = null, leased_until = now() where key = 'd-1'`,
    );
    expect((await once('d-1')).body.errors?.[0]?.extensions.code).toBe('IDEMPOTENCY_OUTCOME_UNKNOWN');
    expect(world.tenants.alpha.counted).toBe(counted + 1);
  });

  test('needs a key that can be one, and a credential', async () => {
    expect((await once('with space')).body.errors?.[0]?.extensions.code).toBe('BAD_REQUEST');
    const { body } = await world.query(count, { headers: { 'idempotency-key': 'x' } });
    expect(body.errors?.[0]?.extensions.code).toBe('BAD_REQUEST');
  });
});

test('a request has an id: the client’s, or the trace’s', async () => {
  const own = await world.query(customers, { token, headers: { 'x-request-id': 'job-42' } });
  expect(own.headers.get('x-request-id')).toBe('job-42');
  const strange = await world.query(customers, { token, headers: { 'x-request-id': 'a b' } });
  expect(strange.headers.get('x-request-id')).toBe(strange.headers.get('x-trace-id'));
});

test('a key’s last use is written when the gateway ends at the latest', async () => {
  const { id, text } = await key();
  const gateway = await world.another();
  await world.query(customers, { token: text, url: gateway.url });
  await gateway.stop();
  const { rows } = await world.database.query('select last_used_at from identity.api_key where id = $1', [
    id,
  ]);
  expect(rows[0].last_used_at).toBeInstanceOf(Date);
});

test('a revoked key is refused because the gateway is told, not because it looks', async () => {
  const told = await world.another({
    registry: { ...world.options.registry, pollMilliseconds: 3_600_000 },
  });
  const { id, text } = await key();
  const status = async () => (await world.query(customers, { token: text, url: told.url })).status;
  await eventually(async () => expect(await status()).toBe(200));
  await world.database.query('update identity.api_key set revoked_at = now() where id = $1', [id]);
  await eventually(async () => expect(await status()).toBe(401));
});
