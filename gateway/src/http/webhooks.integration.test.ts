import { createPublicKey } from 'node:crypto';
import { join } from 'node:path';
import {
  createMetrics,
  createSubgraphServer,
  silentLogger,
  systemClock,
  webhookBytes,
} from '@dotmac/platform';
import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startWorld, type World } from '../testing/world.ts';

interface Heard {
  readonly name: string;
  readonly body: Uint8Array;
  readonly headers: Readonly<Record<string, string>>;
}

const stack = new AsyncDisposableStack();
let world: World;
let runtime: FastifyInstance;
const heard: Heard[] = [];

/** A tenant whose runtime has a door for `shop`, which refuses what is not signed `good`. */
beforeAll(async () => {
  world = stack.use(await startWorld());
  const { key } = { key: world.options.signingKey };
  runtime = createSubgraphServer({
    modules: [
      {
        name: 'billing',
        schema: undefined as never,
        contextOf: (base) => base,
        webhooks: {
          async receive(name, body, headers) {
            if (name !== 'shop') return 'UNKNOWN';
            if (headers['stripe-signature'] !== 'good') return 'REFUSED';
            heard.push({ name, body, headers });
            return 'ACCEPTED';
          },
        },
      },
    ],
    keys: new Map([[key.id, createPublicKey(key.privateKey)]]),
    plane: 'ten_shop',
    logger: silentLogger,
    metrics: createMetrics({}),
    clock: systemClock,
    ready: async () => true,
  });
  const path = join(world.folder, 'shop.sock');
  await runtime.listen({ path });
  stack.defer(() => runtime.close());
  await world.database.query(
    `insert into routing.route values ('ten_shop', 'shop', 'ISP shop', '{}', 'ACTIVE', $1, 1, now())`,
    [`unix:${path}`],
  );
});
afterAll(() => stack.disposeAsync());

const post = (path: string, body: Uint8Array | string, headers: Record<string, string> = {}) =>
  fetch(`${world.gateway.url}${path}`, {
    method: 'POST',
    body: body as BodyInit,
    headers: { 'stripe-signature': 'good', 'content-type': 'application/json', ...headers },
  });

test('a message reaches the tenant’s runtime octet by octet, with its signature and nothing else', async () => {
  const body = Buffer.from('{ "id" :\t"evt_1", "snow": "☃" }\n');
  await expect.poll(async () => (await post('/webhooks/shop/shop', body)).status).toBe(200);
  expect(Buffer.from(heard.at(-1)?.body ?? []).equals(body)).toBe(true);
  await post('/webhooks/shop/shop', body, {
    authorization: 'Bearer x',
    cookie: 'a=b',
    'x-dotmac-internal': 'forged',
    'x-dotmac-signature': 'forged',
    'x-shop-signature': 'kept',
  });
  const headers: Readonly<Record<string, string>> = heard.at(-1)?.headers ?? {};
  expect(headers).toMatchObject({ 'stripe-signature': 'good', 'x-shop-signature': 'kept' });
  expect(headers).not.toHaveProperty('authorization');
  expect(headers).not.toHaveProperty('cookie');
  expect(headers).not.toHaveProperty('x-dotmac-signature');
  expect(headers['x-dotmac-internal']).not.toBe('forged');
});

test.each([
  ['/webhooks/shop/shop', { 'stripe-signature': 'bad' }, 400],
  ['/webhooks/shop/other', {}, 404],
  ['/webhooks/nobody/shop', {}, 404],
  ['/webhooks/shop/..%2Fgraphql', {}, 404],
  ['/webhooks/shop/shop/more', {}, 404],
  ['/webhooks/shop/SHOP%20', {}, 404],
  ['/webhooks/shop/shop', { 'content-encoding': 'gzip' }, 415],
])('%s with %o gives %i', async (path, headers: Record<string, string>, status) => {
  const before = heard.length;
  expect((await post(path, '{}', headers)).status).toBe(status);
  expect(heard).toHaveLength(before);
});

test('a message may not be larger than the limit', async () => {
  expect((await post('/webhooks/shop/shop', Buffer.alloc(webhookBytes + 1))).status).toBe(413);
});

test('the runtime takes messages from a gateway only, and a token for the graph is none for them', async () => {
  const inject = (headers: Record<string, string>) =>
    runtime.inject({
      method: 'POST',
      url: '/webhooks/shop',
      payload: '{}',
      headers: { 'stripe-signature': 'good', 'content-type': 'application/json', ...headers },
    });
  expect((await inject({})).statusCode).toBe(403);
  const graphToken = await world.token({ id: 'usr_1' });
  expect((await inject({ 'x-dotmac-internal': graphToken })).statusCode).toBe(403);
});

test('while the runtime is away whoever posts is asked to come again', async () => {
  await runtime.close();
  const { status, headers } = await post('/webhooks/shop/shop', '{}');
  expect([status, headers.get('retry-after')]).toEqual([503, '30']);
});
