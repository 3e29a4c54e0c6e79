import { DriverRegistry } from '@dotmac/device';
import { principalWith, startTestRuntime, type TestRuntime } from '@dotmac/harness';
import { type SimulatedNas, startNas } from '@dotmac/lab/radius';
import { type RouterosSimulator, startRouterosSimulator, suspensionRules } from '@dotmac/lab/routeros';
import type { TenantDatabase } from '@dotmac/migrations';
import { appendEvents } from '@dotmac/platform';
import * as radius from '@dotmac/radius';
import { createRouterosDriver } from '@dotmac/routeros';
import { anonymous, type NetworkEvents, type TenantEvents } from '@dotmac/schema';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type NetworkModule, network } from './index.ts';

const secret = 'lab-radius-secret';
const routerPassword = 'lab-router-password';
const shaping = { downstream: { bitsPerSecond: '50000000' }, upstream: { bitsPerSecond: '10000000' } };
const faster = { downstream: { bitsPerSecond: '100000000' }, upstream: { bitsPerSecond: '20000000' } };

let tenant: TestRuntime<TenantDatabase, TenantEvents>;
let module: NetworkModule;
let server: radius.RadiusServer;
let nas: SimulatedNas;
let router: RouterosSimulator;
const coa = new radius.CoaClient({ waitsMs: [50, 50], jitter: 0 });

beforeAll(async () => {
  const drivers = new DriverRegistry([radius.createRadiusDriver(coa), createRouterosDriver()]);
  tenant = await startTestRuntime<TenantDatabase, TenantEvents>('tenant', (services) => {
    module = network(services, { drivers, radius, settleMilliseconds: [0, 20, 100, 300] });
    return [module];
  });
  server = await radius.startRadiusServer({
    policy: module.policy,
    accounting: module.accountingSink,
    onMessageAuthenticatorSeen: module.onMessageAuthenticatorSeen,
    host: '127.0.0.1',
    authPort: 0,
    acctPort: 0,
    rejectDelayMs: 0,
    clock: tenant.services.clock,
  });
  router = await startRouterosSimulator({
    name: 'bng-1',
    version: '7.22.3',
    boardName: 'CCR2004',
    users: [{ name: 'dotmac', password: routerPassword }],
    interfaces: [{ name: 'sfp1' }],
    rows: suspensionRules,
  });
  // One access router: its RADIUS side is the simulated NAS, its API the simulator, and they agree on who is online.
  const show = (session: { username: string; address: string | null; mac: string; id: string }) => {
    const { shaping: speed = null, addressList = null } = nas.sessions.get(session.id) ?? {};
    router.router.removeSession(session.username);
    router.router.addSession({
      username: session.username,
      address: session.address ?? '',
      callerId: session.mac,
      sessionId: session.id,
      ...(speed === null
        ? {}
        : { rateLimit: `${speed.upstream.bitsPerSecond}/${speed.downstream.bitsPerSecond}` }),
      ...(addressList === null ? {} : { addressList }),
    });
  };
  nas = await startNas({
    secret,
    authHost: '127.0.0.1',
    authPort: server.authPort ?? 0,
    acctPort: server.acctPort ?? 0,
    waitsMs: [2_000, 2_000],
    onSession: show,
    onSessionChange: show,
    onSessionEnd: (session) => router.router.removeSession(session.username),
  });
});
afterAll(async () => {
  await nas?.close();
  await server?.close();
  await coa.close();
  await tenant?.[Symbol.asyncDispose]();
  await router?.close();
});

type NewEvent = Parameters<typeof appendEvents<TenantEvents>>[1][number];
const append = (...events: NewEvent[]) =>
  tenant.services.database
    .transaction()
    .execute((transaction) => appendEvents<TenantEvents>(transaction, events));
const about = (subject: string) => ({ subject, occurredAt: tenant.services.clock.now(), actor: 'usr_test' });

