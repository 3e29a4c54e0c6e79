import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestNetwork, type TestNetwork } from '../testing/network.ts';
import { expireOnce } from './speed-expiry.ts';

let isp: TestNetwork;
beforeAll(async () => {
  isp = await startTestNetwork();
});
afterAll(() => isp?.[Symbol.asyncDispose]());

const selection = '... on ApplyAccessResult { wanted fingerprint ways { protocol risk } change { id } }';

test('another speed holds for the live session without a drop, for the next login, and until its time is over', async () => {
  const service = await isp.order();
  const { session } = await isp.online(service);
  const { serviceId } = service;
  const until = new Date(isp.tenant.services.clock.now() + 3_600_000).toISOString();
  const input = { serviceId, downstream: '80000000', upstream: '40000000', until };
  const plan = await isp.mutate('setAccessSpeed', { ...input, mode: 'PLAN' }, selection);
  expect(plan).toMatchObject({ wanted: expect.stringContaining('80000000 down'), change: null });
  expect(plan.ways).toContainEqual(expect.objectContaining({ protocol: 'radius', risk: 'traffic' }));
  const stale = await isp.mutate(
    'setAccessSpeed',
    { ...input, mode: 'APPLY', fingerprint: 'old' },
    selection,
  );
  expect(stale.__typename).toBe('StalePlanError');
  const { fingerprint } = plan;
  await isp.mutate('setAccessSpeed', { ...input, mode: 'APPLY', fingerprint }, selection);
  expect(await isp.settled(serviceId, 1)).toMatchObject({ state: 'VERIFIED' });
  expect(isp.nas.sessions.get(session.id)?.shaping?.downstream.bitsPerSecond).toBe(80_000_000n);
  const again = await isp.nas.login(service.username, service.password, { mac: service.mac });
  expect(again.session?.shaping?.upstream.bitsPerSecond).toBe(40_000_000n);

  expect(await expireOnce(isp.tenant.services)).toBe(0);
  await isp.tenant.services.advanceClock(3_600_001);
  expect(await expireOnce(isp.tenant.services)).toBe(1);
  expect(await isp.settled(serviceId, 2)).toMatchObject({ state: 'VERIFIED' });
  expect(isp.nas.sessions.get(again.session?.id ?? '')?.shaping?.downstream.bitsPerSecond).toBe(50_000_000n);
});

test.each([
  [{ downstream: '80000000' }, 'ValidationError'],
  [{ downstream: '10', upstream: '10' }, 'ValidationError'],
  [{ downstream: '80000000', upstream: '80000000', until: '2001-01-01T00:00:00Z' }, 'ValidationError'],
  [{ serviceId: 'svc_nobody' }, 'NotFoundError'],
])('%o is refused', async (wrong, typename) => {
  const { serviceId } = await isp.order();
  const answer = await isp.mutate('setAccessSpeed', { serviceId, mode: 'PLAN', ...wrong }, selection);
  expect(answer.__typename).toBe(typename);
});
