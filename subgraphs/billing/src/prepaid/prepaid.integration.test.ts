import { afterAll, beforeAll, expect, test } from 'vitest';
import { checkExplanation } from '../explanation/rules-checker.ts';
import { proveLedger } from '../ledger/proof.ts';
import { type BillingHarness, plusDays, startBilling, subscriber } from '../testing.ts';

let isp: BillingHarness;
beforeAll(async () => {
  isp = await startBilling();
});
afterAll(() => isp[Symbol.asyncDispose]());

const advance = (days: number) => isp.tenant.services.advanceClock(days * 86_400_000);
const proved = async () => expect((await proveLedger(isp.tenant.services.database)).findings).toEqual([]);
const mutate = async (name: string, type: string, input: object, selection: string) => {
  const data = await isp.ask<Record<string, Record<string, unknown>>>(
    `mutation ($input: ${type}!) { ${name}(input: $input) { __typename ${selection} ... on Failure { message } } }`,
    { input },
  );
  return data[name] ?? {};
};
let payments = 0;
const topUp = (customerId: string, amount: number) => {
  payments += 1;
  return mutate(
    'recordPayment',
    'RecordPaymentInput',
    {
      customerId,
      amount: { amount: `${amount}`, currency: 'USD' },
      method: 'cash',
      reference: `till-${payments}`,
    },
    '... on Payment { id }',
  );
};
const start = (customerId: string, terms: { graceDays?: number } = {}) =>
  mutate(
    'startPrepaid',
    'StartPrepaidInput',
    { customerId, ...terms },
    '... on PrepaidAccount { balance { amount } } ... on ConflictError { reason }',
  );
interface Prepaid {
  readonly balance: { readonly amount: string };
  readonly expiredOn: string | null;
  readonly unpaidSince: string | null;
  readonly nextPurchaseOn: string | null;
  readonly history: {
    readonly kind: string;
    readonly amount: { amount: string };
    balance: { amount: string };
  }[];
}
const prepaidOf = async (id: string): Promise<Prepaid | null> => {
  const { _entities } = await isp.ask<{ _entities: { prepaid: Prepaid | null }[] }>(
    `query ($r: [_Any!]!) { _entities(representations: $r) { ... on Customer { prepaid { balance { amount } expiredOn unpaidSince nextPurchaseOn
      history { kind amount { amount } balance { amount } } } } } }`,
    { r: [{ __typename: 'Customer', id }] },
  );
  return _entities[0]?.prepaid ?? null;
};
const isLocked = async (customerId: string) =>
  (await isp.tenant.services.database
    .selectFrom('billing.lock')
    .selectAll()
    .where('customerId', '=', customerId)
    .executeTakeFirst()) !== undefined;
const linesOf = (customerId: string) =>
  isp.tenant.services.database
    .selectFrom('billing.documentLine as line')
    .innerJoin('billing.document as document', 'document.id', 'line.documentId')
    .select(['line.netMinor', 'line.explanation', 'line.fromDay', 'line.toDay', 'line.days', 'line.ofDays'])
    .where('document.customerId', '=', customerId)
    .orderBy('document.sequence')
    .execute();
const eventsOf = async (type: 'prepaid.balance.low' | 'prepaid.expired' | 'prepaid.restored', id: string) =>
  (await isp.tenant.services.events.read(0n, { types: [type] })).filter(({ subject }) => subject === id);