const mutate = async (field: string, input: object, selection: string): Promise<Record<string, unknown>> => {
  const type = `${field.charAt(0).toUpperCase()}${field.slice(1)}Input`;
  const data = await tenant.data<Record<string, Record<string, unknown>>>(
    'network',
    `mutation ($input: ${type}!) { ${field}(input: $input) { __typename ... on Failure { code message } ${selection} } }`,
    { input },
  );
  return data[field] ?? {};
};

let deviceId = '';
beforeAll(async () => {
  const device = await mutate(
    'registerDevice',
    {
      name: 'bng-1',
      routeros: { host: router.host, port: router.port, username: 'dotmac', password: routerPassword },
    },
    '... on Device { id state managementAddresses { protocol host port } }',
  );
  expect(device).toMatchObject({ state: 'UNKNOWN', managementAddresses: [{ protocol: 'ROUTEROS' }] });
  deviceId = String(device.id);
  const registered = await mutate(
    'registerNas',
    {
      name: 'bng-1',
      sourceAddress: '127.0.0.1',
      secret,
      profile: 'mikrotik',
      deviceId,
      coaPort: nas.coaPort,
    },
    '... on Nas { id coaPort }',
  );
  expect(registered).toMatchObject({ __typename: 'Nas', coaPort: nas.coaPort });
  const pool = await mutate(
    'createAddressPool',
    { name: 'residential', cidr: '100.64.0.0/26' },
    '... on AddressPool { total available }',
  );
  expect(pool).toMatchObject({ total: 64, available: 61 });
  await append({
    ...about('pln_50'),
    type: 'plan.published',
    payload: { planId: 'pln_50', versionId: 'plv_1', name: 'Fifty', shaping },
  });
  await append({
    ...about('pln_100'),
    type: 'plan.published',
    payload: { planId: 'pln_100', versionId: 'plv_2', name: 'Hundred', shaping: faster },
  });
  await tenant.eventually(
    async () => module.policy.findNas('127.0.0.1'),
    (found) => found !== null,
  );
});

const accessFields =
  'username address mode shaping { downstream { bitsPerSecond } } device { name } session { id username address live downstreamOctets upstreamOctets }';
interface AccessAnswer {
  username: string;
  address: string;
  mode: string;
  shaping: { downstream: { bitsPerSecond: string } };
  device: { name: string } | null;
  session: { id: string; live: boolean; downstreamOctets: string; upstreamOctets: string } | null;
}
const accessOf = async (serviceId: string): Promise<AccessAnswer | null> => {
  const data = await tenant.data<{ _entities: [{ access: AccessAnswer | null }] }>(
    'network',
    `query ($r: [_Any!]!) { _entities(representations: $r) { ... on Service { access { ${accessFields} } } } }`,
    { r: [{ __typename: 'Service', id: serviceId }] },
  );
  return data._entities[0].access;
};

let ordered = 0;
async function order(planId = 'pln_50', username: string | null = null) {
  const serviceId = `svc_test${String(++ordered).padStart(8, '0')}`;
  await append({
    ...about(serviceId),
    type: 'service.ordered',
    payload: { serviceId, customerId: `cus_${ordered}`, planId, username },
  });
  const access = await tenant.eventually(
    () => accessOf(serviceId),
    (answer) => answer !== null,
  );
  const revealed = await mutate(
    'revealAccessPassword',
    { serviceId, reason: 'install visit' },
    '... on RevealedPassword { username password }',
  );
  return {
    serviceId,
    username: access?.username ?? '',
    address: access?.address,
    password: String(revealed.password),
    mac: `cc:2d:e0:00:00:${ordered.toString(16).padStart(2, '0')}`,
  };
}

/** Known to the policy: it follows the log a moment behind. */
async function online(service: Awaited<ReturnType<typeof order>>) {
  const { username, password, mac } = service;
  await tenant.eventually(
    () => explain(username, password),
    (answer) => answer.decision !== 'REJECT',
  );
  const login = await nas.login(username, password, { mac });
  if (login.session === null) throw new Error(`The login was ${login.reason}`);
  return { login, session: login.session };
}

