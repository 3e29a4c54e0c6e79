import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Explanation } from '../explanation/rules.ts';
import { checkExplanation } from '../explanation/rules-checker.ts';
import { proveLedger } from '../ledger/proof.ts';
import { type BillingHarness, plusDays, startBilling, subscriber } from '../testing.ts';

let isp: BillingHarness;
beforeAll(async () => {
  isp = await startBilling();
});
afterAll(() => isp[Symbol.asyncDispose]());

const advance = (days: number) => isp.tenant.services.advanceClock(days * 86_400_000);
const run = () => isp.ask('mutation { runBilling(input: {}) { __typename } }');
const lines = `lines { kind description from to net { amount } explain { rule version inputs { name value } formula } }`;
const previewQuery = `query ($serviceId: ID!, $planId: ID!, $when: PlanChangeTime!) { planChangePreview(serviceId: $serviceId, planId: $planId, when: $when) {
  __typename ... on PlanChangePreview { fingerprint on earlyTermination { amount { amount } }
    charges { now { type net { amount } ${lines} } nextOn next { net { amount } ${lines} } } }
  ... on ValidationError { field } ... on ConflictError { reason } } }`;
interface Line {
  readonly net: { readonly amount: string };
  readonly explain: Omit<Explanation, 'inputs'> & { readonly inputs: { name: string; value: string }[] };
}
interface Preview {
  readonly __typename: string;
  readonly fingerprint: string;
  readonly charges: {
    readonly now: { readonly lines: Line[] } | null;
    readonly next: { readonly lines: Line[] } | null;
  };
}
const preview = async (serviceId: string, planId: string, when: 'NOW' | 'PERIOD_END') =>
  (await isp.ask<{ planChangePreview: Preview }>(previewQuery, { serviceId, planId, when }))
    .planChangePreview;
const confirm = async (serviceId: string, planId: string, when: string, fingerprint: string) =>
  (
    await isp.ask<{ confirmPlanChange: Record<string, unknown> }>(
      `mutation ($input: ConfirmPlanChangeInput!) { confirmPlanChange(input: $input) { __typename ... on PlanChange { state on } ... on ConflictError { reason } } }`,
      { input: { serviceId, planId, when, fingerprint } },
    )
  ).confirmPlanChange;
/** What subscribers does when a change is ordered. */
async function obey(serviceId: string, customerId: string, fromPlanId: string) {
  await isp.tenant.services.events.flush();
  const orders = await isp.tenant.services.events.read(0n, { types: ['service.plan.change.ordered'] });
  const order = orders.findLast(({ subject }) => subject === serviceId);
  if (order?.type !== 'service.plan.change.ordered') throw new Error('nothing was ordered');
  const { planId, on } = order.payload;
  await isp.append({
    type: 'service.plan.changed',
    subject: serviceId,
    payload: { serviceId, customerId, fromPlanId, planId, on },
    occurredAt: isp.tenant.services.clock.now(),
    actor: 'test',
  });
  await isp.settled();
  await isp.tenant.eventually(
    async () => {
      const db = isp.tenant.services.database;
      const last = await db
        .selectFrom('events.event')
        .select(({ fn }) => fn.max('position').as('at'))
        .executeTakeFirst();
      const done = await db
        .selectFrom('events.consumer')
        .select('position')
        .where('name', '=', 'billing.end-contracts')
        .executeTakeFirst();
      return (done?.position ?? 0n) >= (last?.at ?? 0n);
    },
    (done) => done,
  );
}
const netOf = async (customerId: string) =>
  (
    await isp.tenant.services.database
      .selectFrom('billing.document')
      .select('netMinor')
      .where('customerId', '=', customerId)
      .orderBy('issuedAt')
      .orderBy('id')
      .execute()
  ).map(({ netMinor }) => Number(netMinor));
const week = (name: string, minor: bigint) =>
  isp.createPlan(minor, { name, terms: { intervalUnit: 'WEEK' } });

