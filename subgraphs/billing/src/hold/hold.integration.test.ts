import { afterAll, beforeAll, expect, test } from 'vitest';
import { proveLedger } from '../ledger/proof.ts';
import { type BillingHarness, plusDays, startBilling, subscriber } from '../testing.ts';

let isp: BillingHarness;
beforeAll(async () => {
  isp = await startBilling();
});
afterAll(() => isp[Symbol.asyncDispose]());

const advance = (days: number) => isp.tenant.services.advanceClock(days * 86_400_000);
const run = () => isp.ask('mutation { runBilling(input: {}) { __typename } }');
const charges = `charges { now { type net { amount } lines { kind from to net { amount } explain { formula } } } nextOn next { net { amount } } }`;
const selection = `__typename ... on ServiceHoldPreview { fingerprint contractEndsOn ${charges} } ... on ServiceHold { id from to isClosed }
  ... on ValidationError { field } ... on ConflictError { reason } ... on Failure { message }`;
type Answer = Record<string, unknown> & { readonly fingerprint?: string; readonly id?: string };
async function mutate(name: string, type: string, input: object): Promise<Answer> {
  const data = await isp.ask<Record<string, Answer>>(
    `mutation ($input: ${type}!) { ${name}(input: $input) { ${selection} } }`,
    { input },
  );
  return data[name] ?? {};
}
const hold = (input: object) => mutate('holdService', 'HoldServiceInput', { because: 'vacation', ...input });
const end = (input: object) => mutate('endServiceHold', 'EndServiceHoldInput', input);
async function weekly() {
  const customerId = await isp.createCustomer();
  const plan = await isp.createPlan(7000n, { terms: { intervalUnit: 'WEEK' } });
  const serviceId = await isp.activate(customerId, plan);
  await run();
  return { customerId, serviceId };
}
const netOf = async (customerId: string) =>
  Number(
    (
      await isp.tenant.services.database
        .selectFrom('billing.document')
        .select(({ fn }) => fn.sum<string>('netMinor').as('net'))
        .where('customerId', '=', customerId)
        .executeTakeFirstOrThrow()
    ).net,
  );
const holdEvents = async (serviceId: string) => {
  await isp.tenant.services.events.flush();
  const told = await isp.tenant.services.events.read(0n, {
    types: ['service.hold.began', 'service.hold.ended'],
  });
  return told.filter(({ subject }) => subject === serviceId).map(({ type }) => type);
};
const proved = async () => expect((await proveLedger(isp.tenant.services.database)).findings).toEqual([]);

test('a planned hold shows its credit, applies by fingerprint, closes the service for its days, and is repaired when it ends early', async () => {
  const { customerId, serviceId } = await weekly();
  const [from, to] = [plusDays(isp.today(), 2), plusDays(isp.today(), 5)];
  const plan = await hold({ serviceId, from, to, mode: 'PLAN' });
  expect(plan).toMatchObject({
    charges: {
      now: { type: 'CREDIT_NOTE', net: { amount: '-3000' }, lines: [{ kind: 'CREDIT', from, to }] },
      nextOn: plusDays(isp.today(), 7),
      next: { net: { amount: '7000' } },
    },
  });
  expect((await hold({ serviceId, from, to, mode: 'APPLY', fingerprint: 'x' })).__typename).toBe(
    'StalePlanError',
  );
  const made = await hold({ serviceId, from, to, mode: 'APPLY', fingerprint: plan.fingerprint });
  expect(made).toMatchObject({ __typename: 'ServiceHold', from, to, isClosed: false });
  expect(await hold({ serviceId, from, mode: 'PLAN' })).toMatchObject({ reason: 'HOLD_OVERLAP' });
  await run();
  expect(await netOf(customerId)).toBe(4000);
  await advance(3);
  expect(await holdEvents(serviceId)).toEqual(['service.hold.began']);
  const ending = await end({ holdId: made.id, mode: 'PLAN' });
  expect(ending).toMatchObject({ charges: { now: { net: { amount: '2000' } } } });
  await end({ holdId: made.id, mode: 'APPLY', fingerprint: ending.fingerprint });
  expect(await holdEvents(serviceId)).toEqual(['service.hold.began', 'service.hold.ended']);
  await run();
  expect(await netOf(customerId)).toBe(6000);
  await proved();
});

test('a back-dated hold at a part of the price credits the rest; the contract grows by its days', async () => {
  const { customerId, serviceId } = await weekly();
  const started = isp.today();
  await isp.ask(
    `mutation ($input: AgreeContractInput!) { agreeContract(input: $input) { __typename ... on Contract { id } } }`,
    { input: { serviceId, months: 12, fee: 'FIXED', feeMinor: '1000' } },
  );
  const term = Temporal.PlainDate.from(started).add({ months: 12 }).toString();
  await advance(4);
  const input = { serviceId, from: started, to: plusDays(started, 4), percent: '25' };
  const plan = await hold({ ...input, mode: 'PLAN' });
  // 4 of 7 days, 40.00, at a quarter.
  expect(plan).toMatchObject({
    contractEndsOn: plusDays(term, 4),
    charges: { now: { net: { amount: '-3000' } } },
  });
  expect(await hold({ ...input, extendsContract: false, mode: 'PLAN' })).toMatchObject({
    contractEndsOn: term,
  });
  await hold({ ...input, mode: 'APPLY', fingerprint: plan.fingerprint });
  await run();
  expect(await netOf(customerId)).toBe(4000);
  await proved();
});

test('bad holds are refused where they are wrong, and strangers have no say', async () => {
  const { customerId, serviceId } = await weekly();
  const today = isp.today();
  for (const [input, field] of [
    [{ from: today, to: today }, 'input.to'],
    [{ from: plusDays(today, -1) }, 'input.from'],
    [{ percent: '100' }, 'input.percent'],
    [{ percent: '-1' }, 'input.percent'],
    [{ because: ' ' }, 'input.because'],
  ] as const)
    expect(await hold({ serviceId, mode: 'PLAN', ...input })).toMatchObject({ field });
  expect(await hold({ serviceId: 'svc_none', mode: 'PLAN' })).toMatchObject({ __typename: 'NotFoundError' });
  expect(await hold({ serviceId, mode: 'APPLY' })).toMatchObject({ field: 'input.fingerprint' });
  for (const mutation of [
    `holdService(input: { serviceId: "${serviceId}", because: "x", mode: PLAN })`,
    `endServiceHold(input: { holdId: "x", mode: PLAN })`,
  ]) {
    const { errors } = await isp.tenant.ask(
      'billing',
      `mutation { ${mutation} { __typename } }`,
      {},
      subscriber(customerId),
    );
    expect(errors?.[0]?.extensions).toMatchObject({ missingScope: 'billing:write' });
  }
});
