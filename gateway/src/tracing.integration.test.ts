import { context, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { eventually } from './testing/eventually.ts';
import { transports } from './testing/transports.ts';
import { staff, startWorld, type World } from './testing/world.ts';

/** What a deployer brings with `node --import`: here it keeps the spans of all parts, which share this process. */
const exporter = new InMemorySpanExporter();
const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });

let world: World;
let token: string;
beforeAll(async () => {
  trace.setGlobalTracerProvider(provider);
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  world = await startWorld();
  token = await world.token(staff('alpha', 'OWNER'));
});
afterAll(async () => {
  await world[Symbol.asyncDispose]();
  trace.disable();
  context.disable();
});
beforeEach(() => exporter.reset());

const traceId = '0af7651916cd43dd8448eb211c80319c';
const traceparent = `00-${traceId}-b7ad6b7169203331-01`;
const twoSubgraphs = 'query Live { sessions { id customer { name } } }';
const named = (name: string) => exporter.getFinishedSpans().filter((span) => span.name === name);
const idOf = (span: ReadableSpan | undefined) => span?.spanContext().spanId;

test('a trace goes on from the client through the gateway into every subgraph', async () => {
  const { headers } = await world.query({ query: twoSubgraphs }, { token, headers: { traceparent } });
  expect(headers.get('x-trace-id')).toBe(traceId);
  await eventually(async () => expect(named('query')).toHaveLength(1));
  const [operation] = named('query');
  expect(operation?.parentSpanId).toBe('b7ad6b7169203331');
  expect(operation?.attributes).toMatchObject({
    'graphql.operation.type': 'query',
    'graphql.operation.name': 'Live',
    'dotmac.tenant': 'ten_alpha',
    'dotmac.principal.kind': 'user',
  });
  const fetches = named('gateway.fetch');
  expect(fetches.map(({ attributes }) => attributes['dotmac.subgraph'])).toEqual(['network', 'subscribers']);
  expect(fetches.map(({ parentSpanId }) => parentSpanId)).toEqual([idOf(operation), idOf(operation)]);
  // The hop over HTTP is between these.
  const executions = named('dotmac.subgraph.execute');
  expect(executions.map(({ parentSpanId }) => parentSpanId)).toEqual(fetches.map(idOf));
  for (const span of exporter.getFinishedSpans()) expect(span.spanContext().traceId).toBe(traceId);
});

test('a client that brings no trace gets the id of ours', async () => {
  const { headers } = await world.query({ query: '{ whoAmI { id } }' }, { token });
  await eventually(async () => expect(named('query')).toHaveLength(1));
  expect(headers.get('x-trace-id')).toBe(named('query')[0]?.spanContext().traceId);
});

test.each(Object.entries(transports))('over %s an operation is one trace', async (_, send) => {
  await send(world.gateway.url, { query: twoSubgraphs }, token);
  await eventually(async () => expect(named('query')).toHaveLength(1));
  const ids = exporter.getFinishedSpans().map((span) => span.spanContext().traceId);
  expect([new Set(ids).size, ids.length]).toEqual([1, 5]);
});

test('over a WebSocket each operation brings its own place in a trace', async () => {
  await transports.websocket?.(
    world.gateway.url,
    { query: twoSubgraphs, extensions: { traceparent } },
    token,
  );
  await eventually(async () => expect(named('query')).toHaveLength(1));
  expect(named('query')[0]?.parentSpanId).toBe('b7ad6b7169203331');
  for (const span of exporter.getFinishedSpans()) expect(span.spanContext().traceId).toBe(traceId);
});

test('what fails is marked as failed, with nothing of the credential in it', async () => {
  await world.query({ query: '{ nonsense }' }, { token });
  await world.tenants.bravo.kill();
  const bravo = await world.token(staff('bravo', 'OWNER'));
  await world.query({ query: '{ customers { name } }' }, { token: bravo });
  await world.tenants.bravo.start();
  await eventually(async () => expect(named('query')).toHaveLength(1));
  const failed = exporter.getFinishedSpans().filter(({ status }) => status.code === 2);
  expect(failed.map(({ name }) => name)).toEqual(['graphql', 'gateway.fetch']);
  const told = JSON.stringify(
    exporter.getFinishedSpans().map(({ attributes, status }) => [attributes, status]),
  );
  for (const secret of [token, bravo]) expect(told).not.toContain(secret);
});
