import { principalWith } from '@dotmac/harness';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestNetwork, type TestNetwork } from '../testing/network.ts';

interface Entry {
  readonly cursor?: string;
  readonly number: number;
  readonly direction: string | null;
  readonly code: string | null;
  readonly nas: { readonly name: string };
  readonly attributes: readonly {
    readonly name: string;
    readonly value: string | null;
    readonly hidden: string | null;
  }[];
  readonly decision: {
    readonly decision: string;
    readonly reason: string | null;
    readonly steps: readonly { readonly check: string; readonly passed: boolean }[];
  } | null;
}
interface Trace {
  readonly id: string;
  readonly endedAt: string | null;
  readonly entryCount: number;
  readonly entries: readonly Entry[];
}

const entryFields =
  'number direction code nas { name } attributes { name value hidden } decision { decision reason steps { check passed } }';

let network: TestNetwork;
beforeAll(async () => {
  network = await startTestNetwork();
});
afterAll(async () => {
  await network?.[Symbol.asyncDispose]();
});

const start = (whose: object, more: object = {}) =>
  network.mutate(
    'startPacketTrace',
    { minutes: 5, reason: 'cannot log in since noon', ...whose, ...more },
    '... on PacketTrace { id until endedAt }',
  );
async function traceOf(id: string): Promise<Trace> {
  const { packetTraces } = await network.tenant.data<{ packetTraces: Trace[] }>(
    'network',
    `{ packetTraces { id endedAt entryCount entries { ${entryFields} } } }`,
  );
  const trace = packetTraces.find((one) => one.id === id);
  if (trace === undefined) throw new Error(`There is no trace ${id}`);
  return trace;
}
const follow = (id: string, principal?: ReturnType<typeof principalWith>, place: object = {}) =>
  network.tenant.subscribe(
    'network',
    `subscription ($id: ID!, $after: Cursor, $initial: Boolean) {
      packetTraceEntries(traceId: $id, after: $after, initial: $initial) { id cursor snapshot { number of } ${entryFields} } }`,
    { id, ...place },
    ...(principal === undefined ? [] : [principal]),
  );
async function next(stream: AsyncIterator<unknown>): Promise<Entry | null> {
  const { done, value } = (await stream.next()) as {
    done?: boolean;
    value?: { data: { packetTraceEntries: Entry } };
  };
  return done === true ? null : (value?.data.packetTraceEntries ?? null);
}
const shortly = ({ direction, code, decision }: Entry) => decision?.decision ?? `${direction} ${code}`;

test('login, accounting and CoA of one subscriber, as they happen, without a secret; nobody else', async () => {
  const ada = await network.order();
  const grace = await network.order();
  await network.online(grace);
  const { id } = await start({ username: ada.username });
  const stream = await follow(String(id));
  await network.online(ada);
  await network.online({ ...grace, mac: 'cc:2d:e0:00:01:01' }).catch(() => undefined);
  const seen: Entry[] = [];
  const until = async (check: (entry: Entry) => boolean) => {
    for (;;) {
      const entry = await next(stream);
      if (entry === null) throw new Error('The stream ended');
      seen.push(entry);
      if (check(entry)) return;
    }
  };
  await until(({ code }) => code === 'Accounting-Response');
  expect(seen.map(shortly)).toEqual([
    'RECEIVED Access-Request',
    'ACCEPT',
    'SENT Access-Accept',
    'RECEIVED Accounting-Request',
    'SENT Accounting-Response',
  ]);
  await network.lock(ada, ['BILLING']);
  await until(({ code }) => code === 'CoA-ACK');
  expect(seen.slice(5).map(shortly)).toEqual(['SENT CoA-Request', 'RECEIVED CoA-ACK']);

  const attributes = seen.flatMap((entry) => entry.attributes);
  const named = (name: string) => attributes.find((attribute) => attribute.name === name);
  expect(named('User-Name')).toMatchObject({ value: ada.username, hidden: null });
  expect(named('User-Password')).toMatchObject({ value: null, hidden: 'PASSWORD' });
  expect(named('Message-Authenticator')).toMatchObject({ value: null, hidden: 'INTEGRITY' });
  expect(named('Mikrotik-Rate-Limit')).toMatchObject({ value: '10M/50M', hidden: null });
  expect(JSON.stringify(seen)).not.toContain(ada.password);
  expect(JSON.stringify(seen)).not.toContain(grace.username);
  expect(seen.map(({ number }) => number)).toEqual([1, 2, 3, 4, 5, 6, 7]);
  expect(seen[0]?.nas.name).toBe('bng-1');
  expect(seen[1]?.decision?.steps.every(({ passed }) => passed)).toBe(true);

  // A client that comes later begins with what there is; one that was away goes on after its cursor.
  const late = await follow(String(id), undefined, { initial: true });
  expect(await next(late)).toMatchObject({ number: 1, snapshot: { number: 1, of: 7 } });
  await late.return?.();
  const back = await follow(String(id), undefined, { after: seen[4]?.cursor });
  expect(await next(back)).toMatchObject({ number: 6, snapshot: null });
  await back.return?.();
  const wrong = follow(String(id), undefined, { after: 'djE6MTIz' });
  await expect(wrong).rejects.toThrow(/CURSOR_INVALID/);

  const stopped = await network.mutate('stopPacketTrace', { id }, '... on PacketTrace { endedAt }');
  expect(stopped.endedAt).not.toBeNull();
  // What has ended is over for whoever follows it, and can be read still.
  expect(await next(stream)).toBeNull();
  expect((await traceOf(String(id))).entries.map(shortly)).toEqual(seen.map(shortly));
  await network.nas.login(ada.username, 'a guess', { mac: ada.mac });
  expect((await traceOf(String(id))).entryCount).toBe(7);
});

