import { testTenant } from '@dotmac/harness';
import { bundles } from '@dotmac/schema';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { checkExplanation } from '../explanation/rules-checker.ts';
import { type BillingHarness, startBilling } from '../testing.ts';
import { bundlePrices } from './rules.ts';

let platform: BillingHarness;
const day = 86_400_000;
beforeAll(async () => {
  platform = await startBilling({ ...testTenant, id: 'ten_zero', slug: 'zero', timeZone: 'UTC' });
});
afterAll(() => platform[Symbol.asyncDispose]());

const createPlan = async (input: Record<string, unknown>) =>
  (
    await platform.ask<{ createPlan: { id: string; field?: string } }>(
      `mutation ($input: CreatePlanInput!) { createPlan(input: $input) { __typename ... on Plan { id } ... on ValidationError { field message } } }`,
      { input },
    )
  ).createPlan;
const bundlePlan = (bundle: string, amount: bigint, more: Record<string, unknown> = {}) =>
  createPlan({
    name: bundle,
    kind: 'BUNDLE',
    bundle,
    terms: { price: { amount: `${amount}`, currency: 'USD' }, productClass: 'other', ...more },
  });
const rateCard = (trial?: object) =>
  createPlan({
    name: 'Card',
    kind: 'RATE_CARD',
    terms: {
      price: { amount: '0', currency: 'USD' },
      productClass: 'other',
      bands: [{ unitPrice: '100' }],
      trial,
    },
  });
async function openIsp(tenantId: string, rateCardPlanId: string): Promise<string> {
  const customerId = await platform.createCustomer(tenantId);
  const { openPlatformAccount } = await platform.ask<{ openPlatformAccount: { __typename: string } }>(
    'mutation ($input: OpenPlatformAccountInput!) { openPlatformAccount(input: $input) { __typename ... on Failure { message } } }',
    { input: { tenantId, customerId, rateCardPlanId } },
  );
  expect(openPlatformAccount).toEqual({ __typename: 'PlatformAccount' });
  return customerId;
}
interface Switched {
  readonly __typename: string;
  readonly fingerprint?: string;
  readonly reason?: string;
  readonly from?: string;
  readonly charges?: { readonly now: { readonly net: { readonly amount: string } } | null };
}
const switchBundle = async (input: Record<string, unknown>) =>
  (
    await platform.ask<{ switchPlatformBundle: Switched }>(
      `mutation ($input: SwitchPlatformBundleInput!) { switchPlatformBundle(input: $input) { __typename
        ... on BundleSwitchPreview { fingerprint from charges { now { net { amount } } } }
        ... on BundleSwitched { from } ... on ConflictError { reason } ... on Failure { code message } } }`,
      { input },
    )
  ).switchPlatformBundle;
async function planAndApply(request: { tenantId: string; bundle: string; on: boolean }): Promise<Switched> {
  const plan = await switchBundle({ ...request, mode: 'PLAN' });
  expect(plan).toMatchObject({ __typename: 'BundleSwitchPreview' });
  const applied = await switchBundle({ ...request, mode: 'APPLY', fingerprint: plan.fingerprint });
  expect(applied).toEqual({ __typename: 'BundleSwitched', from: plan.from });
  return plan;
}
const bill = () => platform.ask('mutation { runBilling(input: {}) { __typename } }');
const linesOf = (customerId: string) =>
  platform.tenant.services.database
    .selectFrom('billing.documentLine as line')
    .innerJoin('billing.document as document', 'document.id', 'line.documentId')
    .select(['line.kind', 'line.netMinor', 'line.explanation', 'line.days', 'line.ofDays'])
    .where('document.customerId', '=', customerId)
    .orderBy('document.sequence')
    .execute();
const told = async (tenantId: string) =>
  (
    await platform.tenant.services.database
      .selectFrom('events.event')
      .select('payload')
      .where('type', '=', 'platform.bundles.changed')
      .orderBy('position')
      .execute()
  )
    .map(({ payload }) => payload as unknown as { tenantId: string; bundles: string[] })
    .filter((payload) => payload.tenantId === tenantId)
    .map((payload) => payload.bundles);

