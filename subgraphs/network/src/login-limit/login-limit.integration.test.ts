import { principalWith } from '@dotmac/harness';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { LoginPolicy } from '../aaa/policy.ts';
import { startTestNetwork, type TestNetwork } from '../testing/network.ts';
import type { TestService } from '../testing/subscribers.ts';

let isp: TestNetwork;
beforeAll(async () => {
  isp = await startTestNetwork();
});
afterAll(() => isp?.[Symbol.asyncDispose]());

const selection = `... on SetLoginLimitsResult { fingerprint ends { id } limits { macLimit macs }
  access { loginLimits { macs } } }`;
/** Plans and applies. */
async function setLimits({ serviceId }: TestService, limits: object) {
  const plan = await isp.mutate('setLoginLimits', { serviceId, mode: 'PLAN', ...limits }, selection);
  const { fingerprint } = plan;
  return isp.mutate('setLoginLimits', { serviceId, mode: 'APPLY', fingerprint, ...limits }, selection);
}
const learnt = async ({ serviceId }: TestService) =>
  (
    await isp.tenant.data<{ _entities: [{ access: { loginLimits: { macs: string[] } } }] }>(
      'network',
      'query ($r: [_Any!]!) { _entities(representations: $r) { ... on Service { access { loginLimits { macs } } } } }',
      { r: [{ __typename: 'Service', id: serviceId }] },
    )
  )._entities[0].access.loginLimits.macs;
const login = (service: TestService, mac: string, more: { portId?: string; attributes?: never[] } = {}) =>
  isp.nas.login(service.username, service.password, { mac, ...more });
const known = (service: TestService) =>
  isp.tenant.eventually(
    () => isp.explain(service.username, service.password),
    (answer) => answer.decision === 'ACCEPT',
  );

test('the first lines that log in are learnt, at once and for good; a third is refused whatever its notation', async () => {
  const service = await isp.order();
  await known(service);
  await isp.mutate(
    'updateAccess',
    { serviceId: service.serviceId, simultaneousSessions: 5 },
    '... on Access { username }',
  );
  await setLimits(service, { macLimit: 2 });
  // At once: the second does not wait until the first is written.
  const [first, second, third] = await Promise.all([
    login(service, 'CC-2D-E0-00-01-01'),
    login(service, 'cc2d.e000.0102'),
    login(service, 'CC2DE0000103'),
  ]);
  expect([first?.accepted, second?.accepted, third?.accepted].filter(Boolean)).toHaveLength(2);
  const macs = await isp.tenant.eventually(
    () => learnt(service),
    (list) => list.length === 2,
  );
  const outsider = ['cc:2d:e0:00:01:01', 'cc:2d:e0:00:01:02', 'cc:2d:e0:00:01:03'].find(
    (mac) => !macs.includes(mac),
  );
  expect((await login(service, outsider ?? '')).accepted).toBe(false);
  expect((await login(service, macs[0] ?? '')).accepted).toBe(true);
  const told = await isp.tenant.eventually(
    async () => isp.tenant.services.events.read(0n, { types: ['login.rejected'] }),
    (events) => events.some((event) => event.subject === service.serviceId),
  );
  expect(told.map((event) => event.payload)).toContainEqual(
    expect.objectContaining({ serviceId: service.serviceId, reason: 'MAC_NOT_ALLOWED' }),
  );
});

test('a service is held to its port and NAS; a NAS that does not say the circuit does not pass', async () => {
  const service = await isp.order();
  await known(service);
  await setLimits(service, { portIds: ['ether7'] });
  expect((await login(service, service.mac, { portId: 'ether1' })).accepted).toBe(false);
  expect((await login(service, service.mac, { portId: 'ether7' })).accepted).toBe(true);
  await setLimits(service, { portIds: [], circuitIds: ['olt-1 eth 0/3'] });
  expect((await login(service, service.mac)).accepted).toBe(false);
  const circuit = { name: 'ADSL-Agent-Circuit-Id', value: Buffer.from('olt-1 eth 0/3') };
  const right = await isp.nas.login(service.username, service.password, {
    mac: service.mac,
    attributes: [circuit],
  });
  expect(right.accepted).toBe(true);
});

