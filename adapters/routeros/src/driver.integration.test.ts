import {
  type DesiredAccess,
  type DeviceSession,
  type ModelName,
  type ModelOf,
  type OperationContext,
  systemClock,
} from '@dotmac/device';
import { type RouterDescription, startRouterosSimulator, suspensionRules } from '@dotmac/lab/routeros';
import { expect, onTestFinished, test } from 'vitest';
import { createRouterosDriver } from './driver.ts';

const description: RouterDescription = {
  name: 'bng-1',
  version: '7.22.3',
  boardName: 'CCR2004-1G-12S+2XS',
  serialNumber: 'HGF09ABCDEF',
  users: [
    { name: 'dotmac', password: 'lab-secret' },
    { name: 'reader', password: 'lab-secret', policy: 'read' },
  ],
  interfaces: [
    { name: 'sfp-sfpplus1', comment: 'uplink', mac: 'CC:2D:E0:A3:3D:D5', linkBitsPerSecond: 10_000_000_000n },
    { name: 'ether1', mac: 'CC:2D:E0:A3:3D:D6', running: false },
  ],
  rows: suspensionRules,
};

const context = (signal = new AbortController().signal): OperationContext => ({
  signal,
  clock: systemClock,
  priority: 'provision',
  operationId: 'test',
});

const wanted: DesiredAccess = {
  kind: 'access',
  marker: 'dotmac:service-42',
  username: 'ada',
  address: null,
  mac: null,
  sessionId: null,
  mode: 'open',
  shaping: { downstream: { bitsPerSecond: 50_000_000n }, upstream: { bitsPerSecond: 10_000_000n } },
};

async function lab(changes: Partial<RouterDescription> = {}, username = 'dotmac') {
  const simulator = await startRouterosSimulator({ ...description, ...changes });
  const driver = createRouterosDriver({ commandDeadlineMs: 3_000, limits: { cancelGraceMs: 200 } });
  const session = driver.open(
    { id: 'bng-1', host: simulator.host, port: simulator.port },
    { username, password: 'lab-secret' },
  );
  onTestFinished(async () => {
    await session.close();
    await simulator.close();
  });
  return { simulator, router: simulator.router, session };
}

async function readAll<M extends ModelName>(session: DeviceSession, model: M): Promise<ModelOf[M][]> {
  const rows: ModelOf[M][] = [];
  for await (const row of session.read(model, context())) rows.push(row.value);
  return rows;
}

async function enforce(session: DeviceSession, desired: DesiredAccess) {
  const plan = await session.plan(desired, context());
  const result = await session.apply(plan, context());
  return { plan, result, verification: await session.verify(desired, context()) };
}

const ada = { username: 'ada', address: '100.64.9.9', callerId: 'AA:BB:CC:00:11:22', sessionId: '81a00001' };
const listed = (router: { rows(path: string): readonly Record<string, string>[] }) =>
  router.rows('/ip/firewall/address-list').filter((row) => row.list === 'dotmac-suspended');

test('probe tells who the router is and what it can do', async () => {
  const { session } = await lab();
  const facts = await session.probe(context());
  expect(facts.identity).toMatchObject({
    vendor: 'MikroTik',
    os: 'RouterOS',
    model: 'CCR2004-1G-12S+2XS',
    version: '7.22.3',
    serial: 'HGF09ABCDEF',
    sysName: 'bng-1',
  });
  const accessList = facts.capabilities.find((one) => one.id === 'accessList');
  expect(accessList).toMatchObject({ level: 'full', evidence: 'probed' });
  expect(facts.capabilities.map((one) => one.id)).toContain('sessions.disconnect');
});

test('a virtual router without routerboard, and one without suspension rules', async () => {
  const { serialNumber: _, rows: __, ...chr } = description;
  const simulator = await startRouterosSimulator({ ...chr, boardName: 'CHR' });
  const session = createRouterosDriver().open(
    { id: 'chr', host: simulator.host, port: simulator.port },
    { username: 'dotmac', password: 'lab-secret' },
  );
  onTestFinished(async () => {
    await session.close();
    await simulator.close();
  });
  const facts = await session.probe(context());
  expect(facts.identity).toMatchObject({ model: 'CHR', serial: null });
  const accessList = facts.capabilities.find((one) => one.id === 'accessList');
  expect(accessList).toMatchObject({ level: 'partial', reason: expect.stringContaining('dotmac-suspended') });
});