describe('the six bundles', () => {
  let card: string;
  beforeAll(async () => {
    card = (await rateCard()).id;
    for (const bundle of bundles) {
      const [least, most] = bundlePrices[bundle];
      expect(await bundlePlan(bundle, most + 1n)).toMatchObject({ field: 'input.terms.price.amount' });
      expect(await bundlePlan(bundle, least - 1n)).toMatchObject({ field: 'input.terms.price.amount' });
      expect(await bundlePlan(bundle, least, { intervalUnit: 'YEAR' })).toMatchObject({
        field: 'input.terms.intervalUnit',
      });
      expect(await bundlePlan(bundle, least)).toMatchObject({ __typename: 'Plan' });
      expect(await bundlePlan(bundle, least)).toMatchObject({ field: 'input.bundle' });
    }
  });

  test.each(bundles)(
    '%s is switched on, prorated by the day, and off, credited by the day',
    async (bundle) => {
      const tenantId = `ten_${bundle.toLowerCase()}`;
      const customerId = await openIsp(tenantId, card);
      const off = { tenantId, bundle, on: false };
      expect(await switchBundle({ ...off, mode: 'PLAN' })).toMatchObject({ reason: 'BUNDLE_STATE' });
      const plan = await planAndApply({ ...off, on: true });
      expect(await told(tenantId)).toEqual([[bundle]]);
      expect(await switchBundle({ ...off, on: true, mode: 'PLAN' })).toMatchObject({
        reason: 'BUNDLE_STATE',
      });
      await bill();
      const [charged] = await linesOf(customerId);
      const price = bundlePrices[bundle][0];
      const exact = (Number(price) * (charged?.days ?? 0)) / (charged?.ofDays ?? 1);
      expect(charged?.netMinor).toBe(BigInt(Math.round(exact)));
      expect(plan.charges?.now?.net.amount).toBe(`${charged?.netMinor}`);

      await planAndApply(off);
      expect(await told(tenantId)).toEqual([[bundle], []]);
      await bill();
      const all = await linesOf(customerId);
      // Begun and ended on one day: nothing is left.
      expect(all.reduce((sum, { netMinor }) => sum + netMinor, 0n)).toBe(0n);
      for (const line of all)
        expect(checkExplanation(line.explanation as never, line.netMinor)).toEqual({ outcome: 'AGREES' });
    },
  );

  test('a plan that the world has moved past is refused, and an unknown ISP named', async () => {
    const tenantId = 'ten_stale';
    await openIsp(tenantId, card);
    const request = { tenantId, bundle: 'AI_CHATBOT', on: true };
    const { fingerprint } = await switchBundle({ ...request, mode: 'PLAN' });
    await planAndApply({ ...request, bundle: 'ADVANCED_CRM' });
    expect(await switchBundle({ ...request, mode: 'APPLY', fingerprint })).toMatchObject({
      code: 'STALE_PLAN',
    });
    expect(await switchBundle({ ...request, tenantId: 'ten_none', mode: 'PLAN' })).toMatchObject({
      code: 'NOT_FOUND',
    });
  });
});

