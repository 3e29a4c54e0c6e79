import { type AccessSession, type OperationContext, type StreamEvent, systemClock } from '@dotmac/device';
import { startRouterosSimulator } from '@dotmac/lab/routeros';
import { expect, onTestFinished, test } from 'vitest';
import { createRouterosDriver, type RouterosDriverOptions } from './driver.ts';

const context = (signal = new AbortController().signal): OperationContext => ({
  signal,
  clock: systemClock,
  priority: 'interactive',
  operationId: 'test',
});

async function lab(options: RouterosDriverOptions = {}) {
  const simulator = await startRouterosSimulator({
    name: 'edge',
    version: '7.22.3',
    boardName: 'CHR',
    users: [{ name: 'dotmac', password: 'secret' }],
    interfaces: [{ name: 'ether1' }],
  });
  const session = createRouterosDriver({ random: () => 0, ...options }).open(
    { id: 'edge', host: simulator.host, port: simulator.port },
    { username: 'dotmac', password: 'secret' },
  );
  onTestFinished(async () => {
    await session.close();
    await simulator.close();
  });
  return { simulator, router: simulator.router, session };
}

const person = (username: string, last: number) => ({
  username,
  address: `100.64.0.${last}`,
  callerId: 'AA:BB:CC:00:00:01',
});

function told(event: StreamEvent<AccessSession> | undefined): string {
  if (event === undefined) return 'end';
  return 'item' in event ? `${event.kind} ${event.item.value.username}` : event.kind;
}

test('sessions stream as a whole, then as they come and go, and whole again after a break', async () => {
  const { session, router, simulator } = await lab();
  router.addSession(person('ada', 2));
  const events = session.stream?.('session', context())[Symbol.asyncIterator]();
  const next = async () => told((await events?.next())?.value);
  expect(await next()).toBe('snapshot ada');
  const grace = next();
  router.addSession(person('grace', 3));
  expect(await grace).toBe('upsert grace');
  router.removeSession('ada');
  expect(await next()).toBe('remove ada');

  const broken = next();
  simulator.dropConnections();
  expect(await broken).toBe('resync');
  router.addSession(person('joan', 4));
  expect(await next()).toBe('snapshot grace');
  expect(await next()).toBe('snapshot joan');
  await events?.return?.();
});

test('a cable that is pulled is an event, at once', async () => {
  const { session, router } = await lab();
  const seen: (string | null)[] = [];
  for await (const event of session.stream?.('interface', context()) ?? []) {
    if (!('item' in event)) continue;
    seen.push(event.item.value.operStatus);
    if (seen.length === 1) router.setRunning('ether1', false);
    if (seen.length === 2) break;
  }
  expect(seen).toEqual(['up', 'down']);
});

test('a device that falls silent is noticed, though it closed nothing', async () => {
  const options = { heartbeatMs: 10, commandDeadlineMs: 1_500, limits: { cancelGraceMs: 10 } };
  const { session, router, simulator } = await lab(options);
  router.addSession(person('ada', 2));
  const events = session.stream?.('session', context())[Symbol.asyncIterator]();
  const next = async () => told((await events?.next())?.value);
  expect(await next()).toBe('snapshot ada');
  simulator.behaviour.faultFor = () => 'stall';
  expect(await next()).toBe('resync');
  simulator.behaviour.faultFor = null;
  let event = await next();
  while (event === 'resync') event = await next();
  expect(event).toBe('snapshot ada');
  await events?.return?.();
});

test('an abort ends the stream; what cannot be streamed says so', async () => {
  const { session } = await lab();
  const abort = new AbortController();
  const events = session.stream?.('session', context(abort.signal))[Symbol.asyncIterator]();
  const first = events?.next();
  abort.abort();
  await expect(first).rejects.toMatchObject({ code: 'CANCELLED' });
  const health = session.stream?.('health', context())[Symbol.asyncIterator]();
  await expect(health?.next()).rejects.toMatchObject({ code: 'CAPABILITY_UNSUPPORTED' });
});
