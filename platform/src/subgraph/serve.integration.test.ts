import { createPublicKey } from 'node:crypto';
import { once } from 'node:events';
import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import { anonymous } from '@dotmac/schema';
import { GraphQLInt, GraphQLObjectType, GraphQLSchema, GraphQLString } from 'graphql';
import { afterEach, expect, test } from 'vitest';
import { generateSigningKey, signToken } from '../identity/token.ts';
import { silentLogger } from '../telemetry/logger.ts';
import { createMetrics } from '../telemetry/metrics.ts';
import { systemClock } from '../time/clock.ts';
import { createSubgraphServer } from './serve.ts';
import { internalTokenHeader } from './webhook.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

/** A source that says where it starts, gives nothing, and tells when it has ended. */
function silentSource(start: string) {
  const ended = Promise.withResolvers<IteratorResult<number>>();
  return {
    ended: ended.promise,
    source: {
      start,
      next: () => ended.promise,
      async return() {
        ended.resolve({ done: true, value: undefined });
        return { done: true, value: undefined };
      },
      [Symbol.asyncIterator]() {
        return this;
      },
    },
  };
}

async function serve(subscribe: () => unknown) {
  const { key, publicPem } = generateSigningKey('gateway');
  const schema = new GraphQLSchema({
    query: new GraphQLObjectType({ name: 'Query', fields: { a: { type: GraphQLString } } }),
    subscription: new GraphQLObjectType({
      name: 'Subscription',
      fields: { beats: { type: GraphQLInt, subscribe } },
    }),
  });
  const server = createSubgraphServer({
    modules: [{ name: 'network', schema, contextOf: (base) => base }],
    keys: new Map([['gateway', createPublicKey(publicPem)]]),
    plane: 'ten_1',
    logger: silentLogger,
    metrics: createMetrics({}),
    clock: systemClock,
    ready: async () => true,
  });
  cleanups.push(() => server.close());
  const url = await server.listen({ host: '127.0.0.1', port: 0 });
  const token = await signToken(anonymous, {
    key,
    audience: 'ten_1/network',
    issuer: 'gateway',
    lifetimeSeconds: 60,
    clock: systemClock,
  });
  const left = Promise.withResolvers<void>();
  server.server.on('connection', (socket) => socket.once('close', () => left.resolve()));
  const ask = (): ClientRequest => {
    const asked = request(`${url}/graphql/network`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'text/event-stream',
        [internalTokenHeader]: token,
      },
    });
    // The test breaks it off.
    asked.on('error', () => undefined);
    asked.end('{"query":"subscription { beats }"}');
    cleanups.push(() => asked.destroy());
    return asked;
  };
  /** `left`: the server has noticed that the client is gone. */
  return { ask, left: left.promise };
}

test('a stream tells where it starts before there is any event, and ends with its client', async () => {
  const { source, ended } = silentSource('c7');
  const { ask } = await serve(() => source);
  const asked = ask();
  const [response] = (await once(asked, 'response')) as [IncomingMessage];
  const [chunk] = (await once(response, 'data')) as [Buffer];
  expect(chunk.toString()).toBe('event: ready\ndata: {"cursor":"c7"}\n\n');
  asked.destroy();
  await ended;
});

test('a client that leaves while its subscription is being made leaves no source behind', async () => {
  const { source, ended } = silentSource('c7');
  const called = Promise.withResolvers<void>();
  const made = Promise.withResolvers<typeof source>();
  const { ask, left } = await serve(() => {
    called.resolve();
    return made.promise;
  });
  const asked = ask();
  await called.promise;
  asked.destroy();
  await left;
  made.resolve(source);
  await ended;
});