const explain = async (username: string, password?: string) =>
  (
    await tenant.data<{ explainLogin: { decision: string; reason: string; steps: { fact: string }[] } }>(
      'network',
      `query ($username: String!, $password: String) { explainLogin(username: $username, nasAddress: "127.0.0.1", password: $password) { decision reason steps { check passed fact } } }`,
      { username, password },
    )
  ).explainLogin;

const lock = (serviceId: string, locks: NonNullable<unknown>[]) =>
  append({
    ...about(serviceId),
    type: 'service.locks.changed',
    payload: { serviceId, customerId: 'cus', locks: locks as never, because: 'invoice 7 is overdue' },
  });

interface ChangeAnswer {
  id: string;
  mode: string;
  state: string;
  evidence: string;
  steps: { kind: string; protocol: string; command: string | null; ok: boolean; message: string }[];
}
const changesOf = async (serviceId: string): Promise<ChangeAnswer[]> =>
  (
    await tenant.data<{ accessChanges: { edges: { node: ChangeAnswer }[] } }>(
      'network',
      `query ($id: ID!) { accessChanges(serviceId: $id) { edges { node { id mode state evidence steps { kind protocol command ok message } } } } }`,
      { id: serviceId },
    )
  ).accessChanges.edges.map((edge) => edge.node);
const settled = async (serviceId: string, count: number): Promise<ChangeAnswer> => {
  const changes = await tenant.eventually(
    () => changesOf(serviceId),
    (list) => list.length >= count && !['REQUESTED', 'APPLIED'].includes(list[0]?.state ?? 'REQUESTED'),
  );
  return changes[0] as ChangeAnswer;
};

describe('a new customer goes online', () => {
  test('credentials and address are ready; the login gets the speeds, accounting opens the session', async () => {
    const service = await order();
    expect(service.address).toBe('100.64.0.2');
    const { login } = await online(service);
    const sent = Object.fromEntries(login.attributes.map(({ name, value }) => [name, value]));
    expect(sent).toMatchObject({
      'Framed-IP-Address': '100.64.0.2',
      'Mikrotik-Rate-Limit': '10M/50M',
      'Mikrotik-Address-List': 'dotmac-active',
    });
    expect(Number(sent['Acct-Interim-Interval'])).toBeGreaterThanOrEqual(270);
    const access = await accessOf(service.serviceId);
    expect(access).toMatchObject({ device: { name: 'bng-1' }, session: { live: true } });
  });

  test('octets beyond 32 bits arrive, and the session ends with its cause', async () => {
    const service = await order();
    const { session } = await online(service);
    nas.advance(session.id, { upstream: 7n, downstream: 2n ** 33n + 5n });
    expect(await nas.interim(session.id)).toBe(1);
    const live = await accessOf(service.serviceId);
    expect(live?.session).toMatchObject({
      downstreamOctets: (2n ** 33n + 5n).toString(),
      upstreamOctets: '7',
    });
    await nas.logout(session.id);
    expect((await accessOf(service.serviceId))?.session).toBeNull();
    const data = await tenant.data<{ sessions: { edges: { node: { terminateCause: string } }[] } }>(
      'network',
      `{ sessions(username: "${service.username}") { edges { node { terminateCause stoppedAt service { id } } } } }`,
    );
    expect(data.sessions.edges[0]?.node.terminateCause).toBe('User-Request');
  });

  test('a wrong password is refused with a stable reason, told once however often it comes', async () => {
    const service = await order();
    await tenant.eventually(
      () => explain(service.username),
      (answer) => answer.decision === 'ACCEPT',
    );
    for (let i = 0; i < 3; i++) {
      expect((await nas.login(service.username, 'guess', { mac: service.mac })).reason).toBe('REJECTED');
    }
    const told = await tenant.eventually(
      async () =>
        (await tenant.services.events.read(0n, { types: ['login.rejected'] })).filter(
          (event) => event.subject === service.serviceId,
        ),
      (events) => events.length > 0,
    );
    expect(told).toHaveLength(1);
    expect(told[0]?.payload as NetworkEvents['login.rejected']).toMatchObject({
      reason: 'BAD_PASSWORD',
      count: 1,
    });
    expect(await explain(service.username, 'guess')).toMatchObject({
      decision: 'REJECT',
      reason: 'BAD_PASSWORD',
    });
  });

  test('a second line on one account is refused; the same line replaces its own session', async () => {
    const service = await order();
    const { session } = await online(service);
    const other = await nas.login(service.username, service.password, { mac: 'aa:aa:aa:aa:aa:aa' });
    expect(other.reason).toBe('REJECTED');
    expect((await nas.login(service.username, service.password, { mac: service.mac })).accepted).toBe(true);
    const data = await tenant.data<{
      sessions: { edges: { node: { live: boolean; terminateCause: string } }[] };
    }>('network', `{ sessions(username: "${service.username}") { edges { node { live terminateCause } } } }`);
    expect(data.sessions.edges.map((edge) => edge.node)).toEqual([
      { live: true, terminateCause: null },
      { live: false, terminateCause: 'Replaced' },
    ]);
    expect(session.id).not.toBe('');
  });
});