test('a balance buys each period at its start, warns, expires, and a top-up restores at once', async () => {
  const ada = await isp.createCustomer('Ada');
  expect(await start(ada)).toMatchObject({ balance: { amount: '0' } });
  await topUp(ada, 10_000);
  // A week costs 70.00.
  const plan = await isp.createPlan(7000n, { terms: { intervalUnit: 'WEEK' } });
  await isp.activate(ada, plan);
  await isp.ask('mutation { runBilling(input: {}) { __typename } }');
  expect(await prepaidOf(ada)).toMatchObject({
    balance: { amount: '3000' },
    expiredOn: null,
    nextPurchaseOn: plusDays(isp.today(), 7),
    history: [
      { kind: 'application', amount: { amount: '-7000' }, balance: { amount: '3000' } },
      { kind: 'payment', amount: { amount: '10000' }, balance: { amount: '10000' } },
    ],
  });
  await proved();
  await advance(5);
  await isp.tenant.services.events.flush();
  expect(await eventsOf('prepaid.balance.low', ada)).toMatchObject([
    { payload: { balanceMinor: '3000', neededMinor: '7000' } },
  ]);
  const expiry = plusDays(isp.today(), 2);
  await advance(3);
  expect(await prepaidOf(ada)).toMatchObject({ balance: { amount: '3000' }, expiredOn: expiry });
  expect(await isLocked(ada)).toBe(true);
  await isp.tenant.services.events.flush();
  expect(await eventsOf('prepaid.expired', ada)).toHaveLength(1);
  expect(await linesOf(ada)).toHaveLength(1);
  // Not enough: 4 of 7 days are left of the week, which cost 40.00.
  await advance(2);
  await topUp(ada, 900);
  expect(await isLocked(ada)).toBe(true);
  await proved();
  await topUp(ada, 200);
  expect(await isLocked(ada)).toBe(false);
  expect(await prepaidOf(ada)).toMatchObject({ balance: { amount: '100' }, expiredOn: null });
  const lines = await linesOf(ada);
  expect(lines.map(({ netMinor, days, ofDays }) => [Number(netMinor), days, ofDays])).toEqual([
    [7000, 7, 7],
    [4000, 4, 7],
  ]);
  for (const line of lines)
    expect(checkExplanation(line.explanation as never, line.netMinor)).toEqual({ outcome: 'AGREES' });
  await proved();
});

test('days of grace: the service goes on, a top-up within them buys the whole period, later it buys them too', async () => {
  const started = async (name: string) => {
    const id = await isp.createCustomer(name);
    await start(id, { graceDays: 2 });
    await topUp(id, 7000);
    await isp.activate(id, await isp.createPlan(7000n, { terms: { intervalUnit: 'WEEK' } }));
    return id;
  };
  const [inTime, late] = [await started('In time'), await started('Late')];
  await isp.ask('mutation { runBilling(input: {}) { __typename } }');
  await advance(7);
  for (const id of [inTime, late]) {
    expect(await isLocked(id)).toBe(false);
    expect(await prepaidOf(id)).toMatchObject({ unpaidSince: isp.today(), expiredOn: null });
  }
  await isp.tenant.services.events.flush();
  // Told ahead of the purchase, and once more of the day on which it closes.
  expect((await eventsOf('prepaid.balance.low', late)).map(({ payload }) => payload)).toMatchObject([
    { on: isp.today() },
    { on: plusDays(isp.today(), 2) },
  ]);
  await topUp(inTime, 7000);
  await advance(2);
  expect(await isLocked(inTime)).toBe(false);
  expect(await prepaidOf(inTime)).toMatchObject({ unpaidSince: null, balance: { amount: '0' } });
  expect((await linesOf(inTime)).map(({ days }) => days)).toEqual([7, 7]);
  expect(await isLocked(late)).toBe(true);
  expect(await prepaidOf(late)).toMatchObject({ expiredOn: isp.today() });
  // Two days of grace and three that are left: five of seven days of 70.00.
  await advance(2);
  await topUp(late, 5000);
  expect(await isLocked(late)).toBe(false);
  expect(await prepaidOf(late)).toMatchObject({ unpaidSince: null, balance: { amount: '0' } });
  const [, ...bought] = await linesOf(late);
  expect(bought.reduce((sum, { netMinor }) => sum + netMinor, 0n)).toBe(5000n);
  expect(bought.reduce((sum, { days }) => sum + days, 0)).toBe(5);
  await proved();
});