test('interfaces, health and sessions are read in the subscriber’s and the port’s own terms', async () => {
  const { session, router } = await lab();
  router.addSession({ ...ada, rateLimit: '10M/50M' });
  const ports = await readAll(session, 'interface');
  expect(ports.find((port) => port.name === 'sfp-sfpplus1')).toMatchObject({
    alias: 'uplink',
    mac: 'cc:2d:e0:a3:3d:d5',
    speedBitsPerSecond: 10_000_000_000n,
    adminStatus: 'up',
    operStatus: 'up',
    counterBits: 64,
  });
  expect(ports.find((port) => port.name === 'ether1')).toMatchObject({
    operStatus: 'down',
    speedBitsPerSecond: null,
  });
  const [health] = await readAll(session, 'health');
  expect(health).toMatchObject({ uptimeSeconds: expect.any(Number), processors: [{ usagePercent: 7 }] });
  const [live] = await readAll(session, 'session');
  expect(live).toMatchObject({
    nativeId: '81a00001',
    username: 'ada',
    address: '100.64.9.9',
    mac: 'aa:bb:cc:00:11:22',
    shaping: { upstream: { bitsPerSecond: 10_000_000n }, downstream: { bitsPerSecond: 50_000_000n } },
  });
});

test('a suspension is planned, applied, read back, and done only once', async () => {
  const { session, router } = await lab();
  router.addSession({ ...ada, rateLimit: '10M/50M' });
  const suspended: DesiredAccess = { ...wanted, mode: 'walledGarden' };
  expect((await session.verify(suspended, context())).state).toBe('DIVERGED');
  const { plan, result, verification } = await enforce(session, suspended);
  expect(plan.steps.map((step) => step.native)).toEqual([
    '/ip/firewall/address-list/add =list=dotmac-suspended =address=100.64.9.9 =comment=dotmac:service-42',
    '/ip/firewall/connection/remove (every connection from 100.64.9.9)',
  ]);
  expect(result.outcome).toBe('applied');
  expect(verification).toMatchObject({
    state: 'VERIFIED',
    evidence: expect.stringContaining('100.64.9.9 on'),
  });
  expect(listed(router)).toMatchObject([{ address: '100.64.9.9', comment: 'dotmac:service-42' }]);
  expect(router.rows('/ip/firewall/connection')).toEqual([]);
  expect((await enforce(session, suspended)).result.outcome).toBe('noop');

  const resumed = await enforce(session, wanted);
  expect(resumed.plan.steps.map((step) => step.kind)).toEqual(['delete']);
  expect(resumed.verification.state).toBe('VERIFIED');
  expect(listed(router)).toEqual([]);
});

test('speed is set by a queue of ours, upload first, before the one RADIUS made', async () => {
  const { session, router } = await lab();
  router.addSession({ ...ada, rateLimit: '1M/2M' });
  const { verification } = await enforce(session, wanted);
  expect(verification.state).toBe('VERIFIED');
  const [first] = router.rows('/queue/simple');
  expect(first).toMatchObject({
    target: '100.64.9.9/32',
    'max-limit': '10000000/50000000',
    comment: wanted.marker,
  });
  const shaping = {
    downstream: {
      bitsPerSecond: 100_000_000n,
      burst: { bitsPerSecond: 120_000_000n, thresholdBitsPerSecond: 80_000_000n, seconds: 8 },
    },
    upstream: { bitsPerSecond: 20_000_000n },
  };
  const faster = await enforce(session, { ...wanted, shaping });
  expect(faster.verification.state).toBe('VERIFIED');
  expect(faster.plan.steps).toMatchObject([{ kind: 'update', before: '10000000/50000000' }]);
  expect(router.rows('/queue/simple')[0]).toMatchObject({
    'burst-limit': '0/120000000',
    'burst-time': '0s/8s',
  });
});