test('with kick-oldest another line is let in, and the NAS is told to end the one before', async () => {
  const service = await isp.order();
  const { session } = await isp.online(service);
  await setLimits(service, { kickOldest: true });
  const other = await login(service, 'aa:aa:aa:aa:00:01');
  expect(other.accepted).toBe(true);
  await isp.tenant.eventually(
    async () => [...isp.nas.sessions.keys()],
    (ids) => !ids.includes(session.id),
  );
  expect(isp.nas.sessions.has(other.session?.id ?? '')).toBe(true);
  const [attempt] = await isp.tenant.eventually(
    async () =>
      (await isp.tenant.services.events.read(0n, { types: ['session.disconnect.attempted'] })).filter(
        (event) => event.subject === service.serviceId,
      ),
    (events) => events.length > 0,
  );
  expect(attempt?.payload).toMatchObject({ outcome: 'applied' });
});

test('limits that a live session does not keep end it; the plan says so before, and a stale plan does nothing', async () => {
  const service = await isp.order();
  const { session } = await isp.online(service);
  const { serviceId } = service;
  const limits = { macLimit: 1, macs: ['AA-AA-AA-AA-00-02'] };
  const plan = await isp.mutate('setLoginLimits', { serviceId, mode: 'PLAN', ...limits }, selection);
  expect(plan.ends).toHaveLength(1);
  expect(isp.nas.sessions.has(session.id)).toBe(true);
  const stale = await isp.mutate(
    'setLoginLimits',
    { serviceId, mode: 'APPLY', fingerprint: 'old', ...limits },
    selection,
  );
  expect(stale.__typename).toBe('StalePlanError');
  await setLimits(service, limits);
  await isp.tenant.eventually(
    async () => isp.nas.sessions.has(session.id),
    (there) => !there,
  );
  expect((await login(service, service.mac)).accepted).toBe(false);
  const wrong = await isp.mutate(
    'setLoginLimits',
    { serviceId, mode: 'PLAN', macs: ['nonsense'] },
    selection,
  );
  expect(wrong).toMatchObject({ __typename: 'ValidationError' });
});

test('a line that guesses has to wait, and a new password works at once', async () => {
  const service = await isp.order();
  await known(service);
  for (let i = 0; i < 5; i++) {
    expect((await isp.nas.login(service.username, `guess ${i}`, { mac: service.mac })).accepted).toBe(false);
    // Whatever has his row read anew, his password is the same.
    await (isp.module.policy as LoginPolicy).refresh([service.serviceId]);
  }
  // Even the right one is not looked at now; from elsewhere it is.
  expect((await login(service, service.mac)).accepted).toBe(false);
  expect((await login(service, 'aa:aa:aa:aa:00:03')).accepted).toBe(true);
  const { serviceId, username, mac } = service;
  await isp.mutate(
    'updateAccess',
    { serviceId, newPassword: true, simultaneousSessions: 2 },
    '... on Access { username }',
  );
  const { password } = await isp.mutate(
    'revealAccessPassword',
    { serviceId, reason: 'told by phone' },
    '... on RevealedPassword { password }',
  );
  // The password is told with its COMMIT, the rest when the row is read.
  await isp.tenant.eventually(
    () => isp.explain(username, String(password)),
    ({ decision, steps }) => decision === 'ACCEPT' && steps.some(({ fact }) => fact.endsWith('2 allowed')),
  );
  expect((await isp.nas.login(username, String(password), { mac })).accepted).toBe(true);
});

test('who may only read changes no limits', async () => {
  const service = await isp.order();
  const { errors } = await isp.tenant.ask(
    'network',
    `mutation ($input: SetLoginLimitsInput!) { setLoginLimits(input: $input) { __typename } }`,
    { input: { serviceId: service.serviceId, mode: 'PLAN', macLimit: 1 } },
    principalWith('network:read', 'network:sessions:write'),
  );
  expect(errors?.[0]?.message).toContain('network:write');
});
