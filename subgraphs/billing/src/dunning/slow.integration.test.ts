import { principalWith } from '@dotmac/harness';
import type { TenantEvents } from '@dotmac/schema';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type BillingHarness, startBilling } from '../testing.ts';

let isp: BillingHarness;
beforeAll(async () => {
  isp = await startBilling();
});
afterAll(() => isp[Symbol.asyncDispose]());

const advance = (days: number) => isp.tenant.services.advanceClock(days * 86_400_000);
const slowTo = {
  downstream: { speedBitsPerSecond: '1000000' },
  upstream: { speedBitsPerSecond: '512000' },
};
/** A payment is due 14 days after its invoice. */
const steps = [
  { id: 'reminder', action: 'REMINDER', daysAfterDue: 3 },
  { id: 'slow-1m', action: 'SLOW', daysAfterDue: 7, slowTo },
  { id: 'walled-garden', action: 'WALLED_GARDEN', daysAfterDue: 14, minimumDaysAfterPrevious: 5 },
];
const campaign = async (input: Record<string, unknown>) =>
  (
    await isp.ask<{ setDunningCampaign: Record<string, unknown> }>(
      `mutation ($input: SetDunningCampaignInput!) { setDunningCampaign(input: $input) { __typename
        ... on DunningCampaignPreview { fingerprint effects { action customers overdue { amount currency } } steps { on step customer { id } } }
        ... on DunningCampaign { id steps { id action slowTo { downstream { speedBitsPerSecond } } } }
        ... on ValidationError { field } ... on StalePlanError { code } } }`,
      { input: { steps, ...input } },
    )
  ).setDunningCampaign;
async function billed(): Promise<string> {
  const customer = await isp.createCustomer();
  await isp.activate(customer, await isp.createPlan(3000n));
  await isp.ask('mutation { runBilling(input: {}) { ... on BillingRun { documents } } }');
  return customer;
}
const account = async (id: string) =>
  (
    await isp.ask<{ _entities: [{ account: { locked: boolean; slowedTo: unknown } }] }>(
      `query ($r: [_Any!]!) { _entities(representations: $r) { ... on Customer { account { locked
        slowedTo { downstream { speedBitsPerSecond } upstream { speedBitsPerSecond } } } } } }`,
      { r: [{ __typename: 'Customer', id }] },
    )
  )._entities[0].account;
const told = async (customerId: string) =>
  (
    await isp.tenant.services.database
      .selectFrom('events.event')
      .select(['type', 'payload'])
      .where('subject', '=', customerId)
      .where('type', 'like', 'billing.%')
      .orderBy('position')
      .execute()
  ).map(({ type }) => type as keyof TenantEvents);
const pay = (customerId: string, reference: string) =>
  isp.ask(`mutation ($input: RecordPaymentInput!) { recordPayment(input: $input) { __typename } }`, {
    input: { customerId, amount: { amount: '3000', currency: 'USD' }, method: 'cash', reference },
  });
const apply = async () => {
  const { fingerprint } = await campaign({ mode: 'PLAN' });
  return campaign({ mode: 'APPLY', fingerprint });
};
const slowed = { locked: false, slowedTo: slowTo };

test('the campaign slows down, then cuts off; the preview says whom and for how much, and a payment restores all of it', async () => {
  const [payer, debtor, shielded] = [await billed(), await billed(), await billed()];
  await isp.ask(`mutation ($input: GrantShieldInput!) { grantShield(input: $input) { __typename } }`, {
    input: { customerId: shielded, kind: 'DISPUTE', because: 'test' },
  });
  await advance(15);
  const preview = await campaign({ mode: 'PLAN' });
  expect(preview).toMatchObject({
    effects: [
      { action: 'REMINDER', customers: 2, overdue: [{ amount: '6000', currency: 'USD' }] },
      { action: 'SLOW', customers: 2, overdue: [{ amount: '6000' }] },
      { action: 'WALLED_GARDEN', customers: 2, overdue: [{ amount: '6000' }] },
    ],
  });
  expect(await campaign({ mode: 'APPLY', fingerprint: 'another' })).toMatchObject({ code: 'STALE_PLAN' });
  expect(await campaign({ mode: 'APPLY', fingerprint: preview.fingerprint })).toMatchObject({
    steps: [{ id: 'reminder', slowTo: null }, { id: 'slow-1m', action: 'SLOW' }, { action: 'WALLED_GARDEN' }],
  });
  await advance(6);
  expect(await account(payer)).toEqual(slowed);
  expect(await account(debtor)).toEqual(slowed);
  expect(await account(shielded)).toEqual({ locked: false, slowedTo: null });
  await pay(payer, 'restored');
  expect(await account(payer)).toEqual({ locked: false, slowedTo: null });
  expect(await told(payer)).toEqual(['billing.slow.requested', 'billing.lock.lifted']);
  await advance(7);
  expect(await account(debtor)).toEqual({ locked: true, slowedTo: null });
  await pay(debtor, 'opened');
  expect(await account(debtor)).toEqual({ locked: false, slowedTo: null });
  expect(await told(debtor)).toEqual([
    'billing.slow.requested',
    'billing.lock.requested',
    'billing.lock.lifted',
  ]);
});

test('a broken promise brings back what was there: slow when he was slow, closed when he was closed', async () => {
  await apply();
  const customerId = await billed();
  const promise = async (days: number) => {
    const until = new Date(Date.parse(isp.today()) + days * 86_400_000).toISOString().slice(0, 10);
    await isp.ask(`mutation ($input: GrantShieldInput!) { grantShield(input: $input) { __typename } }`, {
      input: { customerId, kind: 'PROMISE_TO_PAY', until, because: 'test' },
    });
  };
  await advance(21);
  expect(await account(customerId)).toEqual(slowed);
  await promise(1);
  expect(await account(customerId)).toEqual({ locked: false, slowedTo: null });
  await advance(1);
  expect(await account(customerId)).toEqual(slowed);
  await advance(7);
  expect(await account(customerId)).toMatchObject({ locked: true });
  await promise(1);
  expect(await account(customerId)).toEqual({ locked: false, slowedTo: null });
  await advance(1);
  expect(await account(customerId)).toMatchObject({ locked: true });
});

test('a campaign that makes no sense is refused by name, and changing one needs the right to', async () => {
  expect(
    await campaign({ mode: 'PLAN', steps: [{ id: 'slow', action: 'SLOW', daysAfterDue: 1 }] }),
  ).toMatchObject({ __typename: 'ValidationError', field: 'input.steps[0].slowTo' });
  const answer = await isp.tenant.ask(
    'billing',
    'mutation { setDunningCampaign(input: { steps: [], mode: PLAN }) { __typename } }',
    {},
    principalWith('billing:read'),
  );
  expect(answer.errors?.[0]?.extensions).toMatchObject({ code: 'FORBIDDEN', missingScope: 'billing:write' });
});
