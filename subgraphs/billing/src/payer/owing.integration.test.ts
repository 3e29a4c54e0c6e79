import type { AddressInfo } from 'node:net';
import { SMTPServer } from 'smtp-server';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { proveLedger } from '../ledger/proof.ts';
import { type StripeDouble, startStripeDouble } from '../provider/stripe-double.ts';
import { type BillingHarness, startBilling, subscriber } from '../testing.ts';

/** Who pays for others: his letters, his card, his statement, what he sees. */
const stack = new AsyncDisposableStack();
const smtp = new SMTPServer({
  authOptional: true,
  disabledCommands: ['STARTTLS'],
  onData: (stream, _session, done) => {
    stream.resume();
    stream.on('end', () => done());
  },
});
let stripe: StripeDouble;
let isp: BillingHarness;
beforeAll(async () => {
  await new Promise<void>((resolve) => smtp.listen(0, '127.0.0.1', resolve));
  stack.defer(() => new Promise<void>((resolve) => smtp.close(() => resolve())));
  stripe = stack.use(await startStripeDouble());
  isp = stack.use(await startBilling(undefined, { stripeOrigin: stripe.origin }));
  await mutate('setPaymentProvider', 'SetPaymentProviderInput', {
    id: 'stripe',
    kind: 'STRIPE',
    enabled: true,
    secretKey: stripe.secretKey,
    webhookSecret: stripe.webhookSecret,
  });
  const { port } = smtp.server.address() as AddressInfo;
  await mutate('setMailServer', 'SetMailServerInput', {
    url: `smtp://127.0.0.1:${port}`,
    sender: 'billing@isp.example',
  });
});
afterAll(() => stack.disposeAsync());

async function mutate(name: string, type: string, input: object, more = '') {
  const done = await isp.ask<Record<string, Record<string, unknown>>>(
    `mutation ($input: ${type}!) { ${name}(input: $input) { __typename ${more} } }`,
    { input },
  );
  return done[name] ?? {};
}
const db = () => isp.tenant.services.database;
const advance = (days: number) => isp.tenant.services.advanceClock(days * 86_400_000);

async function customer(name: string): Promise<string> {
  const customerId = await isp.createCustomer(name);
  const email = `${name.replaceAll(' ', '.').toLowerCase()}@example.com`;
  await isp.append({
    type: 'customer.updated',
    subject: customerId,
    payload: { customerId, name, email },
    occurredAt: isp.tenant.services.clock.now(),
    actor: 'test',
  });
  await isp.tenant.eventually(
    () =>
      db()
        .selectFrom('billing.account')
        .select('email')
        .where('customerId', '=', customerId)
        .executeTakeFirst(),
    (row) => row?.email === email,
  );
  return customerId;
}

let cards = 0;
/** A payer with a card and two members; all have a service. */
async function group(mode: string) {
  const payer = await customer(`Head ${mode}`);
  const members = [await customer(`North ${mode}`), await customer(`South ${mode}`)];
  for (const id of [payer, ...members]) await isp.activate(id, await isp.createPlan(3000n));
  for (const customerId of members)
    await mutate('setPayingAccount', 'SetPayingAccountInput', { customerId, payerId: payer, mode });
  await mutate('runBilling', 'RunBillingInput', {});
  const { id: methodId } = await mutate(
    'addPaymentMethod',
    'AddPaymentMethodInput',
    { customerId: payer, providerId: 'stripe', token: `pm_ok_${++cards}`, autopay: true },
    '... on PaymentMethod { id }',
  );
  return { payer, members, methodId: `${methodId}` };
}

const lettersOf = async (customerId: string) =>
  (
    await isp.ask<{ mails: { kind: string; subject: string; state: string }[] }>(
      'query ($id: ID) { mails(customerId: $id) { kind subject state } }',
      { id: customerId },
    )
  ).mails;
const owedBy = (payer: string) =>
  db()
    .selectFrom('billing.openItem as item')
    .innerJoin('billing.document as document', 'document.id', 'item.documentId')
    .select(['document.id', 'document.number', 'item.openMinor', 'document.customerId'])
    .where('item.customerId', '=', payer)
    .orderBy('document.sequence')
    .execute();

