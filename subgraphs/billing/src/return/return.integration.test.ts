import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { proveLedger } from '../ledger/proof.ts';
import { type BillingHarness, startBilling } from '../testing.ts';

let isp: BillingHarness;
beforeAll(async () => {
  isp = await startBilling();
});
afterAll(() => isp[Symbol.asyncDispose]());

const usd = (minor: number) => ({ amount: `${minor}`, currency: 'USD' });
const fields = `__typename ... on MovementPreview { fingerprint entries { account amount { amount } } invoices { open { amount } } }
  ... on Failure { code } ... on ValidationError { field message }`;
const operations = {
  refundPayment: ['RefundPaymentInput', `${fields} ... on PaymentReturn { id amount { amount } }`],
  recordChargeback: ['RecordChargebackInput', `${fields} ... on PaymentReturn { id fee { amount } }`],
  writeOffInvoice: [
    'WriteOffInvoiceInput',
    `${fields} ... on WriteOff { id amount { amount } invoice { state } }`,
  ],
  recoverInvoice: [
    'RecoverInvoiceInput',
    `${fields} ... on WriteOff { id amount { amount } invoice { state } }`,
  ],
} as const;
type Outcome = { readonly fingerprint: string; readonly id: string; readonly __typename: string };

async function ask(name: keyof typeof operations, input: Record<string, unknown>): Promise<Outcome> {
  const [type, selection] = operations[name];
  const data = await isp.ask<Record<string, Outcome>>(
    `mutation ($input: ${type}!) { ${name}(input: $input) { ${selection} } }`,
    { input },
  );
  return data[name] as Outcome;
}
async function move(name: keyof typeof operations, input: Record<string, unknown>) {
  const { fingerprint } = await ask(name, { ...input, mode: 'PLAN' });
  return ask(name, { ...input, mode: 'APPLY', fingerprint });
}

/** A customer with an invoice of 30.00 that a payment of so much was made for. */
async function paid(minor: number) {
  const customerId = await isp.createCustomer();
  await isp.activate(customerId, await isp.createPlan(3000n));
  await isp.ask('mutation { runBilling(input: {}) { __typename } }');
  const { recordPayment } = await isp.ask<{ recordPayment: { id: string } }>(
    'mutation ($input: RecordPaymentInput!) { recordPayment(input: $input) { ... on Payment { id } } }',
    { input: { customerId, amount: usd(minor), method: 'card', reference: customerId } },
  );
  return { customerId, paymentId: recordPayment.id };
}
const openOf = async (customerId: string) => {
  const { _entities } = await isp.ask<{ _entities: { balance: { amount: string } }[] }>(
    `query ($r: [_Any!]!) { _entities(representations: $r) { ... on Customer { balance { amount }
      payments { unallocated { amount } returns { amount { amount } } } invoices { edges { node { state open { amount } } } } } } }`,
    { r: [{ __typename: 'Customer', id: customerId }] },
  );
  return _entities[0];
};
const proved = async () => expect((await proveLedger(isp.tenant.services.database)).findings).toEqual([]);

test('a refund takes the credit, then opens the invoice again; sent again it is the same', async () => {
  const { customerId, paymentId } = await paid(4000);
  const input = { paymentId, amount: usd(1500), reference: 'r1', reason: 'paid too much' };
  const plan = await ask('refundPayment', { ...input, mode: 'PLAN' });
  expect(plan).toMatchObject({ __typename: 'MovementPreview', invoices: [{ open: { amount: '500' } }] });
  const made = await ask('refundPayment', { ...input, mode: 'APPLY', fingerprint: plan.fingerprint });
  expect(made).toMatchObject({ __typename: 'PaymentReturn', amount: { amount: '1500' } });
  expect(await ask('refundPayment', { ...input, mode: 'APPLY', fingerprint: 'any' })).toEqual(made);
  expect(
    await ask('refundPayment', { ...input, amount: usd(1), mode: 'APPLY', fingerprint: 'x' }),
  ).toMatchObject({ __typename: 'ConflictError' });
  expect(await openOf(customerId)).toMatchObject({
    balance: { amount: '500' },
    payments: [{ unallocated: { amount: '0' }, returns: [{ amount: { amount: '1500' } }] }],
    invoices: { edges: [{ node: { state: 'PART_PAID', open: { amount: '500' } } }] },
  });
  expect(await move('refundPayment', { ...input, amount: usd(2501), reference: 'r2' })).toMatchObject({
    __typename: 'ValidationError',
    field: 'input.fingerprint',
  });
  expect(
    await ask('refundPayment', { ...input, amount: usd(2501), reference: 'r2', mode: 'PLAN' }),
  ).toMatchObject({
    field: 'input.amount.amount',
    message: '2501 is more than the 2500 left of the payment',
  });
  await proved();
});

