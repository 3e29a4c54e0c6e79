import { testTenant } from '@dotmac/harness';
import fc from 'fast-check';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { proveLedger } from '../ledger/proof.ts';
import { type BillingHarness, plusDays, startBilling } from '../testing.ts';

/** Local midnight of 4 November 2018 does not exist there. */
const zone = 'America/Sao_Paulo';
let isp: BillingHarness;
let plans: readonly string[];
/** The plan of each version. */
let versions: ReadonlyMap<string, string>;
beforeAll(async () => {
  isp = await startBilling({ ...testTenant, timeZone: zone });
  plans = [await isp.createPlan(3100n), await isp.createPlan(4999n), await isp.createPlan(2017n)];
  // A version may not begin before today in the graph; these plans are older than the test.
  await sql`
    insert into billing.plan_version select (jsonb_populate_record(null::billing.plan_version, to_jsonb(v)
      || jsonb_build_object('id', v.id || '_old', 'version', 2, 'effective_from', '2015-01-01'))).*
    from billing.plan_version v`.execute(isp.tenant.services.database);
  const rows = await isp.tenant.services.database
    .selectFrom('billing.planVersion')
    .select(['id', 'planId'])
    .execute();
  versions = new Map(rows.map(({ id, planId }) => [id, planId]));
});
afterAll(() => isp[Symbol.asyncDispose]());

const planAt = (index: number) => plans[index % plans.length] ?? '';
const run = () => isp.ask('mutation { runBilling(input: {}) { __typename } }');
interface Answer {
  readonly __typename: string;
  readonly fingerprint: string;
  readonly field: string;
  readonly state: string;
  readonly charges: {
    readonly now: { readonly type: string; readonly net: { readonly amount: string } } | null;
  };
}
const preview = async (serviceId: string, planId: string, on: string | null, when = 'ON') =>
  (
    await isp.ask<{ planChangePreview: Answer }>(
      `query ($serviceId: ID!, $planId: ID!, $on: LocalDate, $when: PlanChangeTime!) {
        planChangePreview(serviceId: $serviceId, planId: $planId, when: $when, on: $on) { __typename
          ... on PlanChangePreview { fingerprint charges { now { type net { amount } } } } ... on ValidationError { field } } }`,
      { serviceId, planId, on, when },
    )
  ).planChangePreview;
const say = async (
  type: 'service.plan.changed' | 'service.cancelled',
  about: { serviceId: string; customerId: string; on: string; fromPlanId?: string; planId?: string },
) => {
  await isp.append({
    type,
    subject: about.serviceId,
    payload: about as never,
    occurredAt: isp.tenant.services.clock.now(),
    actor: 'test',
  });
  await isp.settled();
};
/** Previews and confirms a change from a day on, and does what subscribers then does. @returns what it costs today, net. */
async function change(customerId: string, serviceId: string, fromPlanId: string, planId: string, on: string) {
  const shown = await preview(serviceId, planId, on);
  const { confirmPlanChange } = await isp.ask<{ confirmPlanChange: Answer }>(
    `mutation ($input: ConfirmPlanChangeInput!) { confirmPlanChange(input: $input) { __typename ... on PlanChange { state } } }`,
    { input: { serviceId, planId, when: 'ON', on, fingerprint: shown.fingerprint } },
  );
  expect(confirmPlanChange.state).toBe(on <= isp.today() ? 'ORDERED' : 'SCHEDULED');
  if (on <= isp.today()) await say('service.plan.changed', { serviceId, customerId, fromPlanId, planId, on });
  const { now } = shown.charges;
  return now === null ? 0n : BigInt(now.net.amount) * (now.type === 'CREDIT_NOTE' ? -1n : 1n);
}
/** Net of all that a customer was billed, credits taken off. */
async function netOf(customerId: string): Promise<bigint> {
  const documents = await isp.tenant.services.database
    .selectFrom('billing.document')
    .select(['type', 'netMinor'])
    .where('customerId', '=', customerId)
    .execute();
  return documents.reduce(
    (sum, { type, netMinor }) => sum + (type === 'CREDIT_NOTE' ? -netMinor : netMinor),
    0n,
  );
}
/** What each day of a service costs in the end: the sum of its lines by version and period. */
async function chargedFor(customerId: string): Promise<[string, bigint][]> {
  const lines = await isp.tenant.services.database
    .selectFrom('billing.documentLine as line')
    .innerJoin('billing.document as document', 'document.id', 'line.documentId')
    .select(['line.priceKey', 'line.periodFrom', 'line.netMinor', 'document.type'])
    .where('document.customerId', '=', customerId)
    .execute();
  const sums = new Map<string, bigint>();
  for (const { priceKey, periodFrom, netMinor, type } of lines) {
    const key = `${priceKey} ${periodFrom}`;
    sums.set(key, (sums.get(key) ?? 0n) + (type === 'CREDIT_NOTE' ? -netMinor : netMinor));
  }
  return [...sums].filter(([, sum]) => sum !== 0n).sort(([a], [b]) => (a < b ? -1 : 1));
}