test.each([
  ['CONSOLIDATED', 1, ['INVOICE']],
  ['SUMMARY', 3, ['INVOICE', 'SUMMARY']],
  ['PASS_THROUGH', 3, ['INVOICE', 'INVOICE', 'INVOICE']],
] as const)(
  '%s: the payer is written to, charged by his card when it is due, and has it on his statement',
  async (mode, documents, kinds) => {
    const { payer, members } = await group(mode);
    const owed = await owedBy(payer);
    expect(owed).toHaveLength(documents);
    const letters = await isp.tenant.eventually(
      () => lettersOf(payer),
      (mails) => mails.length === kinds.length && mails.every(({ state }) => state === 'SENT'),
    );
    expect(letters.map(({ kind }) => kind).sort()).toEqual([...kinds].sort());
    for (const id of members) expect(await lettersOf(id)).toEqual([]);

    // Due today: autopay asks his card for each, also for what is of his members.
    await advance(14);
    expect((await owedBy(payer)).map(({ openMinor }) => openMinor)).toEqual(owed.map(() => 0n));
    const receipts = await isp.tenant.eventually(
      async () => (await lettersOf(payer)).filter(({ kind }) => kind === 'RECEIPT'),
      (mails) => mails.length === documents,
    );
    expect(receipts).toHaveLength(documents);
    const payments = await db()
      .selectFrom('billing.payment')
      .selectAll()
      .where('customerId', '=', payer)
      .execute();
    expect(payments.map(({ amountMinor }) => amountMinor).reduce((sum, one) => sum + one, 0n)).toBe(9000n);

    const { _entities } = await isp.ask<{
      _entities: {
        statement: { closing: { amount: string }; lines: { kind: string; number: string | null }[] };
      }[];
    }>(
      `query ($r: [_Any!]!, $to: LocalDate!) { _entities(representations: $r) { ... on Customer {
        statement(from: "2000-01-01", to: $to) { closing { amount } lines { kind number } } } } }`,
      { r: [{ __typename: 'Customer', id: payer }], to: isp.today() },
    );
    const [statement] = _entities.map((one) => one.statement);
    expect(statement?.closing).toEqual({ amount: '0' });
    expect(statement?.lines.flatMap(({ number }) => number ?? []).sort()).toEqual(
      owed.map(({ number }) => number).sort(),
    );
    expect((await proveLedger(db())).findings).toEqual([]);
  },
);

test('what a payer does not pay reminds and locks him and his members, and his card opens them', async () => {
  const payer = await customer('Slow office');
  const member = await customer('Slow branch');
  for (const id of [payer, member]) await isp.activate(id, await isp.createPlan(3000n));
  await mutate('setPayingAccount', 'SetPayingAccountInput', {
    customerId: member,
    payerId: payer,
    mode: 'PASS_THROUGH',
  });
  await mutate('runBilling', 'RunBillingInput', {});
  const locked = async () =>
    (
      await db()
        .selectFrom('billing.lock')
        .select('customerId')
        .where('customerId', 'in', [payer, member])
        .execute()
    ).map(({ customerId }) => customerId);
  await advance(28);
  expect((await locked()).sort()).toEqual([payer, member].sort());
  const reminders = await isp.tenant.eventually(
    async () => (await lettersOf(payer)).filter(({ kind }) => kind === 'REMINDER'),
    (mails) => mails.length > 0,
  );
  expect(reminders.length).toBeGreaterThan(0);
  expect(await lettersOf(member)).toEqual([]);

  const { id: methodId } = await mutate(
    'addPaymentMethod',
    'AddPaymentMethodInput',
    { customerId: payer, providerId: 'stripe', token: `pm_ok_${++cards}`, autopay: false },
    '... on PaymentMethod { id }',
  );
  const collect = (input: object, as = subscriber(payer)) =>
    isp.tenant.ask<{ collectInvoice: Record<string, string> }>(
      'billing',
      `mutation ($input: CollectInvoiceInput!) { collectInvoice(input: $input) { __typename
        ... on CollectionPreview { fingerprint } ... on Failure { code } } }`,
      { input },
      as,
    );
  for (const { id, openMinor } of await owedBy(payer)) {
    if (openMinor === 0n) continue;
    const order = { invoiceId: id, methodId };
    // The member sees his invoice, but it is not his to pay.
    const refused = await collect({ ...order, mode: 'PLAN' }, subscriber(member));
    expect(refused.data?.collectInvoice.__typename).toBe('NotFoundError');
    const plan = await collect({ ...order, mode: 'PLAN' });
    const fingerprint = plan.data?.collectInvoice.fingerprint;
    await collect({ ...order, mode: 'APPLY', fingerprint });
  }
  expect(await locked()).toEqual([]);
  expect((await proveLedger(db())).findings).toEqual([]);
});

test('a payer sees the invoices that he owes, and nobody else’s', async () => {
  const payer = await customer('Seeing office');
  const member = await customer('Seen branch');
  await isp.activate(member, await isp.createPlan(3000n));
  await mutate('setPayingAccount', 'SetPayingAccountInput', {
    customerId: member,
    payerId: payer,
    mode: 'PASS_THROUGH',
  });
  await mutate('runBilling', 'RunBillingInput', {});
  const [owed] = await owedBy(payer);
  const see = async (as: string) => {
    const { data } = await isp.tenant.ask<{ invoice: { number: string } | null }>(
      'billing',
      'query ($id: ID!) { invoice(id: $id) { number } }',
      { id: owed?.id ?? '' },
      subscriber(as),
    );
    return data?.invoice?.number;
  };
  expect(await see(payer)).toBe(owed?.number);
  expect(await see(member)).toBe(owed?.number);
  expect(await see(await customer('Curious'))).toBeUndefined();
});