test('credit that pays a later invoice, and goes back, is told with its share net of tax', async () => {
  const customerId = await isp.createCustomer();
  await isp.ask(
    'mutation ($input: UpdateBillingAccountInput!) { updateBillingAccount(input: $input) { __typename } }',
    {
      input: { customerId, taxJurisdictions: ['GB'] },
    },
  );
  const { recordPayment } = await isp.ask<{ recordPayment: { id: string } }>(
    `mutation ($input: RecordPaymentInput!) { recordPayment(input: $input) { ... on Payment { id } } }`,
    { input: { customerId, amount: usd(3600), method: 'cash', reference: 'ahead' } },
  );
  await isp.activate(customerId, await isp.createPlan(3000n));
  await isp.ask('mutation { runBilling(input: {}) { ... on BillingRun { documents } } }');
  const input = { paymentId: recordPayment.id, amount: usd(3600), reference: 'all', reason: 'leaves' };
  const { fingerprint } = await ask('refundPayment', { ...input, mode: 'PLAN' });
  await ask('refundPayment', { ...input, mode: 'APPLY', fingerprint });
  const events = await isp.tenant.services.database
    .selectFrom('events.event')
    .select(['type', 'payload'])
    .where('type', 'in', ['payment.received', 'payment.applied', 'payment.returned'])
    .where(sql<boolean>`payload->>'paymentId' = ${recordPayment.id}`)
    .orderBy('id')
    .execute();
  expect(events).toMatchObject([
    { type: 'payment.received', payload: { allocations: [] } },
    { type: 'payment.applied', payload: { amountMinor: '3600', netMinor: '3000' } },
    { type: 'payment.returned', payload: { allocations: [{ amountMinor: '-3600', netMinor: '-3000' }] } },
  ]);
  await proved();
});

test('two refunds that were planned at once: the second is stale', async () => {
  const { paymentId } = await paid(3000);
  const of = (reference: string) => ({ paymentId, amount: usd(2000), reference, reason: 'x' });
  const plans = await Promise.all(['a', 'b'].map((r) => ask('refundPayment', { ...of(r), mode: 'PLAN' })));
  const done = await Promise.all(
    ['a', 'b'].map((r, i) =>
      ask('refundPayment', { ...of(r), mode: 'APPLY', fingerprint: plans[i]?.fingerprint }),
    ),
  );
  expect(done.map((one) => one.__typename).sort()).toEqual(['PaymentReturn', 'ValidationError']);
  await proved();
});

test('a chargeback is owed again, its fee is ours, and dunning takes it up', async () => {
  const { customerId, paymentId } = await paid(3000);
  await move('recordChargeback', {
    paymentId,
    amount: usd(3000),
    feeMinor: '1500',
    reference: 'dp_1',
    reason: 'fraudulent',
  });
  expect(await openOf(customerId)).toMatchObject({ balance: { amount: '3000' } });
  const fees = await isp.tenant.services.database
    .selectFrom('billing.ledgerEntry')
    .select('amountMinor')
    .where('account', '=', 'gatewayFees')
    .execute();
  expect(fees).toEqual([{ amountMinor: 1500n }]);
  await isp.tenant.services.advanceClock(29 * 86_400_000);
  const locks = await isp.tenant.services.database.selectFrom('billing.lock').select('customerId').execute();
  expect(locks.map((lock) => lock.customerId)).toContain(customerId);
  await proved();
});

test('a write-off keeps the lock, a recovery opens the invoice, and its payment lifts the lock', async () => {
  const customerId = await isp.createCustomer();
  const serviceId = await isp.activate(customerId, await isp.createPlan(3000n));
  await isp.ask('mutation { runBilling(input: {}) { __typename } }');
  await isp.tenant.services.advanceClock(15 * 86_400_000);
  await isp.append({
    type: 'service.cancelled',
    subject: serviceId,
    payload: { serviceId, customerId, on: isp.today() },
    occurredAt: isp.tenant.services.clock.now(),
    actor: 'test',
  });
  await isp.settled();
  await isp.tenant.services.advanceClock(16 * 86_400_000);
  const { database } = isp.tenant.services;
  const locked = async () =>
    (await database.selectFrom('billing.lock').selectAll().where('customerId', '=', customerId).execute())
      .length;
  expect(await locked()).toBe(1);
  const item = await database
    .selectFrom('billing.openItem')
    .selectAll()
    .where('customerId', '=', customerId)
    .executeTakeFirstOrThrow();
  const invoiceId = item.documentId;
  expect(await move('writeOffInvoice', { invoiceId, reason: 'moved away' })).toMatchObject({
    amount: { amount: `${item.openMinor}` },
    invoice: { state: 'WRITTEN_OFF' },
  });
  expect(await ask('writeOffInvoice', { invoiceId, reason: 'again', mode: 'PLAN' })).toMatchObject({
    __typename: 'ValidationError',
  });
  await isp.tenant.services.advanceClock(86_400_000);
  expect(await locked()).toBe(1);
  await proved();
  const amount = { amount: `${item.openMinor}`, currency: 'USD' };
  expect(await move('recoverInvoice', { invoiceId, amount, reason: 'found' })).toMatchObject({
    invoice: { state: expect.stringMatching(/OPEN|PART_PAID/) },
  });
  await isp.ask('mutation ($input: RecordPaymentInput!) { recordPayment(input: $input) { __typename } }', {
    input: { customerId, amount, method: 'cash', reference: 'at last', invoiceId },
  });
  expect(await locked()).toBe(0);
  await proved();
});
