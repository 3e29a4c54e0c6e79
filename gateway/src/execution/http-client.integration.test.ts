import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GraphQLError } from 'graphql';
import { afterEach, describe, expect, test } from 'vitest';
import type { RequestContext } from './executor.ts';
import { createHttpClient, type HttpClientOptions, type HttpSubgraphClient } from './http-client.ts';

const request = { query: '{ a }', operationName: 'Q', variables: { x: 1 } };
const context: RequestContext = { tenant: 'alpha', principal: 'token-of-alpha' };
const cleanUp: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const clean of cleanUp.splice(0).reverse()) await clean();
});

async function serve(listener: RequestListener, path?: string): Promise<string> {
  const server: Server = createServer(listener);
  if (path === undefined) server.listen(0, '127.0.0.1');
  else server.listen(path);
  await once(server, 'listening');
  cleanUp.push(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });
  return path === undefined ? `http://127.0.0.1:${(server.address() as AddressInfo).port}` : `unix:${path}`;
}

function clientOf(
  origin: string,
  options: Partial<HttpClientOptions<RequestContext>> = {},
): HttpSubgraphClient<RequestContext> {
  const client = createHttpClient({
    resolve: () => ({ origin, path: '/graphql' }),
    now: () => 1000,
    ...options,
  });
  cleanUp.push(() => client.close());
  return client;
}

async function bodyOf(incoming: IncomingMessage): Promise<unknown> {
  let text = '';
  for await (const chunk of incoming) text += chunk;
  return JSON.parse(text);
}

function answer(response: ServerResponse, body: string, status = 200, type = 'application/json') {
  response.writeHead(status, { 'content-type': type }).end(body);
}

async function failureOf(promise: Promise<unknown>): Promise<{ code: unknown; message: string }> {
  const error = await promise.then(
    () => new Error('it did not fail'),
    (reason: unknown) => reason,
  );
  if (!(error instanceof GraphQLError)) throw error;
  return { code: error.extensions.code, message: error.message };
}

