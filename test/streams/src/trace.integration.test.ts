import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type SimulatedNas, startNas } from '@dotmac/lab/radius';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually, type Graph, graphOf, type Subscriber, subscribersOf } from './graph.ts';
import type { RecordedSpan } from './span-recorder.ts';
import { type Stack, startStack } from './stack.ts';

let folder: string;
let stack: Stack;
let nas: SimulatedNas;
let ask: Graph['ask'];
let mutate: Graph['mutate'];
let ada: Subscriber;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dotmac-spans-'));
  stack = await startStack({
    demo: true,
    environment: {
      NODE_OPTIONS: `--import=${new URL('span-recorder.ts', import.meta.url).href}`,
      DOTMAC_TEST_SPANS: join(folder, 'spans'),
    },
  });
  ({ ask, mutate } = graphOf(stack.url, await stack.token('OWNER')));
  const secret = 'trace-secret';
  nas = await startNas({ secret, authHost: '127.0.0.1', ...stack.radius });
  const [subscriber] = await subscribersOf({ ask, mutate }, { secret, coaPort: nas.coaPort }, ['ada']);
  if (subscriber === undefined) throw new Error('The order is missing');
  ada = subscriber;
});
afterAll(async () => {
  await nas?.close();
  await stack?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

interface Sessions {
  readonly edges: readonly { readonly node: { readonly id: string } }[];
}

/** The id of his session, once accounting has told of it. */
async function online(): Promise<string> {
  await eventually(
    () => nas.login(ada.username, ada.password, { mac: ada.mac }),
    ({ accepted }) => accepted,
  );
  const { data } = await eventually(
    () => ask('{ sessions(live: true) { edges { node { id } } } }', {}),
    ({ data }) => (data.sessions as Sessions).edges.length === 1,
  );
  return (data.sessions as Sessions).edges[0]?.node.id ?? '';
}

const spansOf = async (traceId: string): Promise<RecordedSpan[]> =>
  (await readFile(join(folder, 'spans'), 'utf8'))
    .split('\n')
    .filter((line) => line.includes(traceId))
    .map((line) => JSON.parse(line) as RecordedSpan);

/** From what asked the device up to the client, by name; once all of it has ended. */
async function wayOf(traceId: string, root: string): Promise<{ way: string[]; spans: RecordedSpan[] }> {
  const wayIn = (spans: RecordedSpan[]) => {
    const way: string[] = [];
    for (let at = spans.find(({ name }) => name === 'device.apply'); at !== undefined; ) {
      way.push(at.name);
      const { parentSpanId } = at;
      at = spans.find(({ spanId }) => spanId === parentSpanId);
      if (at === undefined && parentSpanId === root) way.push('client');
    }
    return { way, spans };
  };
  return eventually(
    async () => wayIn(await spansOf(traceId)),
    ({ way }) => way.at(-1) === 'client',
  );
}

const root = 'b7ad6b7169203331';

test('one trace leads from a request at the gateway to the Disconnect-Request that the NAS gets', async () => {
  const traceId = '1af7651916cd43dd8448eb211c80319c';
  const headers = { traceparent: `00-${traceId}-${root}-01` };
  const sessionId = await online();
  const before = nas.coaReceived;
  const outcome = '... on DisconnectSessionResult { fingerprint outcome }';
  const planned = await mutate('disconnectSession', { sessionId, mode: 'PLAN' }, outcome);
  const { fingerprint } = planned;
  const done = await mutate('disconnectSession', { sessionId, mode: 'APPLY', fingerprint }, outcome, headers);
  expect(done).toMatchObject({ outcome: 'applied' });
  expect([nas.coaReceived, nas.sessions.size]).toEqual([before + 1, 0]);
  const { way, spans } = await wayOf(traceId, root);
  expect(way).toEqual(['device.apply', 'dotmac.subgraph.execute', 'gateway.fetch', 'mutation', 'client']);
  const applied = spans.find(({ name }) => name === 'device.apply');
  expect(applied?.attributes).toMatchObject({ 'device.protocol': 'radius' });
  // The gateway's and the tenant's.
  expect(new Set(spans.map(({ process }) => process)).size).toBe(2);
});

test('and through the event log and the job queue, to a packet that is sent when the client has his answer', async () => {
  const traceId = '2af7651916cd43dd8448eb211c80319c';
  const headers = { traceparent: `00-${traceId}-${root}-01` };
  await online();
  const before = nas.coaReceived;
  const lock = { serviceId: ada.serviceId, reason: 'ABUSE', because: 'spam' };
  expect(await mutate('lockService', lock, undefined, headers)).toMatchObject({ id: ada.serviceId });
  await eventually(
    async () => nas.coaReceived,
    (received) => received > before,
  );
  const { way } = await wayOf(traceId, root);
  expect(way).toEqual([
    'device.apply',
    'process network.access-change',
    'send network.access-change',
    'dotmac.consume',
    'dotmac.subgraph.execute',
    'gateway.fetch',
    'mutation',
    'client',
  ]);
  // What comes of it tells the same trace.
  const told = await stack.database
    .selectFrom('events.event' as never)
    .select(['type', 'trace_id'] as never)
    .where('trace_id' as never, '=', traceId as never)
    .execute();
  expect(told.map(({ type }) => type)).toEqual(
    expect.arrayContaining(['service.locks.changed', 'access.change.progressed']),
  );
});

test('what goes on for ever is in no trace of the request that began it', async () => {
  const traceId = '3af7651916cd43dd8448eb211c80319c';
  const device = { name: 'router', routeros: { host: '127.0.0.1', port: 1, username: 'x', password: 'x' } };
  const polled = async () => {
    const all = await readFile(join(folder, 'spans'), 'utf8');
    return all.split('\n').filter((line) => line.includes('"device.probe"') && line.includes('routeros'));
  };
  await mutate('registerDevice', device, '... on Device { id }', {
    traceparent: `00-${traceId}-${root}-01`,
  });
  const [first] = await eventually(polled, (lines) => lines.length > 0);
  expect(first).not.toContain(traceId);
});
