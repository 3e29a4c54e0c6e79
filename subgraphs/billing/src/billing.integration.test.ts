import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type BillingHarness, plusDays, startBilling, subscriber } from './testing.ts';

let isp: BillingHarness;
beforeAll(async () => {
  isp = await startBilling();
});
afterAll(() => isp[Symbol.asyncDispose]());

interface Money {
  readonly amount: string;
  readonly currency: string;
}
interface Outcome {
  readonly issueInvoice: {
    readonly __typename: string;
    readonly fingerprint: string;
    readonly documents: { gross: Money; lines: { net: Money; days: number; ofDays: number }[] }[];
    readonly invoices: { id: string; number: string; gross: Money; open: Money; state: string }[];
    readonly code: string;
  };
}

const issueInvoice = `mutation ($input: IssueInvoiceInput!) { issueInvoice(input: $input) { __typename
  ... on InvoicePreview { fingerprint documents { type gross { amount currency } lines { days ofDays net { amount } } } }
  ... on InvoicesIssued { invoices { id number gross { amount } open { amount } state } creditNotes { id gross { amount } } problems { message } }
  ... on Failure { code message } } }`;
const plan = async (customerId: string, runDate = isp.today()) =>
  (await isp.ask<Outcome>(issueInvoice, { input: { customerId, runDate, mode: 'PLAN' } })).issueInvoice;
const apply = async (customerId: string, fingerprint: string, runDate = isp.today()) =>
  (await isp.ask<Outcome>(issueInvoice, { input: { customerId, runDate, mode: 'APPLY', fingerprint } }))
    .issueInvoice;
const bill = async (customerId: string, runDate = isp.today()) =>
  apply(customerId, (await plan(customerId, runDate)).fingerprint, runDate);

interface Paid {
  readonly recordPayment: {
    __typename: string;
    id: string;
    unallocated: Money;
    code: string;
    reason: string;
    allocations: { amount: Money; net: Money; invoice: { number: string } }[];
  };
}
const recordPayment = `mutation ($input: RecordPaymentInput!) { recordPayment(input: $input) { __typename
  ... on Payment { id unallocated { amount } allocations { amount { amount } net { amount } invoice { number } } }
  ... on ConflictError { reason } ... on Failure { code } } }`;
const pay = async (customerId: string, amount: bigint, reference: string) =>
  (
    await isp.ask<Paid>(recordPayment, {
      input: {
        customerId,
        amount: { amount: `${amount}`, currency: 'USD' },
        method: 'bankTransfer',
        reference,
      },
    })
  ).recordPayment;

interface Proof {
  readonly ledgerProof: { holds: boolean; findings: string[]; receivable: Money[] };
}
const proof = async () =>
  (await isp.ask<Proof>('{ ledgerProof { holds findings receivable { amount } } }')).ledgerProof;
const ofCustomer = async <T>(id: string, fields: string) =>
  (
    await isp.ask<{ _entities: T[] }>(
      `query ($r: [_Any!]!) { _entities(representations: $r) { ... on Customer { ${fields} } } }`,
      { r: [{ __typename: 'Customer', id }] },
    )
  )._entities[0] as T;

/** Types of the events about a subject, once the log has the last of them. */
const eventsOf = (subject: string, last: string) =>
  isp.tenant.eventually(
    async () =>
      (
        await isp.tenant.services.database
          .selectFrom('events.event')
          .select('type')
          .where('subject', '=', subject)
          .where('position', 'is not', null)
          .orderBy('position')
          .execute()
      ).map((event) => event.type),
    (types) => types.at(-1) === last,
  );

describe('an invoice', () => {
  test('is previewed, issued exactly as previewed, and ties out with the ledger', async () => {
    const customer = await isp.createCustomer();
    await isp.activate(customer, await isp.createPlan(3000n));
    const preview = await plan(customer);
    expect(preview).toMatchObject({
      __typename: 'InvoicePreview',
      documents: [{ gross: { amount: '3000', currency: 'USD' } }],
    });
    const issued = await apply(customer, preview.fingerprint);
    expect(issued.invoices).toMatchObject([
      { gross: { amount: '3000' }, open: { amount: '3000' }, state: 'OPEN' },
    ]);
    expect(await proof()).toMatchObject({ holds: true, findings: [] });
    expect(await ofCustomer(customer, 'balance { amount } openInvoices { number }')).toEqual({
      balance: { amount: '3000' },
      openInvoices: [{ number: issued.invoices[0]?.number }],
    });
  });

  test('is not issued twice: a plan of what is billed is empty, and its old fingerprint is stale', async () => {
    const customer = await isp.createCustomer();
    await isp.activate(customer, await isp.createPlan(3000n));
    const { fingerprint } = await plan(customer);
    await apply(customer, fingerprint);
    expect((await plan(customer)).documents).toEqual([]);
    expect(await apply(customer, fingerprint)).toMatchObject({
      __typename: 'StalePlanError',
      code: 'STALE_PLAN',
    });
  });

  test('with a plan that went stale because the service changed is refused', async () => {
    const customer = await isp.createCustomer();
    const slow = await isp.createPlan(3000n);
    const fast = await isp.createPlan(6000n);
    const service = await isp.activate(customer, slow);
    const { fingerprint } = await plan(customer);
    await isp.append({
      type: 'service.plan.changed',
      subject: service,
      payload: { serviceId: service, customerId: customer, fromPlanId: slow, planId: fast, on: isp.today() },
      occurredAt: 0,
      actor: 'test',
    });
    await isp.settled();
    expect(await apply(customer, fingerprint)).toMatchObject({ __typename: 'StalePlanError' });
    expect((await plan(customer)).documents).toMatchObject([{ gross: { amount: '6000' } }]);
  });
});