test('a shield is grace while it stands: the services go on, and when it ends they are closed again and it is told', async () => {
  const [closed, ahead] = [await isp.createCustomer('Closed'), await isp.createCustomer('Ahead')];
  for (const id of [closed, ahead]) {
    await start(id);
    await topUp(id, 7000);
    await isp.activate(id, await isp.createPlan(7000n, { terms: { intervalUnit: 'WEEK' } }));
  }
  await isp.ask('mutation { runBilling(input: {}) { __typename } }');
  const shield = (customerId: string, days: number | null) =>
    mutate(
      'grantShield',
      'GrantShieldInput',
      {
        customerId,
        kind: 'GRACE',
        until: days === null ? null : plusDays(isp.today(), days),
        because: 'a cheque is on its way',
      },
      '... on DunningShield { id }',
    );
  const told = async (id: string) => {
    await isp.tenant.services.events.flush();
    const types = ['prepaid.expired', 'billing.lock.requested', 'billing.lock.lifted'] as const;
    const events = await isp.tenant.services.events.read(0n, { types: [...types] });
    return events.filter(({ subject }) => subject === id).map(({ type }) => type);
  };
  const closing = ['prepaid.expired', 'billing.lock.requested'];
  const { id: shieldId } = await shield(ahead, null);
  await advance(7);
  const expiredOn = isp.today();
  expect(await isLocked(closed)).toBe(true);
  expect(await isLocked(ahead)).toBe(false);
  expect(await prepaidOf(ahead)).toMatchObject({ expiredOn: null, unpaidSince: expiredOn });
  await advance(1);
  await shield(closed, 3);
  expect(await isLocked(closed)).toBe(false);
  expect(await prepaidOf(closed)).toMatchObject({ expiredOn: null, unpaidSince: expiredOn });
  await advance(2);
  expect(await isLocked(closed)).toBe(false);
  expect(await told(closed)).toEqual([...closing, 'billing.lock.lifted']);
  await advance(1);
  expect(await isLocked(closed)).toBe(true);
  expect(await told(closed)).toEqual([...closing, 'billing.lock.lifted', ...closing]);
  expect(await isLocked(ahead)).toBe(false);
  await mutate('liftShield', 'LiftShieldInput', { shieldId }, '');
  await advance(1);
  expect(await isLocked(ahead)).toBe(true);
  expect(await told(ahead)).toEqual(closing);
  // Closed for a day before its shield and for one after it: two of seven days are not bought, but three of the shield are.
  await topUp(closed, 5000);
  expect(await isLocked(closed)).toBe(false);
  expect(await prepaidOf(closed)).toMatchObject({
    expiredOn: null,
    unpaidSince: null,
    balance: { amount: '0' },
  });
  const [, ...bought] = await linesOf(closed);
  expect(bought.reduce((sum, { days }) => sum + days, 0)).toBe(5);
  await proved();
});

test('the unused balance goes back once, by plan and fingerprint, and then nothing is left to refund', async () => {
  const bob = await isp.createCustomer('Bob');
  const { id: paymentId } = await topUp(bob, 5000);
  expect(await start(bob)).toMatchObject({ balance: { amount: '5000' } });
  await proved();
  const refund = (more: object) =>
    mutate(
      'refundPrepaidBalance',
      'RefundPrepaidBalanceInput',
      { customerId: bob, method: 'cash', reference: 'back-1', reason: 'leaves', ...more },
      '... on MovementPreview { fingerprint amount { amount } entries { account amount { amount } } } ... on PrepaidAccount { balance { amount } } ... on ValidationError { field } ... on ConflictError { reason }',
    );
  expect(await refund({ mode: 'PLAN', amountMinor: '5001' })).toMatchObject({ field: 'input.amountMinor' });
  const plan = await refund({ mode: 'PLAN', amountMinor: '2000' });
  expect(plan.entries).toEqual([
    { account: `prepaid:${bob}`, amount: { amount: '2000' } },
    { account: 'clearing:cash', amount: { amount: '-2000' } },
  ]);
  const apply = { mode: 'APPLY', amountMinor: '2000', fingerprint: plan.fingerprint };
  expect(await refund(apply)).toMatchObject({ balance: { amount: '3000' } });
  expect(await refund(apply)).toMatchObject({ balance: { amount: '3000' } });
  await proved();
  const back = await mutate(
    'refundPayment',
    'RefundPaymentInput',
    { paymentId, amount: { amount: '3001', currency: 'USD' }, reference: 'r', reason: 'x', mode: 'PLAN' },
    '... on ValidationError { field }',
  );
  expect(back).toMatchObject({ __typename: 'ValidationError', field: 'input.amount.amount' });
  await mutate('endPrepaid', 'EndPrepaidInput', { customerId: bob }, '');
  expect(await prepaidOf(bob)).toBeNull();
  await proved();
});

