import type { TenantEvents } from '@dotmac/schema';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { proveLedger } from '../ledger/proof.ts';
import { type BillingHarness, plusDays, startBilling, subscriber } from '../testing.ts';
import { voucherHash } from './rules.ts';

let isp: BillingHarness;
beforeAll(async () => {
  isp = await startBilling();
});
afterAll(() => isp[Symbol.asyncDispose]());

async function create(currency = 'USD', expiresOn: string | null = null) {
  const { createVouchers } = await isp.ask<{ createVouchers: { codes: string[]; field: string } }>(
    `mutation ($input: CreateVouchersInput!) { createVouchers(input: $input) { ... on VouchersCreated { codes } ... on ValidationError { field } } }`,
    {
      input: {
        name: 'Kiosk',
        amount: { amount: '4000', currency },
        count: 2,
        method: 'cash',
        ...(expiresOn === null ? {} : { expiresOn }),
      },
    },
  );
  return createVouchers;
}
const mutation = `mutation ($input: RedeemVoucherInput!) { redeemVoucher(input: $input) { __typename
  ... on Payment { id unallocated { amount } } ... on ConflictError { reason } ... on ValidationError { field } ... on ForbiddenError { missingScope } } }`;
const redeem = async (customerId: string, code: string, as?: string) => {
  const { data } = await isp.tenant.ask<{ redeemVoucher: { readonly __typename: string } }>(
    'billing',
    mutation,
    { input: { customerId, code } },
    ...(as === undefined ? [] : [subscriber(as)]),
  );
  return data?.redeemVoucher;
};
const proved = async () => expect((await proveLedger(isp.tenant.services.database)).findings).toEqual([]);

test('a voucher pays what is open, the rest is balance, and it is redeemed once', async () => {
  const [ada, bob] = [await isp.createCustomer('Ada'), await isp.createCustomer('Bob')];
  await isp.activate(ada, await isp.createPlan(3000n));
  await isp.ask('mutation { runBilling(input: {}) { __typename } }');
  const { codes } = await create();
  const [first = '', second = ''] = codes;
  await proved();
  expect(await redeem(ada, first, bob)).toMatchObject({ __typename: 'ForbiddenError' });
  const paid = await redeem(ada, ` ${first.toLowerCase()} `, ada);
  expect(paid).toMatchObject({ __typename: 'Payment', unallocated: { amount: '1000' } });
  expect(await redeem(ada, first)).toEqual(paid);
  expect(await redeem(bob, first)).toMatchObject({ reason: 'ALREADY_REDEEMED' });
  const race = await Promise.all([redeem(ada, second), redeem(bob, second)]);
  expect(race.map((one) => one?.__typename).sort()).toEqual(['ConflictError', 'Payment']);
  await proved();
});

test('what cannot be redeemed says why and writes nothing', async () => {
  const ada = await isp.createCustomer('Ada');
  expect(await redeem(ada, 'short')).toMatchObject({ field: 'input.code' });
  expect(await redeem(ada, '0000-0000-0000-0000')).toMatchObject({ reason: 'UNKNOWN_VOUCHER' });
  expect(await redeem(ada, (await create('EUR')).codes[0] ?? '')).toMatchObject({
    reason: 'CURRENCY_MISMATCH',
  });
  const { codes } = await create('USD', plusDays(isp.today(), 1));
  expect((await create('USD', isp.today())).field).toBe('input.expiresOn');
  await isp.tenant.services.advanceClock(86_400_000);
  expect(await redeem(ada, codes[0] ?? '')).toMatchObject({ reason: 'EXPIRED' });
  await proved();
});

test('a voucher that is logged in with is owed until its first login, and then neither money nor revocable', async () => {
  const ada = await isp.createCustomer('Ada');
  const planId = await isp.createPlan(3000n);
  const input = {
    name: 'Hotspot',
    amount: { amount: '500', currency: 'USD' },
    count: 1,
    method: 'cash',
    planId,
    seconds: '3600',
  };
  const { createVouchers } = await isp.ask<{ createVouchers: { codes: string[]; batch: { id: string } } }>(
    `mutation ($input: CreateVouchersInput!) { createVouchers(input: $input) { ... on VouchersCreated { codes batch { id } } } }`,
    { input },
  );
  const issued = await isp.tenant.eventually(
    async () =>
      (await isp.tenant.services.events.read(0n, { types: ['voucher.issued'] }))
        .map(({ payload }) => payload as TenantEvents['voucher.issued'])
        .find(({ batchId }) => batchId === createVouchers.batch.id),
    (found) => found !== undefined,
  );
  const voucherId = issued?.voucherId ?? '';
  await proved();
  const use = {
    type: 'voucher.used',
    subject: voucherId,
    payload: { voucherId, mac: null, until: '2027-01-01T00:00:00Z' },
    occurredAt: isp.tenant.services.clock.now(),
    actor: 'system:radius',
  } as const;
  await isp.append(use, use);
  const deferred = async () =>
    (
      await sql<{ sum: string | null }>`
        select (-sum(amount_minor))::text as sum from billing.ledger_entry
        where account = 'deferredRevenue:vouchers'`.execute(isp.tenant.services.database)
    ).rows[0]?.sum;
  await isp.tenant.eventually(deferred, (sum) => sum !== null);
  expect(await redeem(ada, createVouchers.codes[0] ?? '')).toMatchObject({ reason: 'ALREADY_REDEEMED' });
  expect(await deferred()).toBe('500');
  await proved();
});