describe('a payment', () => {
  test('pays the oldest first, keeps the rest as credit, and is the same payment when sent again', async () => {
    const customer = await isp.createCustomer();
    await isp.activate(customer, await isp.createPlan(3000n));
    const { invoices } = await bill(customer);
    const first = await pay(customer, 4000n, 'TRX-1');
    expect(first).toMatchObject({
      __typename: 'Payment',
      unallocated: { amount: '1000' },
      allocations: [
        { amount: { amount: '3000' }, net: { amount: '3000' }, invoice: { number: invoices[0]?.number } },
      ],
    });
    expect(await pay(customer, 4000n, 'TRX-1')).toMatchObject({ id: first.id });
    expect(await pay(customer, 4001n, 'TRX-1')).toMatchObject({ code: 'CONFLICT', reason: 'REFERENCE_USED' });
    expect(await ofCustomer(customer, 'balance { amount }')).toEqual({ balance: { amount: '-1000' } });
    expect(await proof()).toMatchObject({ holds: true });
  });
});

describe('what a subscriber sees', () => {
  test('is his own', async () => {
    const [own, other] = [await isp.createCustomer('Own'), await isp.createCustomer('Other')];
    const plan = await isp.createPlan(3000n);
    for (const customer of [own, other]) {
      await isp.activate(customer, plan);
      await bill(customer);
    }
    const query = `query ($r: [_Any!]!) { _entities(representations: $r) { ... on Customer { balance { amount } invoices { edges { node { gross { amount } } } } } } }`;
    const mine = await isp.tenant.ask(
      'billing',
      query,
      { r: [{ __typename: 'Customer', id: own }] },
      subscriber(own),
    );
    expect(mine).toMatchObject({ data: { _entities: [{ balance: { amount: '3000' } }] } });
    const theirs = await isp.tenant.ask(
      'billing',
      query,
      { r: [{ __typename: 'Customer', id: other }] },
      subscriber(own),
    );
    expect(JSON.stringify(theirs)).not.toContain('3000');
    expect(theirs.errors?.[0]?.extensions).toMatchObject({ code: 'FORBIDDEN' });
  });
});

test('documents, postings and payments refuse to be changed', async () => {
  const { database } = isp.tenant.services;
  for (const table of [
    'billing.document',
    'billing.documentLine',
    'billing.ledgerEntry',
    'billing.payment',
  ] as const) {
    await expect(database.deleteFrom(table).execute(), table).rejects.toThrow('append-only');
  }
  await expect(
    database.updateTable('billing.document').set({ grossMinor: 0, netMinor: 0 }).execute(),
  ).rejects.toThrow('append-only');
});

test('an unpaid invoice locks, and paying it opens at once', async () => {
  const customer = await isp.createCustomer();
  await isp.activate(customer, await isp.createPlan(3000n));
  const issuedOn = isp.today();
  await bill(customer);
  await isp.tenant.services.advanceClock(29 * 86_400_000);
  expect(isp.today()).toBe(plusDays(issuedOn, 29));
  expect(await ofCustomer(customer, 'account { locked }')).toEqual({ account: { locked: true } });
  await pay(customer, 3000n, 'late');
  expect(await ofCustomer(customer, 'account { locked }')).toEqual({ account: { locked: false } });
  expect(await eventsOf(customer, 'billing.lock.lifted')).toEqual([
    'customer.created',
    'dunning.step.executed',
    'dunning.step.executed',
    'dunning.step.executed',
    'dunning.step.executed',
    'billing.lock.requested',
    'billing.lock.lifted',
  ]);
  expect(await proof()).toMatchObject({ holds: true, findings: [] });
});
