import { principalWith } from '@dotmac/harness';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type BillingHarness, plusDays, startBilling } from '../testing.ts';

let isp: BillingHarness;
beforeAll(async () => {
  isp = await startBilling();
});
afterAll(() => isp[Symbol.asyncDispose]());

const advance = (days: number) => isp.tenant.services.advanceClock(days * 86_400_000);

const runBilling = 'mutation { runBilling(input: {}) { ... on BillingRun { documents } } }';

/** A customer whose first invoice is issued today, by the run. */
async function billed(): Promise<string> {
  const customer = await isp.createCustomer();
  await isp.activate(customer, await isp.createPlan(3000n));
  await isp.ask(runBilling);
  return customer;
}
const isLocked = async (customerId: string) => {
  const { _entities } = await isp.ask<{ _entities: { account: { locked: boolean } }[] }>(
    'query ($r: [_Any!]!) { _entities(representations: $r) { ... on Customer { account { locked } } } }',
    { r: [{ __typename: 'Customer', id: customerId }] },
  );
  return _entities[0]?.account.locked;
};
const grant = (input: Record<string, unknown>) =>
  isp.ask<{ grantShield: { id: string; field: string } }>(
    `mutation ($input: GrantShieldInput!) { grantShield(input: $input) { __typename ... on DunningShield { id } ... on ValidationError { field } } }`,
    { input },
  );

test('a promise to pay opens the services, and when it is broken the lock comes back', async () => {
  const customerId = await billed();
  await advance(29);
  expect(await isLocked(customerId)).toBe(true);
  const until = plusDays(isp.today(), 3);
  await grant({ customerId, kind: 'PROMISE_TO_PAY', until, because: 'pays on Friday' });
  expect(await isLocked(customerId)).toBe(false);
  await advance(2);
  expect(await isLocked(customerId)).toBe(false);
  await advance(1);
  expect(isp.today()).toBe(until);
  expect(await isLocked(customerId)).toBe(true);
});

test('a shield holds every step back until it is lifted', async () => {
  const customerId = await billed();
  const { grantShield } = await grant({ customerId, kind: 'DISPUTE', because: 'says it never worked' });
  await advance(40);
  expect(await isLocked(customerId)).toBe(false);
  await isp.ask(
    `mutation ($input: LiftShieldInput!) { liftShield(input: $input) { __typename ... on DunningShield { liftedAt } } }`,
    { input: { shieldId: grantShield.id } },
  );
  // The steps come one after the other, with their days of notice in between.
  await advance(5);
  expect(await isLocked(customerId)).toBe(false);
  await advance(10);
  expect(await isLocked(customerId)).toBe(true);
});

test('the credit of a cancellation that covers what is overdue opens again', async () => {
  const customerId = await isp.createCustomer();
  const serviceId = await isp.activate(customerId, await isp.createPlan(3000n));
  await isp.ask(runBilling);
  await advance(28);
  expect(await isLocked(customerId)).toBe(true);
  await isp.ask(`mutation ($input: RecordPaymentInput!) { recordPayment(input: $input) { __typename } }`, {
    input: { customerId, amount: { amount: '2950', currency: 'USD' }, method: 'cash', reference: 'nearly' },
  });
  expect(await isLocked(customerId)).toBe(true);
  await isp.append({
    type: 'service.cancelled',
    subject: serviceId,
    payload: { serviceId, customerId, on: plusDays(isp.today(), 1) },
    occurredAt: isp.tenant.services.clock.now(),
    actor: 'test',
  });
  await isp.settled();
  await advance(1);
  expect(await isLocked(customerId)).toBe(false);
});

test('an empty list of invoices is refused, not taken for all', async () => {
  const customerId = await isp.createCustomer();
  expect(
    (await grant({ customerId, kind: 'GRACE', invoiceIds: [], because: 'x' })).grantShield,
  ).toMatchObject({
    field: 'input.invoiceIds',
  });
});

test('what happens to money is streamed with what it is about, from a cursor on', async () => {
  const { services } = isp.tenant;
  // Somebody else may be sequencing: what happened before must lie before the cursor.
  await isp.tenant.eventually(
    () => services.database.selectFrom('events.event').select('id').where('position', 'is', null).execute(),
    (unsequenced) => unsequenced.length === 0,
  );
  const after = await services.events.headCursor();
  const customerId = await billed();
  const subscription = `subscription ($after: Cursor) { billingEvents(after: $after, types: [INVOICE_ISSUED, PAYMENT_RECEIVED]) {
    __typename cursor customer { id } ... on InvoiceIssued { invoice { gross { amount } open { amount } } } ... on PaymentReceived { payment { amount { amount } } } } }`;
  const events = await isp.tenant.subscribe('billing', subscription, { after });
  expect((await events.next()).value).toMatchObject({
    data: {
      billingEvents: {
        __typename: 'InvoiceIssued',
        customer: { id: customerId },
        invoice: { gross: { amount: '3000' }, open: { amount: '3000' } },
      },
    },
  });
  await isp.ask(`mutation ($input: RecordPaymentInput!) { recordPayment(input: $input) { __typename } }`, {
    input: { customerId, amount: { amount: '1000', currency: 'USD' }, method: 'cash', reference: 'part' },
  });
  expect((await events.next()).value).toMatchObject({
    data: {
      billingEvents: { __typename: 'PaymentReceived', payment: { amount: { amount: '1000' } } },
    },
  });
  await events.return?.();
  // Who begins with what stands hears of the invoice as long as something of it is open.
  const openNow = async () => {
    const stream = await isp.tenant.subscribe(
      'billing',
      'subscription { billingEvents(initial: true) { snapshot { number of } customer { id } } }',
    );
    const ids: string[] = [];
    for (let more = true; more; ) {
      const { value } = await stream.next();
      const { snapshot, customer } = value.data.billingEvents;
      ids.push(customer.id);
      more = snapshot.number < snapshot.of;
    }
    await stream.return?.();
    return ids;
  };
  await billed();
  expect(await openNow()).toContain(customerId);
  await isp.ask(`mutation ($input: RecordPaymentInput!) { recordPayment(input: $input) { __typename } }`, {
    input: { customerId, amount: { amount: '2000', currency: 'USD' }, method: 'cash', reference: 'rest' },
  });
  expect(await openNow()).not.toContain(customerId);
});

test('every root field asks for its scope', async () => {
  const attempts = {
    'billing:read': '{ ledgerProof { holds } }',
    'billing:write': 'mutation { runBilling(input: {}) { __typename } }',
    'tenant:write': 'mutation { advanceDemoClock(input: { days: 1 }) { __typename } }',
    'platform:read': '{ platformAccount(tenantId: "x") { tenantId } }',
    'payments:write':
      'mutation { recordPayment(input: { customerId: "x", amount: { amount: "1", currency: "USD" }, method: "cash", reference: "x" }) { __typename } }',
    'catalogue:write':
      'mutation { createPlan(input: { name: "x", terms: { price: { amount: "1", currency: "USD" } } }) { __typename } }',
  };
  for (const [missingScope, query] of Object.entries(attempts)) {
    const answer = await isp.tenant.ask('billing', query, {}, principalWith('network:read'));
    expect(answer.errors?.[0]?.extensions, query).toMatchObject({ code: 'FORBIDDEN', missingScope });
  }
});