test('whatever was billed before, changes from days that are over cost what they would have cost in time', {
  timeout: 240_000,
}, async () => {
  const starts = ['2018-10-31', '2018-11-04', '2019-01-29', '2019-01-30', '2020-01-31', '2020-02-29'];
  const history = fc.record({
    start: fc.constantFrom(...starts),
    gaps: fc.array(fc.integer({ min: 0, max: 70 }), { minLength: 1, maxLength: 3 }),
    cancels: fc.option(fc.integer({ min: 0, max: 40 }), { nil: null }),
  });
  await fc.assert(
    fc.asyncProperty(history, async ({ start, gaps, cancels }) => {
      const [late, inTime] = [await isp.createCustomer('Late'), await isp.createCustomer('In time')];
      const services = { late: await isp.activate(late, planAt(0), start), inTime: '' };
      await run();
      services.inTime = await isp.activate(inTime, planAt(0), start);
      let on = start;
      for (const [index, gap] of gaps.entries()) {
        on = plusDays(on, gap);
        const [fromPlanId, planId] = [planAt(index), planAt(index + 1)];
        await say('service.plan.changed', {
          serviceId: services.inTime,
          customerId: inTime,
          fromPlanId,
          planId,
          on,
        });
        const before = await netOf(late);
        const cost = await change(late, services.late, fromPlanId, planId, on);
        await run();
        expect((await netOf(late)) - before).toBe(cost);
      }
      if (cancels !== null) {
        on = plusDays(on, cancels);
        for (const [customerId, serviceId] of [
          [late, services.late],
          [inTime, services.inTime],
        ] as const)
          await say('service.cancelled', { serviceId, customerId, on });
      }
      await run();
      const charged = await chargedFor(late);
      expect(charged).toEqual(await chargedFor(inTime));
      expect(charged.length > 0).toBe(on > start || cancels === null);
    }),
    { numRuns: 6 },
  );
  expect((await proveLedger(isp.tenant.services.database)).findings).toEqual([]);
});

test('billing day 31 in a leap year: the tenth day of the 31 from 29 February on is the last of the old plan', async () => {
  const customerId = await isp.createCustomer();
  const serviceId = await isp.activate(customerId, planAt(0), '2020-01-31');
  await run();
  await change(customerId, serviceId, planAt(0), planAt(1), '2020-03-10');
  await run();
  const charged = new Map(await chargedFor(customerId));
  const of = (plan: number, period: string) =>
    [...charged].flatMap(([key, net]) =>
      key.endsWith(` ${period}`) && versions.get(key.split(' ')[0] ?? '') === planAt(plan) ? [net] : [],
    );
  expect([of(0, '2020-01-31'), of(1, '2020-01-31')]).toEqual([[3100n], []]);
  expect([of(0, '2020-02-29'), of(1, '2020-02-29')]).toEqual([[1000n], [3386n]]);
  expect([of(0, '2020-03-31'), of(1, '2020-03-31')]).toEqual([[], [4999n]]);
});

test('begun and ended on a day without a midnight: nothing; a day to come is scheduled, one before the last change refused', async () => {
  const customerId = await isp.createCustomer();
  const serviceId = await isp.activate(customerId, planAt(0), '2018-11-04');
  await say('service.cancelled', { serviceId, customerId, on: '2018-11-04' });
  await run();
  expect(await netOf(customerId)).toBe(0n);
  const running = await isp.activate(customerId, planAt(0));
  await run();
  await change(customerId, running, planAt(0), planAt(1), plusDays(isp.today(), 5));
  const { scheduledPlanChange } = (
    await isp.ask<{ _entities: [{ scheduledPlanChange: object }] }>(
      `query ($r: [_Any!]!) { _entities(representations: $r) { ... on Service { scheduledPlanChange { on state } } } }`,
      { r: [{ __typename: 'Service', id: running }] },
    )
  )._entities[0];
  expect(scheduledPlanChange).toEqual({ on: plusDays(isp.today(), 5), state: 'SCHEDULED' });
  const other = await isp.activate(customerId, planAt(0));
  for (const [on, when] of [
    [plusDays(isp.today(), -1), 'ON'],
    [null, 'ON'],
    [isp.today(), 'NOW'],
  ] as const)
    expect(await preview(other, planAt(1), on, when)).toMatchObject({
      __typename: 'ValidationError',
      field: 'input.on',
    });
});
