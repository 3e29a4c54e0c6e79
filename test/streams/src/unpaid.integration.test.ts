import { type SimulatedNas, startNas } from '@dotmac/lab/radius';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Stack, startStack } from './stack.ts';

let stack: Stack;
let nas: SimulatedNas;
let token: string;
beforeAll(async () => {
  stack = await startStack({ demo: true });
  token = await stack.token('OWNER');
  nas = await startNas({ secret: 'unpaid-secret', authHost: '127.0.0.1', ...stack.radius });
});
afterAll(async () => {
  await nas?.close();
  await stack?.[Symbol.asyncDispose]();
});

async function ask<Data>(query: string, variables: object = {}): Promise<Data> {
  const response = await fetch(stack.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: JSON.stringify({ query, variables }),
  });
  const { data, errors } = (await response.json()) as { data: Data; errors?: readonly unknown[] };
  if (errors !== undefined) throw new Error(JSON.stringify(errors));
  return data;
}

/** Runs a mutation with one input. @returns what it selects of the result. */
async function mutate(
  field: string,
  input: object,
  selection = '',
  type = `${field.charAt(0).toUpperCase()}${field.slice(1)}Input`,
): Promise<Record<string, string>> {
  const data = await ask<Record<string, Record<string, string>>>(
    `mutation ($input: ${type}!) { ${field}(input: $input) { __typename ... on Failure { message } ${selection} } }`,
    { input },
  );
  const answer = data[field] ?? {};
  if (answer.message !== undefined) throw new Error(`${field}: ${answer.message}`);
  return answer;
}

async function eventually<T>(get: () => Promise<T>, check: (answer: T) => boolean): Promise<T> {
  for (const deadline = Date.now() + 40_000; ; ) {
    const answer = await get();
    if (check(answer)) return answer;
    if (Date.now() > deadline) throw new Error(`It never came true; last seen: ${JSON.stringify(answer)}`);
    await new Promise((again) => setTimeout(again, 50));
  }
}

const advance = (days: number) => mutate('advanceDemoClock', { days }, '', 'AdvanceDemoClockInput');
const megabit = { speedBitsPerSecond: '1000000' };
const plan = {
  name: 'Fifty',
  terms: {
    price: { amount: '4500', currency: 'USD' },
    shaping: {
      downstream: { speedBitsPerSecond: '50000000' },
      upstream: { speedBitsPerSecond: '10000000' },
    },
  },
};

/** Orders a service. @returns its id and password, once network has prepared it. */
async function order(customerId: string, planId: string, username: string) {
  const input = { customerId, planId, username };
  const { id: serviceId = '' } = await mutate('orderService', input, '... on Service { id }');
  await eventually(
    () =>
      ask<{ service: { access: object | null; activatedOn: string | null } | null }>(
        'query ($id: ID!) { service(id: $id) { activatedOn access { username } } }',
        { id: serviceId },
      ),
    ({ service }) => service?.access != null && service.activatedOn !== null,
  );
  const revealing = { serviceId, reason: 'test' };
  const { password = '' } = await mutate(
    'revealAccessPassword',
    revealing,
    '... on RevealedPassword { password }',
  );
  return { serviceId, password, username };
}

/** What a login of his gets: the address list of the garden, and bits per second downstream. */
async function login({ username, password }: { username: string; password: string }, mac: string) {
  const { accepted, session } = await nas.login(username, password, { mac });
  const downstream = session?.shaping?.downstream.bitsPerSecond ?? null;
  return { accepted, addressList: session?.addressList ?? null, downstream: `${downstream}` };
}

test('what a debtor orders while he is slowed down or closed is so at its login, and his payment opens all of it', async () => {
  const secret = 'unpaid-secret';
  const about = { name: 'bng-1', sourceAddress: '127.0.0.1', secret, profile: 'mikrotik' };
  await mutate('registerNas', { ...about, coaPort: nas.coaPort });
  await mutate('createAddressPool', { name: 'residential', cidr: '100.64.0.0/26' });
  const { id: planId = '' } = await mutate('createPlan', plan, '... on Plan { id }');
  const steps = [
    { id: 'slow', action: 'SLOW', daysAfterDue: 2, slowTo: { downstream: megabit, upstream: megabit } },
    { id: 'cut', action: 'WALLED_GARDEN', daysAfterDue: 9 },
  ];
  const previewed = '... on DunningCampaignPreview { fingerprint }';
  const { fingerprint } = await mutate('setDunningCampaign', { steps, mode: 'PLAN' }, previewed);
  await mutate('setDunningCampaign', { steps, mode: 'APPLY', fingerprint });
  const { id: customerId = '' } = await mutate('createCustomer', { name: 'Ada' }, '... on Customer { id }');
  const first = await order(customerId, planId, 'first');
  expect(await login(first, 'cc:2d:e0:00:00:01')).toMatchObject({
    accepted: true,
    addressList: 'dotmac-active',
  });
  await advance(18);

  const second = await order(customerId, planId, 'second');
  await eventually(
    () => login(second, 'cc:2d:e0:00:00:02'),
    ({ accepted, addressList, downstream }) =>
      accepted && addressList === 'dotmac-active' && downstream === '1000000',
  );
  await advance(8);
  const third = await order(customerId, planId, 'third');
  await eventually(
    () => login(third, 'cc:2d:e0:00:00:03'),
    ({ accepted, addressList }) => accepted && addressList === 'dotmac-suspended',
  );

  const { customer } = await ask<{ customer: { balance: { amount: string; currency: string } } }>(
    'query ($id: ID!) { customer(id: $id) { balance { amount currency } } }',
    { id: customerId },
  );
  const payment = { customerId, amount: customer.balance, method: 'bankTransfer', reference: 'all' };
  await mutate('recordPayment', payment, '... on Payment { id }');
  for (const [one, mac] of [
    [first, '01'],
    [second, '02'],
    [third, '03'],
  ] as const)
    await eventually(
      () => login(one, `cc:2d:e0:00:00:${mac}`),
      ({ accepted, addressList, downstream }) =>
        accepted && addressList === 'dotmac-active' && downstream === '50000000',
    );
});