test('a code says what it gives, and what nobody used until its day is owed to nobody', async () => {
  const ada = await isp.createCustomer('Ada');
  const { codes } = await create('USD', plusDays(isp.today(), 3));
  const [used = '', left = ''] = codes;
  const offer = async (code: string) =>
    (
      await isp.tenant.ask<{ voucherOffer: Record<string, unknown> | null }>(
        'billing',
        'query ($code: String!) { voucherOffer(code: $code) { amount { amount } expiresOn planId seconds refusal } }',
        { code },
        subscriber(ada),
      )
    ).data?.voucherOffer;
  expect(await offer(left)).toEqual({
    amount: { amount: '4000' },
    expiresOn: plusDays(isp.today(), 3),
    planId: null,
    seconds: null,
    refusal: null,
  });
  expect(await offer('ABCD-EFGH-JKMN-PQRS')).toBeNull();
  await redeem(ada, used);
  expect(await offer(used)).toMatchObject({ refusal: 'ALREADY_REDEEMED' });
  /** Of the account that a voucher's expiry credits. */
  const incomeOf = async (code: string) =>
    (
      await sql<{ account: string; amount: bigint }>`
        select e.account, -e.amount_minor as amount from billing.ledger_entry e
        join billing.voucher v on v.id = e.ref
        where e.kind = 'voucherExpiry' and e.amount_minor < 0 and v.hash = ${voucherHash(code) ?? ''}`.execute(
        isp.tenant.services.database,
      )
    ).rows;
  const before = isp.tenant.services.clock.now();
  await isp.tenant.services.advanceClock(4 * 86_400_000);
  expect(await incomeOf(left)).toEqual([{ account: 'voucherBreakage', amount: 4000n }]);
  expect(await incomeOf(used)).toEqual([]);
  expect(await offer(left)).toMatchObject({ refusal: 'EXPIRED' });
  expect(await redeem(ada, left)).toMatchObject({ reason: 'EXPIRED' });
  await proved();
  // Also as the books stood before.
  const { ledgerProof } = await isp.ask<{ ledgerProof: { holds: boolean } }>(
    'query ($at: DateTime) { ledgerProof(at: $at) { holds } }',
    { at: new Date(before).toISOString() },
  );
  expect(ledgerProof.holds).toBe(true);
});

test('a voucher for a plan brings a service to it and is spent with that, or neither', async () => {
  const [ada, bob] = [await isp.createCustomer('Ada'), await isp.createCustomer('Bob')];
  const [slow, fast] = [await isp.createPlan(1000n), await isp.createPlan(3000n)];
  const serviceId = await isp.activate(ada, slow);
  const others = await isp.activate(bob, slow);
  const sold = async (planId?: string) => {
    const { createVouchers } = await isp.ask<{ createVouchers: { codes: string[] } }>(
      'mutation ($input: CreateVouchersInput!) { createVouchers(input: $input) { ... on VouchersCreated { codes } } }',
      {
        input: { name: 'Up', amount: { amount: '3000', currency: 'USD' }, count: 1, method: 'cash', planId },
      },
    );
    return createVouchers.codes[0] ?? '';
  };
  const upgrade = async (code: string, service: string, customerId = ada) =>
    (
      await isp.ask<{ redeemVoucher: { readonly __typename: string } }>(mutation, {
        input: { customerId, code, serviceId: service },
      })
    ).redeemVoucher;
  const told = async () => {
    await isp.tenant.services.events.flush();
    const types = ['service.plan.change.ordered', 'voucher.redeemed', 'payment.received'] as const;
    return (await isp.tenant.services.events.read(0n, { types: [...types] })).map(({ type, payload }) => ({
      type,
      payload,
    }));
  };
  const before = await told();
  const [plain, same, code] = [await sold(), await sold(slow), await sold(fast)];
  expect(await upgrade(plain, serviceId)).toMatchObject({ reason: 'GRANTS_NO_PLAN' });
  expect(await upgrade(same, serviceId)).toMatchObject({ reason: 'SAME_PLAN' });
  expect(await upgrade(code, others)).toMatchObject({ field: 'input.serviceId' });
  expect(await upgrade(code, 'none')).toMatchObject({ field: 'input.serviceId' });
  expect(await told()).toEqual(before);

  // Two at once, and again: one payment and one order, which committed together.
  const [first, second] = await Promise.all([upgrade(code, serviceId), upgrade(code, serviceId)]);
  expect(first).toMatchObject({ __typename: 'Payment', unallocated: { amount: '3000' } });
  expect(second).toEqual(first);
  expect(await upgrade(code, serviceId)).toEqual(first);
  const after = (await told()).slice(before.length);
  expect(after.map(({ type }) => type).sort()).toEqual([
    'payment.received',
    'service.plan.change.ordered',
    'voucher.redeemed',
  ]);
  expect(after.find(({ type }) => type === 'service.plan.change.ordered')?.payload).toEqual({
    serviceId,
    customerId: ada,
    planId: fast,
    on: isp.today(),
  });
  await proved();
});
