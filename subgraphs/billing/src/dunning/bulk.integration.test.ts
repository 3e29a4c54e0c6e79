import { afterAll, beforeAll, expect, test } from 'vitest';
import { type BillingHarness, startBilling } from '../testing.ts';

let isp: BillingHarness;
beforeAll(async () => {
  isp = await startBilling();
});
afterAll(() => isp[Symbol.asyncDispose]());

const advance = (days: number) => isp.tenant.services.advanceClock(days * 86_400_000);

async function billed(): Promise<string> {
  const customer = await isp.createCustomer();
  await isp.activate(customer, await isp.createPlan(3000n));
  await isp.ask('mutation { runBilling(input: {}) { ... on BillingRun { documents } } }');
  return customer;
}
interface Finding {
  customer: { id: string };
  outcome: string;
  step: string | null;
  locks: boolean;
  because: string | null;
  overdue: { amount: string } | null;
}
const findings = 'findings { customer { id } outcome step locks because overdue { amount } }';
const dun = async (customerIds: string[], fingerprint?: string) => {
  const { dunCustomers } = await isp.ask<{
    dunCustomers: { __typename: string; fingerprint: string; field?: string; findings: Finding[] };
  }>(
    `mutation ($input: DunCustomersInput!) { dunCustomers(input: $input) { __typename ... on DunningPreview { fingerprint ${findings} }
      ... on DunningTaken { ${findings} } ... on ValidationError { field } ... on StalePlanError { code } } }`,
    { input: { customerIds, mode: fingerprint === undefined ? 'PLAN' : 'APPLY', fingerprint } },
  );
  return dunCustomers;
};
const shield = (customerId: string, kind: string) =>
  isp.ask(`mutation ($input: GrantShieldInput!) { grantShield(input: $input) { __typename } }`, {
    input: { customerId, kind, because: 'test' },
  });

test('what the preview shows is what the daily run then does, money and shields included', async () => {
  const [plain, disputed] = [await billed(), await billed()];
  await shield(disputed, 'DISPUTE');
  // The day before the first reminder.
  await advance(16);
  const preview = async () =>
    (await isp.ask<{ dunningPreview: { findings: Finding[] } }>(`{ dunningPreview { ${findings} } }`))
      .dunningPreview.findings;
  const of = (found: Finding[], id: string) => found.find(({ customer }) => customer.id === id);
  expect(of(await preview(), plain)).toMatchObject({ outcome: 'NOTHING', because: 'WAITING' });
  const stepsOf = (id: string) =>
    isp.tenant.services.database
      .selectFrom('billing.dunningTaken as taken')
      .innerJoin('billing.dunningCycle as cycle', 'cycle.id', 'taken.cycleId')
      .select(['taken.stepId', 'taken.overdueMinor'])
      .where('cycle.customerId', '=', id)
      .execute();
  expect(await stepsOf(plain)).toEqual([]);
  expect(of(await preview(), disputed)).toMatchObject({
    outcome: 'SHIELDED',
    because: 'dispute',
    overdue: null,
  });
  await advance(1);
  expect(await stepsOf(plain)).toEqual([{ stepId: 'reminder', overdueMinor: 3000n }]);
  expect(await stepsOf(disputed)).toEqual([]);
});

test('nobody is not everybody', async () => {
  expect(await dun([])).toMatchObject({ __typename: 'ValidationError', field: 'input.customerIds' });
  expect(await dun([], 'any')).toMatchObject({ __typename: 'ValidationError', field: 'input.customerIds' });
});

test('a plan is applied to exactly whom it named, and is stale once somebody paid', async () => {
  const { database } = isp.tenant.services;
  const [first, second, bystander] = [await billed(), await billed(), await billed()];
  await advance(15);
  // A gentler campaign was in force until now: the step is due at once.
  await database
    .updateTable('billing.dunningStep')
    .set({ daysAfterDue: 1 })
    .where('id', '=', 'reminder')
    .execute();
  const plan = await dun([first, second, first]);
  expect(plan.findings).toMatchObject([
    { outcome: 'STEP', step: 'reminder', locks: false, overdue: { amount: '3000' } },
    { outcome: 'STEP', step: 'reminder' },
  ]);
  await isp.ask(`mutation ($input: RecordPaymentInput!) { recordPayment(input: $input) { __typename } }`, {
    input: {
      customerId: first,
      amount: { amount: '100', currency: 'USD' },
      method: 'cash',
      reference: 'bulk',
    },
  });
  expect(await dun([first, second], plan.fingerprint)).toMatchObject({ __typename: 'StalePlanError' });
  const again = await dun([first, second]);
  // Two that apply the same plan at once: one takes the steps, the other is stale.
  const both = await Promise.all([
    dun([second, first], again.fingerprint),
    dun([first, second], again.fingerprint),
  ]);
  expect(both.map((one) => one.__typename).sort()).toEqual(['DunningTaken', 'StalePlanError']);
  const taken = await database
    .selectFrom('billing.dunningTaken as taken')
    .innerJoin('billing.dunningCycle as cycle', 'cycle.id', 'taken.cycleId')
    .select(['cycle.customerId', 'taken.overdueMinor'])
    .where('cycle.customerId', 'in', [first, second, bystander])
    .execute();
  expect(taken.toSorted((a, b) => Number(a.overdueMinor - b.overdueMinor))).toEqual([
    { customerId: first, overdueMinor: 2900n },
    { customerId: second, overdueMinor: 3000n },
  ]);
});

test.each([
  'GRACE',
  'PROMISE_TO_PAY',
  'PAYMENT_ARRANGEMENT',
  'PAYMENT_PROOF_UNDER_REVIEW',
  'SERVICE_EXTENSION',
  'OUTAGE',
  'DISPUTE',
])('the shield %s opens a locked account at once and keeps it open', async (kind) => {
  const customerId = await billed();
  await advance(28);
  const locked = async () =>
    (
      await isp.tenant.services.database
        .selectFrom('billing.lock')
        .select('customerId')
        .where('customerId', '=', customerId)
        .execute()
    ).length > 0;
  expect(await locked()).toBe(true);
  await shield(customerId, kind);
  expect(await locked()).toBe(false);
  await advance(1);
  expect(await locked()).toBe(false);
  expect((await dun([customerId])).findings).toMatchObject([{ outcome: 'SHIELDED' }]);
});
