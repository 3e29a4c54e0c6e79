import { afterAll, beforeAll, expect, test } from 'vitest';
import { checkExplanation } from '../explanation/rules-checker.ts';
import { type BillingHarness, startBilling } from '../testing.ts';

let isp: BillingHarness;
beforeAll(async () => {
  isp = await startBilling();
});
afterAll(() => isp?.[Symbol.asyncDispose]());

const hour = 3_600_000;
/** Network tells that an outage which began at an instant is over. */
async function down(serviceId: string, incidentId: string, from: number, lasted: number) {
  const iso = (at: number) => new Date(at).toISOString();
  await isp.append({
    type: 'service.downtime.recorded',
    subject: serviceId,
    payload: { incidentId, serviceId, from: iso(from), to: iso(from + lasted), summary: 'tower is down' },
    occurredAt: from + lasted,
    actor: 'system:incidents',
  });
  await isp.settled();
}
interface Credit {
  readonly id: string;
  readonly state: string;
  readonly downSeconds: string;
}
const credits = async (incidentId: string) =>
  (
    await isp.ask<{ _entities: { outageCredits: Credit[] }[] }>(
      'query ($r: [_Any!]!) { _entities(representations: $r) { ... on Incident { outageCredits { id state downSeconds } } } }',
      { r: [{ __typename: 'Incident', id: incidentId }] },
    )
  )._entities[0]?.outageCredits ?? [];
const approve = async (input: Record<string, unknown>) =>
  (
    await isp.ask<{ approveOutageCredits: Record<string, unknown> }>(
      `mutation ($input: ApproveOutageCreditsInput!) { approveOutageCredits(input: $input) { __typename
        ... on OutageCreditsPreview { fingerprint documents { gross { amount } lines { description } } }
        ... on OutageCreditsApproved { credits { state creditNote { gross { amount } lines { description } } } }
        ... on ValidationError { field message } ... on Failure { code } } }`,
      { input },
    )
  ).approveOutageCredits;

test('a confirmed outage is proposed, approved and credited once, on a line that names it', async () => {
  const customer = await isp.createCustomer();
  // A service of one week, so that an hour is worth some cents.
  const plan = await isp.createPlan(16_800n, { terms: { intervalUnit: 'WEEK' } });
  const service = await isp.activate(customer, plan);
  const other = await isp.activate(customer, plan);
  const { clock } = isp.tenant.services;
  await down(service, 'inc_early', clock.now() - 2 * hour, 2 * hour);
  const [early] = await credits('inc_early');
  expect(await approve({ ids: [early?.id], mode: 'PLAN' })).toMatchObject({
    __typename: 'ValidationError',
    field: 'input.ids[0]',
    message: expect.stringContaining('No invoice charges the service'),
  });
  await isp.ask('mutation { runBilling(input: {}) { __typename } }');
  await isp.tenant.services.advanceClock(6 * hour);

  // One instant for all: how they overlap does not depend on how long the test takes.
  const now = clock.now();
  await down(service, 'inc_1', now - 3 * hour, 2 * hour);
  // The same again, overlapping by half, and too short.
  await down(service, 'inc_1', now - 3 * hour, 2 * hour);
  await down(service, 'inc_2', now - 2 * hour, 2 * hour);
  await down(service, 'inc_3', now - hour / 2, hour / 2);
  const [credit] = await credits('inc_1');
  expect(await credits('inc_1')).toMatchObject([{ state: 'PROPOSED', downSeconds: '7200' }]);
  expect(await credits('inc_2')).toMatchObject([{ downSeconds: '3600' }]);
  expect(await credits('inc_3')).toEqual([]);

  expect(await approve({ ids: [], mode: 'PLAN' })).toMatchObject({ field: 'input.ids' });
  const plan1 = await approve({ ids: [credit?.id], mode: 'PLAN' });
  // 168.00 a week is 1.00 an hour.
  expect(plan1).toMatchObject({ documents: [{ gross: { amount: '-200' } }] });
  expect(await credits('inc_1')).toMatchObject([{ state: 'PROPOSED' }]);
  const { fingerprint } = plan1;
  const applied = await approve({ ids: [credit?.id], mode: 'APPLY', fingerprint });
  expect(applied).toMatchObject({
    credits: [
      {
        state: 'APPROVED',
        creditNote: {
          gross: { amount: '200' },
          lines: [{ description: expect.stringContaining('Outage inc_1: tower is down') }],
        },
      },
    ],
  });
  expect(await approve({ ids: [credit?.id], mode: 'APPLY', fingerprint })).toMatchObject({
    __typename: 'ValidationError',
  });

  const [line] = await isp.tenant.services.database
    .selectFrom('billing.documentLine')
    .selectAll()
    .where('kind', '=', 'adjustment')
    .execute();
  expect(checkExplanation(line?.explanation as never, line?.netMinor ?? 0n)).toEqual({ outcome: 'AGREES' });
  expect(line?.explanation).toMatchObject({ facts: { incident: 'inc_1' } });
  // Nobody else got anything: a power cut at home tells of no downtime.
  const theirs = isp.tenant.services.database
    .selectFrom('billing.outageCredit')
    .selectAll()
    .where('serviceLineId', '=', other);
  expect(await theirs.execute()).toEqual([]);

  const [second] = await credits('inc_2');
  const reject = await isp.ask<{ rejectOutageCredit: object }>(
    'mutation ($id: ID!) { rejectOutageCredit(input: { id: $id, because: "agreed by phone" }) { __typename ... on OutageCredit { state because } } }',
    { id: second?.id },
  );
  expect(reject.rejectOutageCredit).toMatchObject({ state: 'REJECTED', because: 'agreed by phone' });
  expect(await isp.ask('{ ledgerProof { holds } }')).toEqual({ ledgerProof: { holds: true } });
});

