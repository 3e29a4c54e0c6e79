import { afterAll, beforeAll, expect, test } from 'vitest';
import { type BillingHarness, startBilling } from '../testing.ts';
import { postingSet } from './rules.ts';
import { post } from './store.ts';

let isp: BillingHarness;
beforeAll(async () => {
  isp = await startBilling();
});
afterAll(() => isp[Symbol.asyncDispose]());

const usd = (minor: number) => ({ amount: `${minor}`, currency: 'USD' });
const now = () => new Date(isp.tenant.services.clock.now()).toISOString();
const advance = (days: number) => isp.tenant.services.advanceClock(days * 86_400_000);
interface Balance {
  readonly account: string;
  readonly balance: { readonly amount: string };
  readonly entries: { readonly amount: { readonly amount: string } }[];
}
interface Proof {
  readonly holds: boolean;
  readonly findings: string[];
  readonly receivable: { readonly amount: string }[];
  readonly deposits: { readonly amount: string }[];
  readonly revenue: { readonly month: string; readonly net: { readonly amount: string } }[];
  readonly accounts: Balance[];
}
const proof = async (at: string | null): Promise<Proof> =>
  (
    await isp.ask<{ ledgerProof: Proof }>(
      `query ($at: DateTime) { ledgerProof(at: $at) { holds findings transactions documents receivable { amount } unapplied { amount } prepaid { amount }
        deposits { amount } vouchers { amount } revenue { month productClass net { amount } lines }
        accounts(prefix: "") { account balance { amount } entries { kind amount { amount } } } } }`,
      { at },
    )
  ).ledgerProof;
const mutate = (name: string, type: string, input: object) =>
  isp.ask<Record<string, Record<string, unknown>>>(
    `mutation ($input: ${type}!) { ${name}(input: $input) { __typename ... on Failure { message } } }`,
    { input },
  );

test('the books of a past instant are what they were, tie out, and drill down to their rows', async () => {
  const [ada, bob] = [await isp.createCustomer('Ada'), await isp.createCustomer('Bob')];
  await isp.activate(ada, await isp.createPlan(3000n));
  const seen: { at: string; proof: Proof }[] = [];
  const look = async () => {
    const today = await proof(null);
    expect(today.findings).toEqual([]);
    seen.push({ at: now(), proof: today });
    await advance(1);
  };
  await look();
  await isp.ask('mutation { runBilling(input: {}) { __typename } }');
  await look();
  await mutate('recordPayment', 'RecordPaymentInput', {
    customerId: ada,
    amount: usd(5000),
    method: 'cash',
    reference: 'p',
  });
  await mutate('receiveDeposit', 'ReceiveDepositInput', {
    customerId: ada,
    amount: usd(900),
    method: 'cash',
    reference: 'd',
  });
  await look();
  await mutate('createVouchers', 'CreateVouchersInput', {
    name: 'Kiosk',
    amount: usd(400),
    count: 2,
    method: 'cash',
  });
  await mutate('startPrepaid', 'StartPrepaidInput', { customerId: bob });
  await mutate('recordPayment', 'RecordPaymentInput', {
    customerId: bob,
    amount: usd(700),
    method: 'cash',
    reference: 'q',
  });
  await look();
  await advance(35);
  await look();
  for (const { at, proof: then } of seen) expect(await proof(at)).toEqual(then);
  expect(seen.map(({ proof: then }) => Number(then.receivable[0]?.amount ?? 0))).toEqual([
    0, 3000, 0, 0, 1000,
  ]);
  const { accounts = [], revenue = [] } = seen.at(-1)?.proof ?? {};
  expect(accounts.length).toBeGreaterThan(5);
  const sumOf = (all: readonly { readonly amount: string }[]) =>
    all.reduce((sum, { amount }) => sum + Number(amount), 0);
  for (const { balance, entries } of accounts)
    expect(sumOf(entries.map(({ amount }) => amount))).toBe(Number(balance.amount));
  const posted = accounts.filter(({ account }) => account.startsWith('revenue:'));
  expect(sumOf(posted.map(({ balance }) => balance))).toBe(-sumOf(revenue.map(({ net }) => net)));

  // What contradicts the documents is found from the instant on at which it was written.
  await advance(1);
  const wrong = postingSet('application', 'nobody', 'USD', [
    { account: { type: 'receivable', customer: ada }, amount: -5n },
    { account: { type: 'revenue', revenueClass: 'internetAccess' }, amount: 5n },
  ]);
  await isp.tenant.services.database
    .transaction()
    .execute((transaction) => post(transaction, [wrong], isp.today(), new Date(now())));
  expect((await proof(now())).findings).toEqual([
    expect.stringContaining(`${ada} USD`),
    expect.stringContaining('internetAccess USD'),
  ]);
  for (const { at, proof: then } of seen) expect(await proof(at)).toEqual(then);
  const future = await isp.tenant.ask('billing', '{ ledgerProof(at: "2999-01-01T00:00:00Z") { holds } }');
  expect(future.errors).toHaveLength(1);
});