test('a chargeback of what was spent opens the invoice again; a voucher fills the balance', async () => {
  const eve = await isp.createCustomer('Eve');
  await start(eve);
  const { id: paymentId } = await topUp(eve, 3000);
  await isp.activate(eve, await isp.createPlan(3000n));
  await isp.ask('mutation { runBilling(input: {}) { __typename } }');
  const chargeback = (more: object) =>
    mutate(
      'recordChargeback',
      'RecordChargebackInput',
      { paymentId, amount: { amount: '3000', currency: 'USD' }, reference: 'd', reason: 'stolen', ...more },
      '... on MovementPreview { fingerprint invoices { open { amount } } }',
    );
  const plan = await chargeback({ mode: 'PLAN' });
  expect(plan.invoices).toEqual([{ open: { amount: '3000' } }]);
  await chargeback({ mode: 'APPLY', fingerprint: plan.fingerprint });
  await proved();
  const { createVouchers } = await isp.ask<{ createVouchers: { codes: string[]; batch: { id: string } } }>(
    `mutation ($input: CreateVouchersInput!) { createVouchers(input: $input) { ... on VouchersCreated { codes batch { id seconds } } } }`,
    {
      input: {
        name: 'Day',
        amount: { amount: '4000', currency: 'USD' },
        count: 3,
        method: 'cash',
        seconds: '86400',
      },
    },
  );
  const { codes, batch } = createVouchers;
  await mutate('redeemVoucher', 'RedeemVoucherInput', { customerId: eve, code: codes[0] }, '');
  expect(await prepaidOf(eve)).toMatchObject({ balance: { amount: '1000' } });
  await proved();
  await isp.tenant.services.events.flush();
  const told = await isp.tenant.services.events.read(0n, { types: ['voucher.issued', 'voucher.redeemed'] });
  expect(
    told.map(({ type, payload }) => [type, 'grants' in payload ? payload.grants.seconds : null]),
  ).toEqual([...Array.from({ length: 3 }, () => ['voucher.issued', 86_400]), ['voucher.redeemed', 86_400]]);
  const revoke = (more: object) =>
    mutate(
      'revokeVouchers',
      'RevokeVouchersInput',
      { batchId: batch.id, because: 'lost', method: 'cash', ...more },
      '... on VoucherRevocationPreview { fingerprint count amount { amount } } ... on VoucherBatch { redeemed } ... on ValidationError { field }',
    );
  expect(await revoke({ mode: 'PLAN', codes: [] })).toMatchObject({ field: 'input.codes' });
  expect(await revoke({ mode: 'PLAN', codes: [codes[0]] })).toMatchObject({ field: 'input.codes' });
  const revocation = await revoke({ mode: 'PLAN' });
  expect(revocation).toMatchObject({ count: 2, amount: { amount: '8000' } });
  expect(await revoke({ mode: 'APPLY', fingerprint: revocation.fingerprint })).toMatchObject({ redeemed: 1 });
  expect(
    await mutate(
      'redeemVoucher',
      'RedeemVoucherInput',
      { customerId: eve, code: codes[1] },
      '... on ConflictError { reason }',
    ),
  ).toMatchObject({ reason: 'CANCELLED' });
  await proved();
});

test('nobody sees or moves the balance of another', async () => {
  const [ada, eve] = [await isp.createCustomer('Ada'), await isp.createCustomer('Eve')];
  await start(ada);
  const query = `query ($r: [_Any!]!) { _entities(representations: $r) { ... on Customer { prepaid { balance { amount } } } } }`;
  const r = [{ __typename: 'Customer', id: ada }];
  const { data } = await isp.tenant.ask<{ _entities: { prepaid: unknown }[] }>(
    'billing',
    query,
    { r },
    subscriber(eve),
  );
  expect(data?._entities?.[0]?.prepaid ?? null).toBeNull();
  for (const [mutation, scope] of [
    [`startPrepaid(input: { customerId: "${eve}" })`, 'billing:write'],
    [`endPrepaid(input: { customerId: "${ada}" })`, 'billing:write'],
    [
      `refundPrepaidBalance(input: { customerId: "${ada}", method: "cash", reference: "x", reason: "x", mode: PLAN })`,
      'payments:write',
    ],
    [`revokeVouchers(input: { batchId: "x", because: "x", method: "cash", mode: PLAN })`, 'payments:write'],
  ]) {
    const { errors } = await isp.tenant.ask(
      'billing',
      `mutation { ${mutation} { __typename } }`,
      {},
      subscriber(ada),
    );
    expect(errors?.[0]?.extensions, mutation).toMatchObject({ missingScope: scope });
  }
});
