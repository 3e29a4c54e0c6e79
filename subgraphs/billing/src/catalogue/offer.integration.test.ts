import { anonymous } from '@dotmac/schema';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type BillingHarness, plusDays, startBilling } from '../testing.ts';

let isp: BillingHarness;
beforeAll(async () => {
  isp = await startBilling();
});
afterAll(() => isp[Symbol.asyncDispose]());

const offered = async (planId: string, offered: boolean) =>
  (
    await isp.ask<{ offerPlan: object }>(
      'mutation ($input: OfferPlanInput!) { offerPlan(input: $input) { __typename ... on Plan { id offered } ... on Failure { code } } }',
      { input: { planId, offered } },
    )
  ).offerPlan;

const offers = `{ offers { planId name kind price { amount currency } taxInclusive intervalUnit intervalCount
  shaping { downstream { speedBitsPerSecond } } bands { upTo unitPrice } } }`;

/** As a stranger sees them. */
const shown = async () => {
  const { data, errors } = await isp.tenant.ask<{ offers: { planId: string }[] }>(
    'billing',
    offers,
    {},
    anonymous,
  );
  expect(errors).toBeUndefined();
  return data?.offers ?? [];
};

test('a plan is shown to strangers when its owner says so, as it is sold today, until he takes it back', async () => {
  const home = await isp.createPlan(4500n, { name: 'Home 50' });
  await isp.createPlan(900n, { name: 'Staff only' });
  const coming = await isp.createPlan(5000n, {
    name: 'Next month',
    terms: { effectiveFrom: plusDays(isp.today(), 30) },
  });
  expect(await shown()).toEqual([]);

  expect(await offered(home, true)).toEqual({ __typename: 'Plan', id: home, offered: true });
  await offered(coming, true);
  expect(await shown()).toEqual([
    {
      planId: home,
      name: 'Home 50',
      kind: 'ACCESS',
      price: { amount: '4500', currency: 'USD' },
      taxInclusive: false,
      intervalUnit: 'MONTH',
      intervalCount: 1,
      shaping: { downstream: { speedBitsPerSecond: '100000000' } },
      bands: null,
    },
  ]);
  await offered(home, false);
  expect(await shown()).toEqual([]);
});

test('a stranger decides nothing, and a plan that is not there is named', async () => {
  const mutation = 'mutation { offerPlan(input: { planId: "pln_1", offered: true }) { __typename } }';
  const { errors } = await isp.tenant.ask('billing', mutation, {}, anonymous);
  expect(errors?.[0]?.extensions).toMatchObject({ code: 'FORBIDDEN', missingScope: 'catalogue:write' });
  expect(await offered('pln_1', true)).toMatchObject({ __typename: 'NotFoundError' });
});
