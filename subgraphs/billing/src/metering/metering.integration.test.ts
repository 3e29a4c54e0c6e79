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

test('a day that was counted wrong is restated beside its count, and the next invoice carries the difference', async () => {
  const { database } = platform.tenant.services;
  const terms = {
    price: { amount: '0', currency: 'USD' },
    productClass: 'other',
    bands: [{ upTo: '100', unitPrice: '310' }, { unitPrice: '31' }],
  };
  const rateCardPlanId = await createPlan('RATE_CARD', terms);
  const customerId = await platform.createCustomer('Beta Net');
  const tenantId = 'ten_beta';
  // From the first day of a month on.
  const first = Temporal.PlainDate.from(platform.today()).add({ months: 1 }).with({ day: 1 });
  await platform.ask(
    'mutation ($input: OpenPlatformAccountInput!) { openPlatformAccount(input: $input) { __typename } }',
    { input: { tenantId, customerId, rateCardPlanId, liveFrom: first.toString() } },
  );
  const next = first.add({ months: 1 });
  const to = (day: Temporal.PlainDate) =>
    Temporal.PlainDate.from(platform.today()).until(day, { largestUnit: 'days' }).days;
  const count = async (from: Temporal.PlainDate, until: Temporal.PlainDate) => {
    for (let day = from; Temporal.PlainDate.compare(day, until) < 0; day = day.add({ days: 1 }))
      await recordDay({ tenantId, localDate: `${day}`, activeSubscribers: 100, eventId: `beta:${day}` });
  };
  await count(first, next);
  await platform.tenant.services.advanceClock(to(next) * 86_400_000);
  const lines = () =>
    database
      .selectFrom('billing.documentLine')
      .select(['netMinor', 'correction', 'periodFrom', 'explanation'])
      .where('serviceLineId', '=', `usage:${tenantId}`)
      .orderBy('periodFrom')
      .orderBy('correction')
      .execute();
  expect((await lines()).map(({ netMinor }) => netMinor)).toEqual([31_000n]);

  const restate = (input: Record<string, unknown>) =>
    platform.ask<{ restateTenantDay: { __typename: string; fingerprint: string } }>(
      `mutation ($input: RestateTenantDayInput!) { restateTenantDay(input: $input) { __typename
        ... on TenantDayRestatementPreview { fingerprint before after difference { amount } }
        ... on TenantDayRestated { difference { amount } restatement { revision activeSubscribers because } }
        ... on ValidationError { field } ... on NotFoundError { message } } }`,
      {
        input: { tenantId, localDate: `${first}`, digest: 'a'.repeat(64), because: 'left in time', ...input },
      },
    );
  const days = first.daysInMonth;
  // As many as make it one subscriber less on the average of the month.
  const removed = Array.from({ length: days }, (_, index) => `cus_${index}`);
  expect(await restate({ removed: [], mode: 'PLAN' })).toMatchObject({
    restateTenantDay: { field: 'input.added' },
  });
  expect(await restate({ removed, because: ' ', mode: 'PLAN' })).toMatchObject({
    restateTenantDay: { field: 'input.because' },
  });
  const tooMany = Array.from({ length: 101 }, (_, index) => `cus_${index}`);
  expect(await restate({ removed: tooMany, mode: 'PLAN' })).toMatchObject({
    restateTenantDay: { field: 'input.removed' },
  });
  expect(await restate({ removed, localDate: '2020-01-01', mode: 'PLAN' })).toMatchObject({
    restateTenantDay: { __typename: 'NotFoundError' },
  });
  const { restateTenantDay: plan } = await restate({ removed, mode: 'PLAN' });
  expect(plan).toMatchObject({ before: 100, after: 100 - days, difference: { amount: '-310' } });
  const { fingerprint } = plan;
  expect(await restate({ removed, mode: 'APPLY', fingerprint })).toEqual({
    restateTenantDay: {
      __typename: 'TenantDayRestated',
      difference: { amount: '-310' },
      restatement: { revision: 1, activeSubscribers: 100 - days, because: 'left in time' },
    },
  });
  // Sent again, it would take them off twice: the plan is stale.
  expect(await restate({ removed, mode: 'APPLY', fingerprint })).not.toMatchObject({
    restateTenantDay: { __typename: 'TenantDayRestated' },
  });
  expect(
    await platform.ask(
      `query ($from: LocalDate!, $to: LocalDate!) { platformAccount(tenantId: "${tenantId}") { days(from: $from, to: $to) {
        activeSubscribers countedSubscribers digest restatements { revision because removed } } } }`,
      { from: `${first}`, to: `${first.add({ days: 1 })}` },
    ),
  ).toEqual({
    platformAccount: {
      days: [
        {
          activeSubscribers: 100 - days,
          countedSubscribers: 100,
          digest: 'a'.repeat(64),
          restatements: [{ revision: 1, because: 'left in time', removed }],
        },
      ],
    },
  });
  await expect(
    database.updateTable('billing.tenantDayRestatement').set({ activeSubscribers: 0 }).execute(),
  ).rejects.toThrow('append-only');

  const after = next.add({ months: 1 });
  await count(next, after);
  await platform.tenant.services.advanceClock(to(after) * 86_400_000);
  const billed = await lines();
  expect(billed.map(({ netMinor, correction }) => [netMinor, correction])).toEqual([
    [31_000n, 0],
    [-310n, 1],
    [31_000n, 0],
  ]);
  for (const line of billed)
    expect(checkExplanation(line.explanation as never, line.netMinor)).toEqual({ outcome: 'AGREES' });
  expect(billed[1]?.explanation).toMatchObject({ facts: { [`${first}`]: 'left in time' } });
  // Nothing is carried twice.
  await platform.ask('mutation { runBilling(input: {}) { __typename } }');
  expect(await lines()).toHaveLength(3);
  expect(await platform.ask('{ ledgerProof { holds } }')).toEqual({ ledgerProof: { holds: true } });
});