describe('money moves the network', () => {
  test('a lock reaches the live session by CoA and is verified by reading the router; lifting it restores', async () => {
    const service = await order();
    const { session } = await online(service);
    await lock(service.serviceId, ['BILLING']);
    const change = await settled(service.serviceId, 1);
    expect(change).toMatchObject({ mode: 'WALLED_GARDEN', state: 'VERIFIED' });
    expect(change.steps.map((step) => `${step.kind} ${step.protocol}`)).toEqual([
      'PLAN radius',
      'APPLY radius',
      'VERIFY routeros',
    ]);
    expect(nas.sessions.get(session.id)?.addressList).toBe('dotmac-suspended');
    expect(await explain(service.username)).toMatchObject({ decision: 'WALLED_GARDEN' });
    await lock(service.serviceId, []);
    expect(await settled(service.serviceId, 2)).toMatchObject({ mode: 'OPEN', state: 'VERIFIED' });
    expect(nas.sessions.get(session.id)?.addressList).toBe('dotmac-active');
  });

  test('a login while locked lands in the walled garden', async () => {
    const service = await order();
    await lock(service.serviceId, ['BILLING']);
    await settled(service.serviceId, 1);
    const { login } = await online(service);
    const list = login.attributes.find((attribute) => attribute.name === 'Mikrotik-Address-List');
    expect(list?.value).toBe('dotmac-suspended');
  });

  test('abuse ends the session, and the next login is refused', async () => {
    const service = await order();
    const { session } = await online(service);
    await lock(service.serviceId, ['ABUSE']);
    expect(await settled(service.serviceId, 1)).toMatchObject({ mode: 'BLOCKED', state: 'VERIFIED' });
    expect(nas.sessions.has(session.id)).toBe(false);
    expect((await nas.login(service.username, service.password, { mac: service.mac })).accepted).toBe(false);
    expect(await explain(service.username)).toMatchObject({ decision: 'REJECT', reason: 'BLOCKED' });
  });

  test('another plan changes the speed of the live session without a drop', async () => {
    const service = await order();
    const { session } = await online(service);
    await append({
      ...about(service.serviceId),
      type: 'service.plan.changed',
      payload: {
        serviceId: service.serviceId,
        customerId: 'cus',
        fromPlanId: 'pln_50',
        planId: 'pln_100',
        on: '2026-11-22',
      },
    });
    expect(await settled(service.serviceId, 1)).toMatchObject({ mode: 'OPEN', state: 'VERIFIED' });
    expect(nas.sessions.get(session.id)?.shaping?.downstream.bitsPerSecond).toBe(100_000_000n);
  });

  test('a NAS that acknowledges and does nothing is found out, and the router is configured instead', async () => {
    const service = await order();
    const { session } = await online(service);
    nas.setCoaBehaviour({ kind: 'lie' });
    try {
      await lock(service.serviceId, ['BILLING']);
      const change = await settled(service.serviceId, 1);
      expect(change.state).toBe('VERIFIED');
      expect(change.steps.filter((step) => step.kind === 'APPLY').map((step) => step.protocol)).toContain(
        'routeros',
      );
      const listed = router.router
        .rows('/ip/firewall/address-list')
        .filter((row) => row.list === 'dotmac-suspended' && row.address === session.address);
      expect(listed).toHaveLength(1);
    } finally {
      nas.setCoaBehaviour({ kind: 'obey' });
    }
  });

  test('a router that lies as well is DIVERGED: suspended but online is never called done', async () => {
    const service = await order();
    await online(service);
    nas.setCoaBehaviour({ kind: 'lie' });
    router.behaviour.faultFor = (command) => (command.endsWith('/add') ? 'lie' : null);
    try {
      await lock(service.serviceId, ['BILLING']);
      const change = await settled(service.serviceId, 1);
      expect(change).toMatchObject({ mode: 'WALLED_GARDEN', state: 'DIVERGED' });
      expect(change.evidence).toContain('is not on dotmac-suspended');
    } finally {
      nas.setCoaBehaviour({ kind: 'obey' });
      router.behaviour.faultFor = null;
    }
  });

  test('several changes in a row end in the last one', async () => {
    const service = await order();
    await online(service);
    await lock(service.serviceId, ['BILLING']);
    await lock(service.serviceId, []);
    await lock(service.serviceId, ['BILLING']);
    await lock(service.serviceId, []);
    await settled(service.serviceId, 4);
    const changes = await changesOf(service.serviceId);
    expect(changes[0]).toMatchObject({ mode: 'OPEN', state: 'VERIFIED' });
    for (const older of changes.slice(1)) expect(['SUPERSEDED', 'VERIFIED']).toContain(older.state);
  });

  test('a cancelled service is off, its address rests', async () => {
    const service = await order();
    const { session } = await online(service);
    await append({
      ...about(service.serviceId),
      type: 'service.cancelled',
      payload: { serviceId: service.serviceId, customerId: 'cus', on: '2026-11-22' },
    });
    expect(await settled(service.serviceId, 1)).toMatchObject({ mode: 'BLOCKED', state: 'VERIFIED' });
    expect(nas.sessions.has(session.id)).toBe(false);
    expect(await explain(service.username)).toMatchObject({ reason: 'UNKNOWN_USER' });
    expect((await accessOf(service.serviceId))?.address).toBeNull();
  });
});