test('an upgrade today: the preview is what is billed, each line explained, and it writes nothing', async () => {
  const customerId = await isp.createCustomer();
  const [slow, fast] = [await week('Slow', 7000n), await week('Fast', 14_000n)];
  const serviceId = await isp.activate(customerId, slow);
  await run();
  await advance(3);
  const shown = await preview(serviceId, fast, 'NOW');
  expect(shown).toMatchObject({
    on: isp.today(),
    earlyTermination: null,
    charges: {
      now: {
        type: 'INVOICE',
        net: { amount: '4000' },
        lines: [{ net: { amount: '-4000' } }, { net: { amount: '8000' } }],
      },
      nextOn: plusDays(isp.today(), 4),
      next: { net: { amount: '14000' } },
    },
  });
  for (const { net, explain } of [
    ...(shown.charges.now?.lines ?? []),
    ...(shown.charges.next?.lines ?? []),
  ]) {
    const inputs = Object.fromEntries(explain.inputs.map(({ name, value }) => [name, value]));
    expect(checkExplanation({ ...explain, inputs, facts: {} }, BigInt(net.amount))).toEqual({
      outcome: 'AGREES',
    });
  }
  expect(await preview(serviceId, fast, 'NOW')).toEqual(shown);
  await run();
  expect(await netOf(customerId)).toEqual([7000]);
  expect((await confirm(serviceId, fast, 'NOW', 'x')).__typename).toBe('StalePlanError');
  expect(await confirm(serviceId, fast, 'NOW', shown.fingerprint)).toMatchObject({
    state: 'ORDERED',
    on: isp.today(),
  });
  await obey(serviceId, customerId, slow);
  await run();
  expect(await netOf(customerId)).toEqual([7000, 4000]);
  expect((await proveLedger(isp.tenant.services.database)).findings).toEqual([]);
});

test('a downgrade at the end of the period is scheduled, shows the fee of the contract it leaves, and can be taken back', async () => {
  const customerId = await isp.createCustomer();
  const [slow, fast] = [await week('Slow', 7000n), await week('Fast', 14_000n)];
  const serviceId = await isp.activate(customerId, fast);
  await run();
  await isp.ask(`mutation ($input: AgreeContractInput!) { agreeContract(input: $input) { __typename } }`, {
    input: { serviceId, months: 12, fee: 'FIXED', feeMinor: '5000' },
  });
  const end = plusDays(isp.today(), 7);
  const shown = await preview(serviceId, slow, 'PERIOD_END');
  expect(shown).toMatchObject({
    on: end,
    earlyTermination: { amount: { amount: '5000' } },
    charges: { now: null, nextOn: end, next: { net: { amount: '12000' } } },
  });
  expect(await confirm(serviceId, slow, 'PERIOD_END', shown.fingerprint)).toMatchObject({
    state: 'SCHEDULED',
    on: end,
  });
  expect(await preview(serviceId, slow, 'NOW')).toMatchObject({ reason: 'CHANGE_SCHEDULED' });
  const cancel = () =>
    isp.ask(
      `mutation ($input: CancelPlanChangeInput!) { cancelPlanChange(input: $input) { __typename ... on PlanChange { state } } }`,
      { input: { serviceId } },
    );
  expect(await cancel()).toMatchObject({ cancelPlanChange: { state: 'CANCELLED' } });
  expect(await cancel()).toMatchObject({ cancelPlanChange: { __typename: 'NotFoundError' } });
  const again = await preview(serviceId, slow, 'PERIOD_END');
  await confirm(serviceId, slow, 'PERIOD_END', again.fingerprint);
  await advance(7);
  await obey(serviceId, customerId, fast);
  await advance(1);
  const total = (await netOf(customerId)).reduce((sum, net) => sum + net, 0);
  expect(total).toBe(14_000 + 12_000);
  expect((await proveLedger(isp.tenant.services.database)).findings).toEqual([]);
});

test('what cannot be changed says why; only the customer himself and the staff may look', async () => {
  const customerId = await isp.createCustomer();
  const plan = await week('Slow', 7000n);
  const serviceId = await isp.activate(customerId, plan);
  expect(await preview(serviceId, plan, 'NOW')).toMatchObject({ reason: 'SAME_PLAN' });
  expect(await preview(serviceId, 'pln_none', 'NOW')).toMatchObject({ field: 'input.planId' });
  expect((await preview('svc_none', plan, 'NOW')).__typename).toBe('NotFoundError');
  const variables = { serviceId, planId: plan, when: 'NOW' };
  const own = await isp.tenant.ask('billing', previewQuery, variables, subscriber(customerId));
  expect(own.errors).toBeUndefined();
  const stranger = subscriber(await isp.createCustomer());
  const { errors } = await isp.tenant.ask('billing', previewQuery, variables, stranger);
  expect(errors?.[0]?.extensions).toMatchObject({ missingScope: 'billing:read' });
  for (const mutation of [
    `confirmPlanChange(input: { serviceId: "${serviceId}", planId: "${plan}", when: NOW, fingerprint: "x" })`,
    `cancelPlanChange(input: { serviceId: "${serviceId}" })`,
  ]) {
    const refused = await isp.tenant.ask(
      'billing',
      `mutation { ${mutation} { __typename } }`,
      {},
      subscriber(customerId),
    );
    expect(refused.errors?.[0]?.extensions).toMatchObject({ missingScope: 'billing:write' });
  }
});
