import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type SimulatedNas, startNas } from '@dotmac/lab/radius';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { RecordedSpan } from './span-recorder.ts';
import { type Stack, startStack } from './stack.ts';

let folder: string;
let stack: Stack;
let nas: SimulatedNas;
let token: string;
let serviceId: string;
let password: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dotmac-spans-'));
  stack = await startStack({
    demo: true,
    environment: {
      NODE_OPTIONS: `--import=${new URL('span-recorder.ts', import.meta.url).href}`,
      DOTMAC_TEST_SPANS: join(folder, 'spans'),
    },
  });
  token = await stack.token('OWNER');
  const secret = 'trace-secret';
  nas = await startNas({ secret, authHost: '127.0.0.1', ...stack.radius });
  const rate = (bits: string) => ({ speedBitsPerSecond: bits });
  await mutate('registerNas', {
    name: 'bng-1',
    sourceAddress: '127.0.0.1',
    secret,
    profile: 'mikrotik',
    coaPort: nas.coaPort,
  });
  await mutate('createAddressPool', { name: 'residential', cidr: '100.64.0.0/26' });
  const shaping = { downstream: rate('50000000'), upstream: rate('10000000') };
  const { id: planId } = await mutate('createPlan', {
    name: 'Fifty',
    terms: { price: { amount: '4500', currency: 'USD' }, shaping },
  });
  const { id: customerId } = await mutate('createCustomer', { name: 'Ada' });
  ({ id: serviceId = '' } = await mutate('orderService', { customerId, planId, username: 'ada' }));
  await eventually(
    () => ask('query ($id: ID!) { service(id: $id) { access { username } } }', { id: serviceId }),
    ({ data }) => (data.service as { access: object | null } | null)?.access != null,
  );
  const revealing = { serviceId, reason: 'test' };
  ({ password = '' } = await mutate(
    'revealAccessPassword',
    revealing,
    '... on RevealedPassword { password }',
  ));
});
afterAll(async () => {
  await nas?.close();
  await stack?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

const patienceMilliseconds = 30_000;

async function eventually<T>(ask: () => Promise<T>, check: (answer: T) => boolean): Promise<T> {
  for (const deadline = Date.now() + patienceMilliseconds; ; ) {
    const answer = await ask();
    if (check(answer)) return answer;
    if (Date.now() > deadline) throw new Error(`It never came true; last seen: ${JSON.stringify(answer)}`);
    await new Promise((again) => setTimeout(again, 50));
  }
}

async function ask(query: string, variables: object, headers: Record<string, string> = {}) {
  const response = await fetch(stack.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}`, ...headers },
    body: JSON.stringify({ query, variables }),
  });
  const { data, errors } = (await response.json()) as {
    data: Record<string, unknown>;
    errors?: readonly unknown[];
  };
  if (errors !== undefined) throw new Error(JSON.stringify(errors));
  return { data, traceId: response.headers.get('x-trace-id') };
}

/** Runs a mutation with one input; what it selects of the result, or the failure. */
async function mutate(
  field: string,
  input: object,
  selection?: string,
  headers?: Record<string, string>,
): Promise<Record<string, string>> {
  const type = `${field.charAt(0).toUpperCase()}${field.slice(1)}`;
  const result = selection ?? `... on ${resultOf[field]} { id }`;
  const { data } = await ask(
    `mutation ($input: ${type}Input!) { ${field}(input: $input) { __typename ... on Failure { code message } ${result} } }`,
    { input },
    headers,
  );
  const answer = data[field] as Record<string, string>;
  if (answer.message !== undefined) throw new Error(`${field}: ${answer.message}`);
  return answer;
}
const resultOf: Readonly<Record<string, string>> = {
  registerNas: 'Nas',
  createAddressPool: 'AddressPool',
  createPlan: 'Plan',
  createCustomer: 'Customer',
  orderService: 'Service',
};

interface Sessions {
  readonly edges: readonly { readonly node: { readonly id: string } }[];
}

/** The id of his session, once accounting has told of it. */
async function online(): Promise<string> {
  await eventually(
    () => nas.login('ada', password, { mac: 'cc:2d:e0:00:00:01' }),
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
  const lock = { serviceId, reason: 'ABUSE', because: 'spam' };
  expect(await mutate('lockService', lock, '... on Service { id }', headers)).toMatchObject({
    id: serviceId,
  });
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