test('why a login is refused stands beside its packets', async () => {
  const hedy = await network.order();
  await network.tenant.eventually(
    () => network.explain(hedy.username, hedy.password),
    ({ decision }) => decision !== 'REJECT',
  );
  const { id } = await start({ serviceId: hedy.serviceId });
  await network.nas.login(hedy.username, 'a guess', { mac: hedy.mac });
  const { entries } = await traceOf(String(id));
  expect(entries.map(shortly)).toEqual(['RECEIVED Access-Request', 'REJECT', 'SENT Access-Reject']);
  expect(entries[1]?.decision).toMatchObject({ reason: 'BAD_PASSWORD' });
  expect(entries[1]?.decision?.steps.at(-1)).toMatchObject({ check: 'password', passed: false });
  expect(JSON.stringify(entries)).not.toContain('a guess');
});

test('there are few at a time, and a second start prolongs the first', async () => {
  for (const trace of await running())
    await network.mutate('stopPacketTrace', { id: trace }, '... on PacketTrace { id }');
  const services = await Promise.all(Array.from({ length: 9 }, () => network.order()));
  const ids: unknown[] = [];
  for (const { serviceId } of services.slice(0, 8)) ids.push((await start({ serviceId })).id);
  expect(new Set(ids).size).toBe(8);
  expect(await start({ serviceId: services[8]?.serviceId })).toMatchObject({
    code: 'CONFLICT',
    message: expect.stringMatching(/At most 8 traces/),
  });
  const again = await start({ serviceId: services[0]?.serviceId }, { minutes: 60 });
  expect(again.id).toBe(ids[0]);
  expect(Date.parse(String(again.until)) - Date.now()).toBeGreaterThan(50 * 60_000);
  for (const id of ids) await network.mutate('stopPacketTrace', { id }, '... on PacketTrace { id }');
  expect(await running()).toEqual([]);
  expect(network.module.tap.on).toBe(false);
});

async function running(): Promise<string[]> {
  const { packetTraces } = await network.tenant.data<{
    packetTraces: { id: string; endedAt: string | null }[];
  }>('network', '{ packetTraces { id endedAt } }');
  return packetTraces.flatMap(({ id, endedAt }) => (endedAt === null ? [id] : []));
}

test('who may not, what there is not, and what is out of bounds', async () => {
  const { serviceId, username } = await network.order();
  for (const trace of await running())
    await network.mutate('stopPacketTrace', { id: trace }, '... on PacketTrace { id }');
  expect(await start({ username: 'nobody' })).toMatchObject({ code: 'NOT_FOUND' });
  expect(await start({ username, serviceId })).toMatchObject({ code: 'VALIDATION' });
  expect(await start({})).toMatchObject({ code: 'VALIDATION' });
  expect(await start({ serviceId }, { minutes: 61 })).toMatchObject({ code: 'VALIDATION' });
  expect(await start({ serviceId }, { reason: ' ' })).toMatchObject({ code: 'VALIDATION' });
  expect(network.module.tap.on).toBe(false);
  const { id } = await start({ serviceId });
  const reader = principalWith('network:read', 'network:sessions:read');
  const refused = await network.tenant.ask(
    'network',
    'mutation ($input: StopPacketTraceInput!) { stopPacketTrace(input: $input) { __typename } }',
    { input: { id } },
    reader,
  );
  expect(JSON.stringify(refused)).toContain('network:sessions:write');
  const unseen = await network.tenant.ask(
    'network',
    '{ packetTraces { id } }',
    {},
    principalWith('network:read'),
  );
  expect(JSON.stringify(unseen)).toContain('network:sessions:read');
  const forbidden = await follow(String(id), principalWith('network:read'))
    .then(() => null)
    .catch((error: unknown) => String(error));
  expect(forbidden).toMatch(/FORBIDDEN/);
  const missing = await follow('trc_none')
    .then(() => null)
    .catch((error: unknown) => String(error));
  expect(missing).toMatch(/NOT_FOUND/);
});
