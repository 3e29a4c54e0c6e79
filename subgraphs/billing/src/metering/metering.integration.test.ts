import { testTenant } from '@dotmac/harness';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { checkExplanation } from '../explanation/rules-checker.ts';
import { type BillingHarness, plusDays, startBilling } from '../testing.ts';

let platform: BillingHarness;
beforeAll(async () => {
  platform = await startBilling({ ...testTenant, id: 'ten_zero', slug: 'zero', timeZone: 'UTC' });
});
afterAll(() => platform[Symbol.asyncDispose]());

const createPlan = async (kind: string, terms: Record<string, unknown>) =>
  (
    await platform.ask<{ createPlan: { id: string } }>(
      `mutation ($input: CreatePlanInput!) { createPlan(input: $input) { __typename ... on Plan { id } ... on Failure { message } } }`,
      { input: { name: kind, kind, terms } },
    )
  ).createPlan.id;

const recordDay = async (input: Record<string, unknown>) =>
  (
    await platform.ask<{ recordTenantDay: object }>(
      `mutation ($input: RecordTenantDayInput!) { recordTenantDay(input: $input) { __typename ... on TenantDay { activeSubscribers } ... on ConflictError { reason } } }`,
      { input },
    )
  ).recordTenantDay;

test('an ISP is billed for the average of its counted subscribers, and bundles by the day', async () => {
  const price = { amount: '0', currency: 'USD' };
  const card = await createPlan('RATE_CARD', {
    price,
    productClass: 'other',
    bands: [{ upTo: '100', unitPrice: '150' }, { unitPrice: '100.5' }],
  });
  const bundle = await createPlan('BUNDLE', {
    price: { amount: '10000', currency: 'USD' },
    productClass: 'other',
  });
  const customerId = await platform.createCustomer('Alpha Net');
  const open = `mutation ($input: OpenPlatformAccountInput!) { openPlatformAccount(input: $input) { __typename
    ... on PlatformAccount { liveFrom customer { id } rateCard { name } } ... on ConflictError { reason } ... on ValidationError { field message } } }`;
  const opened = {
    openPlatformAccount: {
      __typename: 'PlatformAccount',
      liveFrom: platform.today(),
      customer: { id: customerId },
      rateCard: { name: 'RATE_CARD' },
    },
  };
  const input = { tenantId: 'ten_alpha', customerId };
  expect(await platform.ask(open, { input })).toEqual(opened);
  expect(await platform.ask(open, { input })).toEqual(opened);
  await platform.ask(
    `mutation ($input: PlatformBundleInput!) { startBundle(input: $input) { __typename ... on Failure { message } } }`,
    { input: { customerId, planId: bundle } },
  );

  const start = platform.today();
  const first = Temporal.PlainDate.from(start);
  const end = first.add({ months: 1 }).with({ day: 1 });
  const live = first.until(end).days;
  const days = first.daysInMonth;
  for (let day = 0; day < live; day += 1) {
    const localDate = plusDays(start, day);
    const count = { tenantId: 'ten_alpha', localDate, activeSubscribers: 200, eventId: `alpha:${localDate}` };
    // The last day comes late: nothing is billed without it.
    if (day === live - 1) continue;
    expect(await recordDay(count)).toEqual({ __typename: 'TenantDay', activeSubscribers: 200 });
    expect(await recordDay(count)).toEqual({ __typename: 'TenantDay', activeSubscribers: 200 });
    expect(await recordDay({ ...count, activeSubscribers: 1 })).toMatchObject({ reason: 'DAY_RECORDED' });
  }
  await platform.tenant.services.advanceClock(live * 86_400_000);
  const problems = await platform.ask<{ billingProblems: { message: string }[] }>(
    '{ billingProblems { message } }',
  );
  expect(problems.billingProblems[0]?.message).toContain(plusDays(start, live - 1));
  const localDate = plusDays(start, live - 1);
  await recordDay({ tenantId: 'ten_alpha', localDate, activeSubscribers: 200, eventId: 'late' });
  await platform.tenant.services.advanceClock(86_400_000);

  const { database } = platform.tenant.services;
  const lines = await database.selectFrom('billing.documentLine').selectAll().orderBy('kind').execute();
  const quantity = Math.round((200 * live) / days);
  const usage = Math.round(Math.min(quantity, 100) * 150 + Math.max(quantity - 100, 0) * 100.5);
  expect(lines.filter(({ kind }) => kind === 'usage').map((line) => line.netMinor)).toEqual([BigInt(usage)]);
  const bundles = lines.filter(({ kind }) => kind === 'recurring').map((line) => line.netMinor);
  expect(bundles).toEqual([BigInt(Math.round((10_000 * live) / days)), 10_000n]);
  for (const line of lines)
    expect(checkExplanation(line.explanation as never, line.netMinor)).toEqual({ outcome: 'AGREES' });
  expect(await platform.ask('{ billingProblems { message } ledgerProof { holds } }')).toEqual({
    billingProblems: [],
    ledgerProof: { holds: true },
  });
  expect(
    await platform.ask('{ platformAccount(tenantId: "ten_alpha") { customer { id } tenantId } }'),
  ).toEqual({ platformAccount: { customer: { id: customerId }, tenantId: 'ten_alpha' } });
  const preview = (bands: object[]) =>
    platform.tenant.ask<{
      rateCardPreview: { tenantId: string; subscribers: string; now: object; considered: object }[];
    }>(
      'billing',
      'query ($planId: ID!, $bands: [RateBandInput!]!) { rateCardPreview(planId: $planId, bands: $bands) { tenantId subscribers now { amount } considered { amount } } }',
      { planId: card, bands },
    );
  // 100 at 1.50 and 100 at 1.005; 50 at 2.00 and 150 at 1.00.
  expect(
    (await preview([{ upTo: '50', unitPrice: '200' }, { unitPrice: '100' }])).data?.rateCardPreview,
  ).toEqual([
    { tenantId: 'ten_alpha', subscribers: '200', now: { amount: '25050' }, considered: { amount: '25000' } },
  ]);
  const overlapping = [{ upTo: '50', unitPrice: '2' }, { upTo: '50', unitPrice: '1' }, { unitPrice: '1' }];
  expect((await preview(overlapping)).errors?.[0]?.extensions).toMatchObject({ field: 'bands[1].upTo' });
});