describe('by hand', () => {
  test('a plan says what would happen; applying it needs its fingerprint', async () => {
    const service = await order();
    const { session } = await online(service);
    nas.sessions.get(session.id);
    const fields =
      '... on ApplyAccessResult { wanted fingerprint ways { protocol risk steps { command } } change { id state } }';
    const input = { serviceId: service.serviceId, mode: 'PLAN' };
    const plan = await mutate('applyAccess', input, fields);
    expect(plan).toMatchObject({ change: null, wanted: expect.stringContaining('OPEN') });
    expect(plan.ways).toMatchObject([{ protocol: 'radius' }, { protocol: 'routeros' }]);
    const stale = await mutate('applyAccess', { ...input, mode: 'APPLY', fingerprint: 'other' }, fields);
    expect(stale).toMatchObject({ __typename: 'StalePlanError' });
    const applied = await mutate(
      'applyAccess',
      { ...input, mode: 'APPLY', fingerprint: plan.fingerprint },
      fields,
    );
    expect(applied).toMatchObject({ change: { state: 'REQUESTED' } });
    expect(await settled(service.serviceId, 1)).toMatchObject({ state: 'VERIFIED' });
  });

  test('a session is ended after a look at how', async () => {
    const service = await order();
    const { session } = await online(service);
    const sessionId = (await accessOf(service.serviceId))?.session?.id;
    const fields =
      '... on DisconnectSessionResult { fingerprint outcome evidence steps { command } session { live } }';
    const plan = await mutate('disconnectSession', { sessionId, mode: 'PLAN' }, fields);
    expect(plan).toMatchObject({ outcome: null, session: { live: true } });
    expect(nas.sessions.has(session.id)).toBe(true);
    const { fingerprint } = plan;
    const done = await mutate('disconnectSession', { sessionId, mode: 'APPLY', fingerprint }, fields);
    expect(done).toMatchObject({ outcome: 'applied' });
    expect(nas.sessions.has(session.id)).toBe(false);
  });
});