describe('a trial', () => {
  interface Seen {
    readonly platformAccount: {
      readonly trial: {
        readonly paidFrom: string;
        readonly daysLeft: number;
        readonly coversBundles: boolean;
        readonly firstInvoiceOn: string;
      } | null;
      readonly bundles: readonly {
        readonly bundle: string;
        readonly on: boolean;
        readonly paidFrom: string;
      }[];
    };
  }
  const look = async (tenantId: string) =>
    (
      await platform.ask<Seen>(
        'query ($id: ID!) { platformAccount(tenantId: $id) { trial { paidFrom daysLeft coversBundles firstInvoiceOn } bundles { bundle on paidFrom } } }',
        { id: tenantId },
      )
    ).platformAccount;
  async function count(tenantId: string, days: number): Promise<void> {
    for (let n = 0; n < days; n += 1) {
      const localDate = Temporal.PlainDate.from(platform.today()).toString();
      const input = { tenantId, localDate, activeSubscribers: 100, eventId: `${tenantId}:${localDate}` };
      await platform.ask(
        'mutation ($input: RecordTenantDayInput!) { recordTenantDay(input: $input) { __typename } }',
        { input },
      );
      await platform.tenant.services.advanceClock(day);
    }
  }
  const reminded = async (customerId: string) =>
    (
      await platform.tenant.services.database
        .selectFrom('events.event')
        .select('payload')
        .where('type', '=', 'platform.trial.ending')
        .where('subject', '=', customerId)
        .orderBy('position')
        .execute()
    ).map(({ payload }) => (payload as unknown as { daysLeft: number }).daysLeft);

  test('costs nothing while it lasts, is told to be ending, and prorates the first month after it', async () => {
    const card = (await rateCard({ days: 45, coversBundles: true })).id;
    const customerId = await openIsp('ten_try', card);
    const start = Temporal.PlainDate.from(platform.today());
    const paidFrom = start.add({ days: 45 });
    const end = paidFrom.with({ day: 1 }).add({ months: 1 });
    expect((await look('ten_try')).trial).toEqual({
      paidFrom: `${paidFrom}`,
      daysLeft: 45,
      coversBundles: true,
      firstInvoiceOn: `${end}`,
    });
    await planAndApply({ tenantId: 'ten_try', bundle: 'PROJECT_MANAGEMENT', on: true });
    expect((await look('ten_try')).bundles.find(({ on }) => on)).toEqual({
      bundle: 'PROJECT_MANAGEMENT',
      on: true,
      paidFrom: `${paidFrom}`,
    });
    // Tried, left and taken again within the trial: nothing comes of it.
    await planAndApply({ tenantId: 'ten_try', bundle: 'AI_CHATBOT', on: true });
    await planAndApply({ tenantId: 'ten_try', bundle: 'AI_CHATBOT', on: false });
    await planAndApply({ tenantId: 'ten_try', bundle: 'AI_CHATBOT', on: true });
    await planAndApply({ tenantId: 'ten_try', bundle: 'AI_CHATBOT', on: false });

    await count('ten_try', 44);
    expect(await linesOf(customerId)).toEqual([]);
    expect(await reminded(customerId)).toEqual([3, 1]);
    await count('ten_try', paidFrom.until(end).days + 1);
    expect(await reminded(customerId)).toEqual([3, 1, 0]);
    const lines = await linesOf(customerId);
    const [days, ofDays] = [paidFrom.until(end).days, paidFrom.daysInMonth];
    const usage = lines.filter(({ kind }) => kind === 'usage');
    // 100 subscribers at 1.00 on the paid days alone.
    expect(usage.map(({ netMinor }) => netMinor)).toEqual([BigInt(Math.round((100 * days) / ofDays) * 100)]);
    const bundle = lines.filter(({ kind }) => kind === 'recurring')[0];
    expect(bundle).toMatchObject({ days, ofDays });
    for (const line of lines)
      expect(checkExplanation(line.explanation as never, line.netMinor)).toEqual({ outcome: 'AGREES' });
    // The ISPs of the tests above were not counted; nothing is wrong with this one.
    const { billingProblems, ledgerProof } = await platform.ask<{
      billingProblems: { message: string }[];
      ledgerProof: { holds: boolean };
    }>('{ billingProblems { message } ledgerProof { holds } }');
    expect(billingProblems.filter(({ message }) => message.includes('ten_try'))).toEqual([]);
    expect(ledgerProof.holds).toBe(true);
  });

  test('ends when the ISP decides, and never again', async () => {
    const card = (await rateCard({ days: 7 })).id;
    await openIsp('ten_sure', card);
    const set = async (input: Record<string, unknown>) =>
      (
        await platform.ask<{ setPlatformTrial: object }>(
          'mutation ($input: SetPlatformTrialInput!) { setPlatformTrial(input: $input) { __typename ... on ConflictError { reason } ... on ValidationError { field } } }',
          { input: { tenantId: 'ten_sure', ...input } },
        )
      ).setPlatformTrial;
    expect(await set({ paidFrom: '2020-01-01' })).toMatchObject({ field: 'input.paidFrom' });
    expect(await set({})).toEqual({ __typename: 'PlatformAccount' });
    expect((await look('ten_sure')).trial).toMatchObject({ paidFrom: platform.today(), daysLeft: 0 });
    expect(await set({})).toMatchObject({ reason: 'NO_TRIAL' });
  });

  test.each([
    [{ days: 0 }, 'input.terms.trial.days'],
    [{ days: 366 }, 'input.terms.trial.days'],
  ])('of %j is refused by name', async (trial, field) => {
    expect(await rateCard(trial)).toMatchObject({ field });
  });
});
