import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestNetwork, type TestNetwork } from '../testing/network.ts';

let isp: TestNetwork;
beforeAll(async () => {
  isp = await startTestNetwork();
});
afterAll(() => isp?.[Symbol.asyncDispose]());

const fields = '... on SetGardenRuleResult { fingerprint services: affectedServices }';

/** Plans and applies; how many services it turned. */
async function rule(given: object): Promise<number> {
  const input = { reason: 'UNPAID', admitted: true, ...given };
  const plan = await isp.mutate('setGardenRule', { ...input, mode: 'PLAN' }, fields);
  const done = await isp.mutate(
    'setGardenRule',
    { ...input, mode: 'APPLY', fingerprint: plan.fingerprint },
    fields,
  );
  expect(done).toMatchObject({ services: plan.services });
  return Number(plan.services);
}
const applied = async (serviceId: string, count: number) => {
  const change = await isp.settled(serviceId, count);
  expect(change).toMatchObject({ state: 'VERIFIED' });
  return change.steps.filter(({ kind }) => kind === 'APPLY').map(({ message }) => message.split('-')[0]);
};

test('list and filter of the garden reach the live session by CoA, go with the lock, and follow the rule', async () => {
  await rule({ addressList: 'portal', filterId: 'pay' });
  const service = await isp.order();
  const { session } = await isp.online(service);
  const live = () => isp.nas.sessions.get(session.id);
  await isp.lock(service, ['BILLING']);
  expect(await applied(service.serviceId, 1)).toEqual(['CoA']);
  expect(live()).toMatchObject({ addressLists: ['dotmac-suspended', 'portal'], filterId: 'pay' });

  // Another word of the tenant's is brought to whoever is in the garden already.
  expect(await rule({ addressList: null, filterId: 'pay-soon' })).toBe(1);
  expect(await applied(service.serviceId, 2)).toEqual(['CoA']);
  expect(live()).toMatchObject({ addressLists: ['dotmac-suspended'], filterId: 'pay-soon' });
  expect(await rule({ addressList: null, filterId: 'pay-soon' })).toBe(0);

  await isp.lock(service, []);
  expect(await applied(service.serviceId, 3)).toEqual(['CoA']);
  expect(live()).toMatchObject({ addressLists: ['dotmac-active'], filterId: 'dotmac-open' });
});

test('a pool of the garden is a new login, in and out, and the session it gave is not dropped again', async () => {
  await rule({ pool: 'garden' });
  const service = await isp.order();
  const { session } = await isp.online(service);
  await isp.lock(service, ['BILLING']);
  expect(await applied(service.serviceId, 1)).toEqual(['Disconnect']);
  expect(isp.nas.sessions.has(session.id)).toBe(false);
  const { session: inside } = await isp.online(service);
  expect(isp.nas.sessions.get(inside.id)).toMatchObject({ pool: 'garden', addressList: 'dotmac-suspended' });

  // Something else that changes leaves him online: his pool is the same.
  await isp.append({
    ...isp.about(service.serviceId),
    type: 'service.plan.changed',
    payload: {
      serviceId: service.serviceId,
      customerId: service.customerId,
      fromPlanId: 'pln_50',
      planId: 'pln_100',
      on: '2026-11-22',
    },
  });
  expect(await applied(service.serviceId, 2)).toEqual(['CoA']);
  expect(isp.nas.sessions.has(inside.id)).toBe(true);

  await isp.lock(service, []);
  expect(await applied(service.serviceId, 3)).toEqual(['Disconnect']);
  const { session: open } = await isp.online(service);
  expect(isp.nas.sessions.get(open.id)).toMatchObject({ pool: null, addressList: 'dotmac-active' });
});

test('a NAS that refuses the filter is told to disconnect', async () => {
  await rule({ filterId: 'pay' });
  const service = await isp.order();
  const { session } = await isp.online(service);
  isp.nas.setCoaBehaviour({ kind: 'nak', errorCause: 401 });
  try {
    await isp.lock(service, ['BILLING']);
    const [change] = await isp.tenant.eventually(
      () => isp.changesOf(service.serviceId),
      ([newest]) => newest?.steps.some(({ message }) => message.startsWith('Disconnect-Request')) === true,
    );
    expect(change?.steps.map(({ message }) => message).join()).toMatch(/CoA-Request: NAK \(401/);
  } finally {
    isp.nas.setCoaBehaviour({ kind: 'obey' });
  }
  // It refused that as well: the router is configured instead.
  expect(await isp.settled(service.serviceId, 1)).toMatchObject({ state: 'VERIFIED' });
  expect(isp.nas.sessions.has(session.id)).toBe(true);
});