describe('who may see what', () => {
  const query = `query ($r: [_Any!]!) { _entities(representations: $r) { ... on Service { access { username session { id } } } } }`;

  test('without the scope nothing; a subscriber his own access and no other', async () => {
    const own = await order();
    const other = await order();
    await online(own);
    const ask = (serviceId: string, customerId: string | null) =>
      tenant.ask(
        'network',
        query,
        { r: [{ __typename: 'Service', id: serviceId }] },
        {
          ...anonymous,
          kind: 'subscriber',
          id: customerId ?? 'cus_none',
          customerId,
          roles: ['SUBSCRIBER'],
        },
      );
    const customer = `cus_${ordered - 1}`;
    const mine = await ask(own.serviceId, customer);
    expect(mine.errors).toBeUndefined();
    expect(JSON.stringify(mine.data)).toContain(own.username);
    expect(JSON.stringify(mine.data)).toContain('ses_');
    expect(JSON.stringify(await ask(other.serviceId, customer))).not.toContain(other.username);
    expect(JSON.stringify(await ask(other.serviceId, null))).not.toContain(other.username);
    const reveal = await tenant.ask(
      'network',
      `mutation { revealAccessPassword(input: { serviceId: "${own.serviceId}", reason: "curious" }) { __typename } }`,
      {},
      principalWith('network:read', 'network:write'),
    );
    expect(reveal.errors?.[0]?.extensions).toMatchObject({ missingScope: 'network:secrets:reveal' });
  });

  test('showing a password leaves an event with the reason', async () => {
    const service = await order();
    const events = await tenant.eventually(
      async () =>
        (await tenant.services.events.read(0n, { types: ['access.password.revealed'] })).filter(
          (event) => event.subject === service.serviceId,
        ),
      (told) => told.length > 0,
    );
    expect(events[0]).toMatchObject({
      payload: { reason: 'install visit' },
      actor: 'usr_test',
    });
  });
});

describe('the stream', () => {
  test('events arrive in order, and a client that was away resumes after its cursor', async () => {
    const query = `subscription ($after: Cursor) { networkEvents(after: $after, types: [SESSION_STARTED, SESSION_STOPPED]) {
      __typename cursor subject
      ... on SessionStarted { session { username live } service { id } }
      ... on SessionStopped { cause service { id } } } }`;
    interface Item {
      value: { data: { networkEvents: { __typename: string; cursor: string; subject: string } } };
    }
    const service = await order();
    const first = await tenant.subscribe('network', query);
    const next = first.next();
    const { session } = await online(service);
    const started = (await next) as unknown as Item;
    expect(started.value.data.networkEvents).toMatchObject({
      __typename: 'SessionStarted',
      session: { username: service.username, live: true },
      service: { id: service.serviceId },
    });
    await first.return?.();
    await nas.logout(session.id, 'Lost-Carrier');
    const resumed = await tenant.subscribe('network', query, {
      after: started.value.data.networkEvents.cursor,
    });
    const missed = (await resumed.next()) as unknown as Item;
    expect(missed.value.data.networkEvents).toMatchObject({
      __typename: 'SessionStopped',
      cause: 'Lost-Carrier',
      subject: service.serviceId,
    });
    await resumed.return?.();
  });
});