test('an incident says what is at risk in a month: of those whom it concerns, a week as a month, with add-ons', async () => {
  const customer = await isp.createCustomer('Risk');
  const monthly = await isp.activate(customer, await isp.createPlan(5_000n));
  const weekly = await isp.activate(
    customer,
    await isp.createPlan(700n, { terms: { intervalUnit: 'WEEK' } }),
  );
  await isp.activate(customer, await isp.createPlan(9_999n));
  const ended = await isp.activate(customer, await isp.createPlan(100_000n));
  const now = isp.tenant.services.clock.now();
  await isp.append({
    type: 'service.cancelled',
    subject: ended,
    payload: { serviceId: ended, customerId: customer, on: isp.today() },
    occurredAt: now,
    actor: 'test',
  });
  await isp.settled();
  const atRisk = async (
    affectedServiceIds: readonly string[],
    type: 'Incident' | 'MaintenanceWindow' = 'Incident',
  ) =>
    (
      await isp.ask<{ _entities: { revenueAtRisk: object[] }[] }>(
        `query ($r: [_Any!]!) { _entities(representations: $r) { ... on ${type} { revenueAtRisk { amount currency } } } }`,
        { r: [{ __typename: type, id: 'one', affectedServiceIds }] },
      )
    )._entities[0]?.revenueAtRisk;
  // 7.00 a week is 30.42 a month: 365 days, twelve months.
  expect(await atRisk([monthly, weekly, ended, 'svc_nobody'])).toEqual([{ amount: '8042', currency: 'USD' }]);
  const { createPlan: addOn } = await isp.ask<{ createPlan: { id: string } }>(
    `mutation { createPlan(input: { name: "Fixed address", kind: ADD_ON, terms: { price: { amount: "300", currency: "USD" } } }) {
      ... on Plan { id } } }`,
  );
  expect(
    await isp.ask(
      'mutation ($input: ServiceAddOnInput!) { startAddOn(input: $input) { __typename ... on Failure { message } } }',
      { input: { serviceId: monthly, planId: addOn.id } },
    ),
  ).toEqual({ startAddOn: { __typename: 'Service' } });
  expect(await atRisk([monthly])).toEqual([{ amount: '5300', currency: 'USD' }]);
  expect(await atRisk([])).toEqual([]);
  // Planned work says the same of those whom it covers.
  expect(await atRisk([monthly, weekly], 'MaintenanceWindow')).toEqual([{ amount: '8342', currency: 'USD' }]);
});
