import type { Principal } from '@dotmac/schema';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type BillingHarness, plusDays, startBilling, subscriber } from '../testing.ts';

let isp: BillingHarness;
beforeAll(async () => {
  isp = await startBilling();
});
afterAll(() => isp?.[Symbol.asyncDispose]());

async function mutate(
  name: string,
  inputType: string,
  input: Record<string, unknown>,
  principal?: Principal,
) {
  const { data, errors } = await isp.tenant.ask(
    'billing',
    `mutation ($input: ${inputType}!) { result: ${name}(input: $input) { __typename ... on ConflictError { reason }
      ... on ValidationError { field } } }`,
    { input },
    principal,
  );
  expect(errors).toBeUndefined();
  return (data as { result: Record<string, unknown> }).result;
}
const linesOf = (customerId: string) =>
  isp.tenant.services.database
    .selectFrom('billing.documentLine as line')
    .innerJoin('billing.document as document', 'document.id', 'line.documentId')
    .select(['line.description', 'line.netMinor', 'line.kind', 'line.fromDay', 'line.toDay'])
    .where('document.customerId', '=', customerId)
    .orderBy('line.fromDay')
    .orderBy('line.netMinor', 'desc')
    .execute();
const bill = () => isp.ask('mutation { runBilling(input: {}) { __typename } }');

test('a promotion is taken by its code: once per service, by whom it is for, while it lasts', async () => {
  const create = (input: Record<string, unknown>) =>
    mutate('createPromotion', 'CreatePromotionInput', {
      code: 'SPRING-50',
      name: 'Spring',
      percent: '50',
      periods: 1,
      ...input,
    });
  const plan = await isp.createPlan(7_000n, { terms: { intervalUnit: 'WEEK' } });
  const other = await isp.createPlan(7_000n, { terms: { intervalUnit: 'WEEK' } });
  expect(await create({ code: 'x' })).toMatchObject({ field: 'input.code' });
  expect(await create({ planIds: [] })).toMatchObject({ field: 'input.planIds' });
  expect(await create({ percent: '101' })).toMatchObject({ field: 'input.percent' });
  expect(await create({ planIds: [plan], maxRedemptions: 1 })).toMatchObject({ __typename: 'Promotion' });
  expect(await create({})).toMatchObject({ reason: 'CODE_TAKEN' });
  expect(await create({ code: 'OVER', from: plusDays(isp.today(), -9), until: isp.today() })).toMatchObject({
    __typename: 'Promotion',
  });

  const [ada, bob] = [await isp.createCustomer('Ada'), await isp.createCustomer('Bob')];
  const service = await isp.activate(ada, plan);
  const wrong = await isp.activate(ada, other);
  const late = await isp.activate(bob, plan);
  const take = (serviceId: string, code: string, who: string) =>
    mutate('redeemPromotion', 'RedeemPromotionInput', { serviceId, code }, subscriber(who));
  expect(await take(service, 'SPRING-50', bob)).toMatchObject({ __typename: 'NotFoundError' });
  expect(await take(service, 'OVER', ada)).toMatchObject({ field: 'input.code' });
  expect(await take(wrong, 'SPRING-50', ada)).toMatchObject({ reason: 'OTHER_PLAN' });
  expect(await take(service, ' spring-50 ', ada)).toMatchObject({ __typename: 'Discount' });
  expect(await take(service, 'SPRING-50', ada)).toMatchObject({ reason: 'REDEEMED' });
  expect(await take(late, 'SPRING-50', bob)).toMatchObject({ reason: 'USED_UP' });
  await bill();
  expect((await linesOf(ada)).map(({ netMinor }) => netMinor)).toEqual([7_000n, 7_000n, -3_500n]);
});

test('an add-on runs beside its service, is prorated, and ends with it', async () => {
  const plan = await isp.createPlan(7_000n, { terms: { intervalUnit: 'WEEK' } });
  const { createPlan } = await isp.ask<{ createPlan: { id: string } }>(
    `mutation ($input: CreatePlanInput!) { createPlan(input: $input) { ... on Plan { id } } }`,
    {
      input: {
        name: 'Static address',
        kind: 'ADD_ON',
        terms: { price: { amount: '700', currency: 'USD' }, intervalUnit: 'WEEK', productClass: 'other' },
      },
    },
  );
  const customer = await isp.createCustomer('Carol');
  const serviceId = await isp.activate(customer, plan);
  const change = (name: 'startAddOn' | 'endAddOn', planId = createPlan.id) =>
    mutate(name, 'ServiceAddOnInput', { serviceId, planId });
  expect(await change('startAddOn', plan)).toMatchObject({ field: 'input.planId' });
  expect(await change('endAddOn')).toMatchObject({ reason: 'ADD_ON_STATE' });
  expect(await change('startAddOn')).toMatchObject({ __typename: 'Service' });
  expect(await change('startAddOn')).toMatchObject({ reason: 'ADD_ON_STATE' });
  const addOns = () =>
    isp.ask<{ _entities: unknown[] }>(
      'query ($r: [_Any!]!) { _entities(representations: $r) { ... on Service { addOns { plan { name } since } } } }',
      { r: [{ __typename: 'Service', id: serviceId }] },
    );
  expect(await addOns()).toEqual({
    _entities: [{ addOns: [{ plan: { name: 'Static address' }, since: isp.today() }] }],
  });
  await bill();
  await isp.tenant.services.advanceClock(2 * 86_400_000);
  const on = isp.today();
  await isp.append({
    type: 'service.cancelled',
    subject: serviceId,
    payload: { serviceId, customerId: customer, on },
    occurredAt: isp.tenant.services.clock.now(),
    actor: 'test',
  });
  await isp.settled();
  await bill();
  expect(await addOns()).toEqual({ _entities: [{ addOns: [] }] });
  const lines = await linesOf(customer);
  expect(lines.filter(({ description }) => description === 'Static address')).toMatchObject([
    { kind: 'recurring', netMinor: 700n },
    { kind: 'credit', netMinor: -500n, fromDay: on },
  ]);
  expect(await isp.ask('{ ledgerProof { holds } billingProblems { message } }')).toEqual({
    ledgerProof: { holds: true },
    billingProblems: [],
  });
});