test('blocking ends the session and leaves nothing on the address', async () => {
  const { session, router } = await lab();
  router.addSession(ada);
  await enforce(session, { ...wanted, mode: 'walledGarden' });
  const ended: string[] = [];
  router.onSessionRemoved = (one) => ended.push(one.sessionId);
  const { plan, verification } = await enforce(session, { ...wanted, mode: 'blocked' });
  expect(plan.risk).toBe('session-drop');
  expect(verification.state).toBe('VERIFIED');
  expect(ended).toEqual(['81a00001']);
  expect(listed(router)).toEqual([]);
  expect(router.rows('/queue/simple')).toEqual([]);
});

test('a router that acknowledges and does nothing is found out', async () => {
  const { session, router, simulator } = await lab();
  router.addSession({ ...ada, rateLimit: '10M/50M' });
  simulator.behaviour.faultFor = (command) => (command.endsWith('/add') ? 'lie' : null);
  const { result, verification } = await enforce(session, { ...wanted, mode: 'walledGarden' });
  expect(result.outcome).toBe('applied');
  expect(verification).toMatchObject({
    state: 'DIVERGED',
    evidence: '100.64.9.9 is not on dotmac-suspended',
  });
});

test('a list without a rule behind it is not a suspension', async () => {
  const { session, router } = await lab({ rows: {} });
  router.addSession({ ...ada, rateLimit: '10M/50M' });
  const { verification } = await enforce(session, { ...wanted, mode: 'walledGarden' });
  expect(verification).toMatchObject({
    state: 'DIVERGED',
    evidence: expect.stringContaining('no enabled rule'),
  });
});

test('a plan is refused when the router has moved since', async () => {
  const { session, router } = await lab();
  router.addSession({ ...ada, rateLimit: '10M/50M' });
  const plan = await session.plan({ ...wanted, mode: 'walledGarden' }, context());
  router.removeSession('ada');
  router.addSession({ ...ada, address: '100.64.9.10', rateLimit: '10M/50M' });
  await expect(session.apply(plan, context())).rejects.toMatchObject({ code: 'CONFLICT' });
  expect(listed(router)).toEqual([]);
});

test('entries of others are never touched, and said to stand in the way', async () => {
  const { session, router } = await lab();
  router.addSession({ ...ada, rateLimit: '10M/50M' });
  router.add('/ip/firewall/address-list', {
    list: 'dotmac-suspended',
    address: '100.64.9.9',
    comment: 'abuse desk',
  });
  const { plan, verification } = await enforce(session, wanted);
  expect(plan.steps).toEqual([]);
  expect(verification).toMatchObject({ state: 'DIVERGED', evidence: expect.stringContaining('abuse desk') });
  expect(listed(router)).toHaveLength(1);
});

test('an entry that RADIUS made suspends, and only RADIUS can take it back', async () => {
  const { session, router } = await lab();
  router.addSession({ ...ada, rateLimit: '10M/50M', addressList: 'dotmac-suspended' });
  expect((await session.verify({ ...wanted, mode: 'walledGarden' }, context())).state).toBe('VERIFIED');
  const { plan, verification } = await enforce(session, wanted);
  expect(plan.steps).toEqual([]);
  expect(verification).toMatchObject({ state: 'DIVERGED', evidence: expect.stringContaining('RADIUS') });
});

test('a queue above ours that takes the traffic is not the wanted speed', async () => {
  const { session, router } = await lab();
  router.addSession(ada);
  await enforce(session, wanted);
  const table = router.table('/queue/simple');
  const first = table.rows[0]?.['.id'] ?? '';
  table.insert(
    { name: 'old', target: '100.64.9.9/32', 'max-limit': '1000000/1000000', disabled: 'false' },
    first,
  );
  expect(await session.verify(wanted, context())).toMatchObject({
    state: 'DIVERGED',
    evidence: expect.stringContaining('queue old stands before'),
  });
  const { result, verification } = await enforce(session, wanted);
  expect(result.outcome).toBe('applied');
  expect(verification.state).toBe('VERIFIED');
  expect(router.rows('/queue/simple').map((row) => row.name)).toEqual(['dotmac-service-42', 'old']);
});

