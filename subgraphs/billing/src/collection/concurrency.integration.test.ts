import { afterAll, beforeAll, expect, test } from 'vitest';
import { proveLedger } from '../ledger/proof.ts';
import type { ProviderCharge } from '../provider/port.ts';
import { saveExternalCustomer, saveProvider } from '../provider/store.ts';
import type { Act } from '../run/issue.ts';
import { type BillingHarness, startBilling } from '../testing.ts';
import { settleCharge } from './reconcile.ts';

let isp: BillingHarness;
beforeAll(async () => {
  isp = await startBilling();
  const { database, secrets, clock } = isp.tenant.services;
  await database.transaction().execute((transaction) =>
    saveProvider(
      transaction,
      secrets,
      {
        id: 'shop',
        kind: 'sandbox',
        enabled: true,
        credentials: { secretKey: '', webhookSecret: 'not used here' },
      },
      new Date(clock.now()),
    ),
  );
});
afterAll(() => isp[Symbol.asyncDispose]());

const act = (): Act => ({ now: isp.tenant.services.clock.now(), today: isp.today(), actor: 'test' });
const runBilling = 'mutation { runBilling(input: {}) { ... on BillingRun { documents } } }';
const findings = async () => (await proveLedger(isp.tenant.services.database)).findings;

test('every order of the news of one charge, many at a time, ends in the same books', async () => {
  const { services } = isp.tenant;
  const outcome = async (order: readonly number[]) => {
    const customerId = await isp.createCustomer();
    await isp.activate(customerId, await isp.createPlan(3000n));
    await isp.ask(runBilling);
    await saveExternalCustomer(services.database, 'shop', customerId, `shop:${customerId}`);
    const charge: ProviderCharge = {
      id: `ch_${customerId}`,
      key: null,
      customer: `shop:${customerId}`,
      state: 'succeeded',
      decline: null,
      amount: 3000n,
      currency: 'USD',
      refunds: [],
      disputes: [],
    };
    const refund = { id: `re_${customerId}`, key: null, amount: 700n, state: 'succeeded' as const };
    const dispute = { id: `dp_${customerId}`, amount: 2300n, fee: 1500n };
    // What the provider knew at four moments; news of each may come late, and more than once.
    const moments: ProviderCharge[] = [
      { ...charge, state: 'pending' },
      charge,
      { ...charge, refunds: [refund] },
      { ...charge, refunds: [refund], disputes: [{ ...dispute, state: 'won' }] },
    ];
    await Promise.all(order.map((index) => settleCharge(services, 'shop', moments[index] ?? charge, act())));
    const { rows: payments } = await services.database
      .selectFrom('billing.payment')
      .select('amountMinor')
      .where('customerId', '=', customerId)
      .execute()
      .then((found) => ({ rows: found.map((one) => Number(one.amountMinor)) }));
    const { rows: returns } = await services.database
      .selectFrom('billing.paymentReturn')
      .select(['kind', 'amountMinor'])
      .where('customerId', '=', customerId)
      .execute()
      .then((found) => ({ rows: found.map((one) => `${one.kind} ${one.amountMinor}`) }));
    const open = await services.database
      .selectFrom('billing.openItem')
      .select('openMinor')
      .where('customerId', '=', customerId)
      .executeTakeFirst();
    return { payments: payments.sort(), returns: returns.sort(), open: open?.openMinor };
  };
  const expected = { payments: [2300, 3000], returns: ['chargeback 2300', 'refund 700'], open: 700n };
  for (const order of [
    [0, 1, 2, 3],
    [3, 2, 1, 0],
    [3, 3, 3, 0, 1, 1],
    [2, 0, 3, 1, 2, 3, 0],
  ])
    expect(await outcome(order), `${order}`).toEqual(expected);
  expect(await findings()).toEqual([]);
});

test('a run, payments and a repetition of each at once: nothing is lost and nothing twice', async () => {
  const customers = await Promise.all(Array.from({ length: 8 }, () => isp.createCustomer()));
  const planId = await isp.createPlan(3000n);
  for (const customerId of customers) await isp.activate(customerId, planId);
  const pay = (customerId: string) =>
    isp.ask(
      `mutation ($input: RecordPaymentInput!) { recordPayment(input: $input) { __typename ... on Failure { message } } }`,
      {
        input: {
          customerId,
          amount: { amount: '1000', currency: 'USD' },
          method: 'cash',
          reference: `at-once-${customerId}`,
        },
      },
    );
  await Promise.all([
    isp.ask(runBilling),
    ...customers.flatMap((customerId) => [pay(customerId), pay(customerId)]),
    isp.ask(runBilling),
  ]);
  const open = await isp.tenant.services.database
    .selectFrom('billing.openItem')
    .select(['customerId', 'openMinor'])
    .where('customerId', 'in', customers)
    .execute();
  const credits = await isp.tenant.services.database
    .selectFrom('billing.creditItem')
    .select('openMinor')
    .where('customerId', 'in', customers)
    .where('openMinor', '>', 0n)
    .execute();
  expect(open.map((one) => one.openMinor)).toEqual(customers.map(() => 2000n));
  expect(credits).toEqual([]);
  expect(await findings()).toEqual([]);
});
