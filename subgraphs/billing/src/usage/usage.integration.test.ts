import type { Principal } from '@dotmac/schema';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { checkExplanation } from '../explanation/rules-checker.ts';
import { type BillingHarness, plusDays, startBilling, subscriber } from '../testing.ts';

let isp: BillingHarness;
beforeAll(async () => {
  isp = await startBilling();
});
afterAll(() => isp?.[Symbol.asyncDispose]());

const GB = 1_000_000_000n;
const speed = (mbps: number) => ({ speedBitsPerSecond: `${mbps * 1_000_000}` });
const capped = (volume: Record<string, unknown>) =>
  isp.createPlan(3_000n, {
    name: 'Capped',
    terms: { bound: { volume: { octets: `${100n * GB}`, ...volume } } },
  });
const pass = (days: number) => isp.tenant.services.advanceClock(days * 86_400_000);

async function usageOf(serviceId: string) {
  const data = await isp.ask<{ _entities: { usage: Record<string, unknown> | null }[] }>(
    `query ($r: [_Any!]!) { _entities(representations: $r) { ... on Service { usage { allowance used usedSoFar left state
      days { day counted complete } } } } }`,
    { r: [{ __typename: 'Service', id: serviceId }] },
  );
  return data._entities[0]?.usage;
}
const asked = async (serviceId: string) =>
  (
    await isp.tenant.services.database
      .selectFrom('events.event')
      .select('payload')
      .where('type', '=', 'usage.allowance.changed')
      .where('subject', '=', serviceId)
      .orderBy('id')
      .execute()
  ).map(({ payload }) => payload as { state: string; shaping: unknown });
async function topUp(serviceId: string, reference: string, principal: Principal) {
  const { data, errors } = await isp.tenant.ask(
    'billing',
    `mutation ($input: TopUpUsageInput!) { topUpUsage(input: $input) { __typename ... on UsageTopUp { id octets } } }`,
    { input: { serviceId, reference } },
    principal,
  );
  expect(errors).toBeUndefined();
  return (data as { topUpUsage: Record<string, unknown> }).topUpUsage;
}

test('a cap throttles by complete days, a top-up opens at once, and the next period does', async () => {
  const plan = await capped({
    atCap: 'THROTTLE',
    throttled: { downstream: speed(5), upstream: speed(1) },
    topUp: { octets: `${50n * GB}`, price: { amount: '500', currency: 'USD' } },
  });
  const customer = await isp.createCustomer();
  const service = await isp.activate(customer, plan);
  const first = isp.today();
  await isp.use(service, first, 150n * GB, false);
  expect(await usageOf(service)).toMatchObject({ used: '0', usedSoFar: `${150n * GB}`, state: 'WITHIN' });
  expect(await asked(service)).toEqual([]);
  await isp.use(service, first, 120n * GB);
  expect(await usageOf(service)).toMatchObject({ used: `${120n * GB}`, left: '0', state: 'THROTTLED' });
  expect(await asked(service)).toMatchObject([
    { state: 'THROTTLED', shaping: { downstream: { bitsPerSecond: '5000000' } } },
  ]);
  // Told again, nothing changes.
  await isp.use(service, first, 120n * GB);
  expect(await asked(service)).toHaveLength(1);

  const stranger = await isp.createCustomer('Mallory');
  expect(await topUp(service, 'm', subscriber(stranger))).toEqual({ __typename: 'NotFoundError' });
  const bought = await topUp(service, 'once', subscriber(customer));
  expect(bought).toMatchObject({ __typename: 'UsageTopUp', octets: `${50n * GB}` });
  expect(await topUp(service, 'once', subscriber(customer))).toEqual(bought);
  expect(await usageOf(service)).toMatchObject({
    allowance: `${150n * GB}`,
    left: `${30n * GB}`,
    state: 'WITHIN',
  });
  await isp.use(service, plusDays(first, 1), 40n * GB);
  expect(await usageOf(service)).toMatchObject({ state: 'THROTTLED' });
  await pass(32);
  expect(await usageOf(service)).toMatchObject({ used: '0', allowance: `${100n * GB}`, state: 'WITHIN' });
  expect((await asked(service)).map(({ state }) => state)).toEqual([
    'THROTTLED',
    'WITHIN',
    'THROTTLED',
    'WITHIN',
  ]);
});

test('overage is charged in arrears, and late usage on the invoice after with its true period', async () => {
  const plan = await capped({
    atCap: 'OVERAGE',
    overage: { octets: `${GB}`, price: { amount: '25', currency: 'USD' } },
  });
  const customer = await isp.createCustomer('Bob');
  const service = await isp.activate(customer, plan);
  const first = isp.today();
  await pass(1);
  await isp.use(service, first, 110n * GB + 1n);
  await pass(31);
  const lines = () =>
    isp.tenant.services.database
      .selectFrom('billing.documentLine')
      .selectAll()
      .where('serviceLineId', '=', `${service}/usage`)
      .orderBy('correction')
      .execute();
  expect(await lines()).toMatchObject([{ kind: 'usage', netMinor: 11n * 25n, periodFrom: first }]);
  await isp.use(service, plusDays(first, 2), 4n * GB);
  await pass(31);
  const [early, late, ...more] = await lines();
  expect(more).toEqual([]);
  expect(late).toMatchObject({ netMinor: 4n * 25n, periodFrom: first, correction: 1 });
  expect(late?.description).toContain('told late');
  for (const line of [early, late])
    expect(checkExplanation(line?.explanation as never, line?.netMinor ?? 0n)).toEqual({ outcome: 'AGREES' });
  expect(await isp.ask('{ ledgerProof { holds } billingProblems { message } }')).toEqual({
    ledgerProof: { holds: true },
    billingProblems: [],
  });
});

test('usage is nobody else’s business', async () => {
  const customer = await isp.createCustomer('Eve');
  const service = await isp.activate(customer, await capped({ atCap: 'NOTIFY' }));
  const see = async (customerId: string) => {
    const { data } = await isp.tenant.ask(
      'billing',
      'query ($r: [_Any!]!) { _entities(representations: $r) { ... on Service { usage { used } } } }',
      { r: [{ __typename: 'Service', id: service }] },
      subscriber(customerId),
    );
    return (data as { _entities: { usage: unknown }[] })._entities[0]?.usage;
  };
  expect(await see('cus_other')).toBeNull();
  expect(await see(customer)).toEqual({ used: '0' });
});