test('a new address is suspended and the old one is let go', async () => {
  const { session, router } = await lab();
  router.addSession(ada);
  const suspended: DesiredAccess = { ...wanted, mode: 'walledGarden' };
  await enforce(session, suspended);
  router.removeSession('ada');
  router.addSession({ ...ada, address: '100.64.9.77' });
  expect((await session.verify(suspended, context())).state).toBe('DIVERGED');
  const { verification } = await enforce(session, suspended);
  expect(verification.state).toBe('VERIFIED');
  expect(listed(router)).toMatchObject([{ address: '100.64.9.77' }]);
  expect(router.rows('/queue/simple')).toMatchObject([{ target: '100.64.9.77/32' }]);
});

test('what another of ours did in the meantime is not done twice', async () => {
  const { session, router, simulator } = await lab();
  router.addSession({ ...ada, rateLimit: '10M/50M' });
  const plan = await session.plan({ ...wanted, mode: 'walledGarden' }, context());
  let prints = 0;
  simulator.behaviour.onSentence = ([command]) => {
    if (command !== '/ip/firewall/address-list/print') return;
    prints += 1;
    const entry = { list: 'dotmac-suspended', address: ada.address, comment: wanted.marker };
    if (prints === 2) router.add('/ip/firewall/address-list', entry);
  };
  const result = await session.apply(plan, context());
  expect(result).toMatchObject({ outcome: 'applied', steps: [{ message: 'there already' }, { ok: true }] });
  expect(listed(router)).toHaveLength(1);
});

test('two writers take turns, and the second sees what the first did', async () => {
  const { session, router } = await lab();
  router.addSession({ ...ada, rateLimit: '10M/50M' });
  const plan = await session.plan({ ...wanted, mode: 'walledGarden' }, context());
  const [first, second] = await Promise.allSettled([
    session.apply(plan, context()),
    session.apply(plan, context()),
  ]);
  expect(first).toMatchObject({ status: 'fulfilled', value: { outcome: 'applied' } });
  expect(second).toMatchObject({ status: 'rejected', reason: { code: 'CONFLICT' } });
  expect(listed(router)).toHaveLength(1);
});

test('a step that fails half way says which one, and what was done before', async () => {
  const { session, router, simulator } = await lab();
  router.addSession(ada);
  simulator.behaviour.faultFor = (command) => (command === '/queue/simple/add' ? 'repeat-trap' : null);
  const { result, verification } = await enforce(session, { ...wanted, mode: 'walledGarden' });
  expect(result).toMatchObject({
    outcome: 'partially_applied',
    steps: [
      { ok: true },
      { ok: true, message: '2 connections ended' },
      { ok: false, message: expect.stringMatching(/first/) },
    ],
  });
  expect(verification).toMatchObject({ state: 'DIVERGED', evidence: 'no queue gives 10000000/50000000' });
});

test('a connection cut after a write leaves the outcome unknown, and the next reading tells', async () => {
  const { session, router, simulator } = await lab();
  router.addSession({ ...ada, rateLimit: '10M/50M' });
  simulator.behaviour.faultFor = (command) => (command.endsWith('/address-list/add') ? 'reset-after' : null);
  const suspended: DesiredAccess = { ...wanted, mode: 'walledGarden' };
  const { result, verification } = await enforce(session, suspended);
  expect(result.outcome).toBe('unknown');
  expect(verification.state).toBe('VERIFIED');
});

test('an account that may only read is told so', async () => {
  const { session, router } = await lab({}, 'reader');
  router.addSession({ ...ada, rateLimit: '10M/50M' });
  const plan = await session.plan({ ...wanted, mode: 'walledGarden' }, context());
  await expect(session.apply(plan, context())).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
});

test('what cannot be seen is unverified, never verified', async () => {
  const { session, simulator } = await lab();
  expect((await session.verify(wanted, context())).state).toBe('UNVERIFIED');
  simulator.behaviour.faultFor = () => 'stall';
  const stalled = await session.verify({ ...wanted, mode: 'blocked' }, context());
  expect(stalled).toMatchObject({
    state: 'UNVERIFIED',
    evidence: expect.stringContaining('DEADLINE_EXCEEDED'),
  });
});