describe('HTTP subgraph client', () => {
  test('sends the request with the supplied headers and the remaining time', async () => {
    const seen: unknown[] = [];
    const origin = await serve(async (incoming, response) => {
      const { authorization, 'dotmac-timeout-ms': remaining } = incoming.headers;
      seen.push([incoming.method, incoming.url, authorization, remaining, await bodyOf(incoming)]);
      answer(response, '{"data":{"a":"ü"}}');
    });
    const client = clientOf(origin, {
      headers: async (subgraph, { principal }) => ({ authorization: `${principal} for ${subgraph}` }),
    });
    await expect(client.fetch('billing', request, { ...context, deadline: 3500 })).resolves.toEqual({
      data: { a: 'ü' },
    });
    expect(seen).toEqual([['POST', '/graphql', 'token-of-alpha for billing', '2500', request]]);
  });

  test('ends an answer that comes in pieces when its time is up', async () => {
    let now = 1000;
    const origin = await serve((_, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.write('{"data":');
      const piece = setInterval(() => {
        now += 1000;
        response.write(' ');
      }, 1);
      response.on('close', () => clearInterval(piece));
    });
    const client = clientOf(origin, { now: () => now });
    const trickling = client.fetch('billing', request, { ...context, deadline: 20_000 });
    expect((await failureOf(trickling)).code).toBe('SUBGRAPH_TIMEOUT');
  });

  test('sends a ready body as it is', async () => {
    let body: unknown;
    const origin = await serve(async (incoming, response) => {
      body = await bodyOf(incoming);
      answer(response, '{"data":null}');
    });
    await clientOf(origin).fetch('billing', { ...request, body: '{"ready":true}' }, context);
    expect(body).toEqual({ ready: true });
  });

  test('asks each tenant at its own origin, over a Unix socket too', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'dotmac-'));
    cleanUp.push(() => rm(folder, { recursive: true }));
    const alpha = await serve((_, response) => answer(response, '{"data":{"of":"alpha"}}'));
    const bravo = await serve(
      (_, response) => answer(response, '{"data":{"of":"bravo"}}'),
      join(folder, 'b.sock'),
    );
    const origins = new Map([
      ['alpha', alpha],
      ['bravo', bravo],
    ]);
    const client = clientOf('', {
      resolve(_, { tenant }) {
        const origin = origins.get(tenant ?? '');
        return origin === undefined ? undefined : { origin, path: '/' };
      },
      maximumOrigins: 1,
    });
    for (const tenant of ['alpha', 'bravo', 'alpha']) {
      const answered = await client.fetch('network', request, { ...context, tenant });
      expect(answered).toEqual({ data: { of: tenant } });
    }
    const stranger = client.fetch('network', request, { ...context, tenant: 'stranger' });
    expect((await failureOf(stranger)).code).toBe('SUBGRAPH_UNKNOWN');
  });

  test.each([
    ['a status', 500, 'application/json', '{}', 'SUBGRAPH_BAD_RESPONSE', 'Subgraph billing answered 500'],
    ['401', 401, 'application/json', '{}', 'UNAUTHENTICATED', 'Subgraph billing answered 401'],
    ['403', 403, 'application/json', '{}', 'FORBIDDEN', 'Subgraph billing answered 403'],
    ['a page', 200, 'text/html', '<p>', 'SUBGRAPH_BAD_RESPONSE', 'answered with content type text/html'],
    [
      'half a JSON',
      200,
      'application/json',
      '{"data":',
      'SUBGRAPH_BAD_RESPONSE',
      'answered with broken JSON',
    ],
    ['a list', 200, 'application/json', '[]', 'SUBGRAPH_BAD_RESPONSE', 'JSON that is no object'],
  ])('refuses %s for an answer', async (_, status, type, body, code, message) => {
    const origin = await serve((_incoming, response) => answer(response, body, status, type));
    const failure = await failureOf(clientOf(origin).fetch('billing', request, context));
    expect(failure.code).toBe(code);
    expect(failure.message).toContain(message);
  });

  test('stops reading an answer that is too large', async () => {
    const origin = await serve((_, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      const more = (error?: Error | null) => {
        if (!error && !response.closed) response.write(' '.repeat(65536), more);
      };
      more();
    });
    const client = clientOf(origin, { maximumResponseBytes: 100_000 });
    expect((await failureOf(client.fetch('billing', request, context))).code).toBe(
      'SUBGRAPH_RESPONSE_TOO_LARGE',
    );
  });

  test('gives up when the subgraph does not answer in time', async () => {
    const origin = await serve(() => {});
    const client = clientOf(origin, { timeout: 50 });
    expect((await failureOf(client.fetch('billing', request, context))).code).toBe('SUBGRAPH_TIMEOUT');
    const late = client.fetch('billing', request, { ...context, deadline: 1000 });
    expect((await failureOf(late)).message).toContain('too late');
  });

  test('cancels what is under way when the client leaves', async () => {
    let closed: Promise<unknown> | undefined;
    const controller = new AbortController();
    const origin = await serve((incoming) => {
      closed = once(incoming.socket, 'close');
      controller.abort();
    });
    const client = clientOf(origin);
    const failure = await failureOf(
      client.fetch('billing', request, { ...context, signal: controller.signal }),
    );
    expect(failure).toEqual({
      code: 'SUBGRAPH_TIMEOUT',
      message: 'Subgraph billing did not answer: cancelled',
    });
    await closed;
    const again = client.fetch('billing', request, { ...context, signal: controller.signal });
    expect((await failureOf(again)).message).toContain('was not asked');
  });

  test('asks once for equal queries of the same asker, where it may, and never for a mutation', async () => {
    const waiting: (() => void)[] = [];
    const origin = await serve(async (incoming, response) => {
      await bodyOf(incoming);
      const number = waiting.length;
      waiting.push(() => answer(response, JSON.stringify({ data: { number } })));
    });
    const client = clientOf(origin, { sharedBy: ({ tenant }) => tenant });
    const left = new AbortController();
    const mutation = { ...request, query: 'mutation { a }' };
    const asked = [
      client.fetch('billing', request, { ...context, signal: left.signal }),
      client.fetch('billing', request, context),
      client.fetch('billing', { ...request, variables: { x: 2 } }, context),
      client.fetch('billing', request, { ...context, tenant: 'bravo' }),
      client.fetch('billing', request, { ...context, tenant: null }),
      client.fetch('billing', request, { ...context, tenant: null }),
      client.fetch('billing', mutation, context),
      client.fetch('billing', mutation, context),
    ];
    while (waiting.length < 7) await new Promise(setImmediate);
    // Another waits for the same.
    left.abort();
    for (const go of waiting) go();
    const [first, second, ...others] = await Promise.all(asked);
    expect(second).toEqual(first);
    // Each may change what it got.
    expect(second?.data).not.toBe(first?.data);
    const numbers = [first, ...others].map((one) => one?.data?.number);
    expect(new Set(numbers).size).toBe(7);
    // Nothing is kept.
    const later = client.fetch('billing', request, context);
    while (waiting.length < 8) await new Promise(setImmediate);
    waiting[7]?.();
    expect(await later).toEqual({ data: { number: 7 } });
  });

  test('says when nobody listens', async () => {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    server.close();
    await once(server, 'close');
    const client = clientOf(`http://127.0.0.1:${port}`);
    expect((await failureOf(client.fetch('billing', request, context))).code).toBe('SUBGRAPH_UNREACHABLE');
  });
});
