import { afterAll, beforeAll, expect, test } from 'vitest';
import { type StripeDouble, startStripeDouble } from '../provider/stripe-double.ts';
import { type BillingHarness, plusDays, startBilling, subscriber } from '../testing.ts';

const stack = new AsyncDisposableStack();
let stripe: StripeDouble;
let isp: BillingHarness;
beforeAll(async () => {
  stripe = stack.use(await startStripeDouble());
  isp = stack.use(await startBilling(undefined, { stripeOrigin: stripe.origin }));
  const { setPaymentProvider } = await isp.ask<{ setPaymentProvider: { webhookPath: string } }>(
    `mutation ($input: SetPaymentProviderInput!) { setPaymentProvider(input: $input) { ... on PaymentProvider { webhookPath } } }`,
    {
      input: {
        id: 'stripe',
        kind: 'STRIPE',
        enabled: true,
        secretKey: stripe.secretKey,
        webhookSecret: stripe.webhookSecret,
      },
    },
  );
  expect(setPaymentProvider.webhookPath).toBe('/webhooks/test/stripe');
});
afterAll(() => stack.disposeAsync());

let count = 0;
const advance = (days: number) => isp.tenant.services.advanceClock(days * 86_400_000);
const own = (token: string) => `pm_${token}_${++count}`;

async function addMethod(customerId: string, token: string, autopay = true) {
  const { addPaymentMethod } = await isp.ask<{ addPaymentMethod: { __typename: string; id: string } }>(
    `mutation ($input: AddPaymentMethodInput!) { addPaymentMethod(input: $input) {
      __typename ... on PaymentMethod { id label expiresOn autopay } ... on ValidationError { field } ... on ConflictError { reason } } }`,
    { input: { customerId, providerId: 'stripe', token, autopay } },
  );
  return addPaymentMethod;
}

/** A customer with an invoice of 30.00 that is due in 14 days, and a card. */
async function billed(token: string, autopay = true) {
  const customerId = await isp.createCustomer();
  await isp.activate(customerId, await isp.createPlan(3000n));
  await isp.ask('mutation { runBilling(input: {}) { ... on BillingRun { documents } } }');
  const method = await addMethod(customerId, own(token), autopay);
  return { customerId, methodId: method.id, invoiceId: (await invoiceOf(customerId)).id };
}

interface Collection {
  id: string;
  state: string;
  because: string | null;
  nextAttemptOn: string | null;
  attempts: { ordinal: number; state: string; declineClass: string | null; attemptedOn: string }[];
}
async function invoiceOf(customerId: string) {
  const { _entities } = await isp.ask<{
    _entities: {
      balance: { amount: string };
      invoices: {
        edges: { node: { id: string; state: string; open: { amount: string }; collections: Collection[] } }[];
      };
      payments: { id: string; reference: string; returns: { kind: string; amount: { amount: string } }[] }[];
    }[];
  }>(
    `query ($r: [_Any!]!) { _entities(representations: $r) { ... on Customer { balance { amount }
      invoices(last: 1) { edges { node { id state open { amount }
        collections { id state because nextAttemptOn attempts { ordinal state declineClass attemptedOn } } } } }
      payments { id reference returns { kind amount { amount } } } } } }`,
    { r: [{ __typename: 'Customer', id: customerId }] },
  );
  const [customer] = _entities;
  const invoice = customer?.invoices.edges.at(-1)?.node;
  if (customer === undefined || invoice === undefined) throw new Error('there is no invoice');
  return { ...invoice, balance: customer.balance.amount, payments: customer.payments };
}
const intentsOf = (key: string | undefined) =>
  [...stripe.intents.values()].filter((one) => one.metadata.dotmac_key === key);
async function proof() {
  const { ledgerProof } = await isp.ask<{ ledgerProof: { holds: boolean; findings: string[] } }>(
    '{ ledgerProof { holds findings } }',
  );
  return ledgerProof.findings;
}
const keysOf = async (documentId: string) =>
  (
    await isp.tenant.services.database
      .selectFrom('billing.chargeAttempt')
      .select(['key', 'chargeId'])
      .where('documentId', '=', documentId)
      .orderBy('ordinal')
      .execute()
  ).map((row) => ({ key: row.key, chargeId: row.chargeId ?? '' }));

test('autopay charges on the day an invoice is due, once, and posts the payment', async () => {
  const { customerId, invoiceId } = await billed('ok');
  await advance(13);
  expect((await invoiceOf(customerId)).collections).toEqual([]);
  await advance(1);
  const invoice = await invoiceOf(customerId);
  expect(invoice).toMatchObject({
    id: invoiceId,
    state: 'PAID',
    balance: '0',
    collections: [{ state: 'SUCCEEDED', attempts: [{ ordinal: 1, state: 'SUCCEEDED' }] }],
  });
  const [first] = await keysOf(invoiceId);
  expect(intentsOf(first?.key)).toMatchObject([{ amount: 3000, currency: 'usd' }]);
  expect(invoice.payments.map((one) => one.reference)).toEqual([first?.chargeId]);
  expect(await proof()).toEqual([]);
});

test('a poor card is tried again after 1, 3, 5 and 7 days, each time under a key of its own; then no more', async () => {
  const { customerId, invoiceId } = await billed('insufficient_funds');
  await advance(14);
  const due = isp.today();
  expect((await invoiceOf(customerId)).collections).toMatchObject([
    { state: 'ACTIVE', nextAttemptOn: plusDays(due, 1) },
  ]);
  await advance(12);
  const [collection] = (await invoiceOf(customerId)).collections;
  expect(collection).toMatchObject({ state: 'STOPPED', because: 'exhausted', nextAttemptOn: null });
  expect(collection?.attempts.map((one) => [one.state, one.declineClass, one.attemptedOn])).toEqual(
    [0, 1, 3, 5, 7].map((days) => ['FAILED', 'INSUFFICIENT_FUNDS', plusDays(due, days)]),
  );
  const keys = await keysOf(invoiceId);
  expect(new Set(keys.map(({ key }) => key)).size).toBe(5);
  expect(keys.flatMap(({ key }) => intentsOf(key))).toHaveLength(5);
});

test('a stolen card stops at once; a new one begins anew', async () => {
  const { customerId } = await billed('stolen_card');
  await advance(14);
  expect((await invoiceOf(customerId)).collections).toMatchObject([
    { state: 'STOPPED', because: 'hard', attempts: [{ declineClass: 'HARD' }] },
  ]);
  await advance(2);
  expect((await invoiceOf(customerId)).collections).toHaveLength(1);
  await addMethod(customerId, own('ok'));
  await advance(1);
  expect(await invoiceOf(customerId)).toMatchObject({
    state: 'PAID',
    collections: [{ state: 'STOPPED' }, { state: 'SUCCEEDED', attempts: [{ ordinal: 2 }] }],
  });
});

test('what is disputed or arranged is not charged until the shield is gone', async () => {
  const { customerId } = await billed('ok');
  const shield = (kind: string, more: object) =>
    isp.ask<{ grantShield: { id: string } }>(
      `mutation ($input: GrantShieldInput!) { grantShield(input: $input) { ... on DunningShield { id } } }`,
      { input: { customerId, kind, because: 'test', ...more } },
    );
  const { grantShield } = await shield('DISPUTE', {});
  await advance(15);
  expect((await invoiceOf(customerId)).collections).toEqual([]);
  await isp.ask(`mutation ($input: LiftShieldInput!) { liftShield(input: $input) { __typename } }`, {
    input: { shieldId: grantShield.id },
  });
  await shield('PAYMENT_ARRANGEMENT', { until: plusDays(isp.today(), 2) });
  await advance(1);
  expect((await invoiceOf(customerId)).collections).toEqual([]);
  await advance(1);
  expect((await invoiceOf(customerId)).state).toBe('PAID');
});

test.each(['before', 'after', 'error'] as const)(
  'when Stripe breaks %s the work the attempt stays sent, and asked again it is one charge',
  async (how) => {
    const { customerId, invoiceId } = await billed('ok');
    stripe.fail(how);
    await advance(14);
    stripe.fail(undefined);
    expect((await invoiceOf(customerId)).collections).toMatchObject([{ attempts: [{ state: 'SENT' }] }]);
    // Longer than the provider keeps keys: it is found, or asked for.
    await advance(1);
    const invoice = await invoiceOf(customerId);
    expect(invoice).toMatchObject({ state: 'PAID', collections: [{ attempts: [{ state: 'SUCCEEDED' }] }] });
    const [attempt] = await keysOf(invoiceId);
    expect(intentsOf(attempt?.key)).toHaveLength(1);
    expect(invoice.payments).toHaveLength(1);
  },
);

test('webhooks in any order and number, forged and lost: the books follow what is true', async () => {
  const { customerId, invoiceId } = await billed('processing');
  await advance(14);
  expect((await invoiceOf(customerId)).collections).toMatchObject([
    { state: 'ACTIVE', nextAttemptOn: null, attempts: [{ state: 'PENDING' }] },
  ]);
  // As long as it is on its way, dunning waits.
  await advance(16);
  const { rows: locked } = await isp.tenant.services.database
    .selectFrom('billing.lock')
    .select('customerId')
    .where('customerId', '=', customerId)
    .execute()
    .then((rows) => ({ rows }));
  expect(locked).toEqual([]);
  const [attempt] = await keysOf(invoiceId);
  const [intent] = intentsOf(attempt?.key);
  if (intent === undefined) throw new Error('Stripe has no such intent');
  // The direct debit comes in, a part is refunded in Stripe's own pages, then the bank takes the rest back.
  Object.assign(intent, { status: 'succeeded', amount_received: intent.amount });
  const succeeded = stripe.message('payment_intent.succeeded', intent);
  stripe.refunds.set('re_own', {
    id: 're_own',
    object: 'refund',
    payment_intent: intent.id,
    amount: 500,
    metadata: {},
    status: 'succeeded',
  });
  const refunded = stripe.message('refund.created', stripe.refunds.get('re_own') ?? {});
  const processing = stripe.message('payment_intent.processing', { ...intent, status: 'processing' });
  const forged = { ...succeeded, headers: { 'stripe-signature': 't=1,v1=00' } };
  const answers: string[] = [];
  for (const message of [refunded, forged, succeeded, refunded, processing, succeeded])
    answers.push(await isp.webhook('stripe', message));
  expect(answers).toEqual(['ACCEPTED', 'REFUSED', 'ACCEPTED', 'ACCEPTED', 'ACCEPTED', 'ACCEPTED']);
  expect(await isp.webhook('nobody', succeeded)).toBe('UNKNOWN');
  // The same news many times at once, some of it while the first is being worked on.
  const again = Array.from({ length: 8 }, (_, index) => (index % 2 === 0 ? succeeded : refunded));
  expect(new Set(await Promise.all(again.map((message) => isp.webhook('stripe', message))))).toEqual(
    new Set(['ACCEPTED']),
  );
  await isp.tenant.eventually(
    () =>
      isp.ask<{ webhookEvents: { state: string; chargeId: string }[] }>(
        '{ webhookEvents { state chargeId } }',
      ),
    ({ webhookEvents }) =>
      webhookEvents.length === 3 && webhookEvents.every((one) => one.state === 'PROCESSED'),
  );
  expect(await invoiceOf(customerId)).toMatchObject({
    open: { amount: '500' },
    collections: [{ state: 'SUCCEEDED', attempts: [{ state: 'SUCCEEDED' }] }],
    payments: [{ reference: intent.id, returns: [{ kind: 'REFUND', amount: { amount: '500' } }] }],
  });
  expect(await proof()).toEqual([]);
});

test('a dispute takes the payment back with its fee and is not charged again; won, the money is back', async () => {
  const { customerId, invoiceId } = await billed('ok');
  await advance(14);
  const [attempt] = await keysOf(invoiceId);
  const dispute = stripe.dispute(attempt?.chargeId ?? '', 1500);
  await isp.webhook('stripe', stripe.message('charge.dispute.created', dispute));
  await isp.tenant.eventually(
    () => invoiceOf(customerId),
    (invoice) => invoice.open.amount === '3000',
  );
  await advance(2);
  expect(await invoiceOf(customerId)).toMatchObject({ open: { amount: '3000' }, collections: [{}] });
  const { rows } = await isp.tenant.services.database
    .selectFrom('billing.ledgerEntry')
    .select('amountMinor')
    .where('account', '=', 'gatewayFees')
    .execute()
    .then((entries) => ({ rows: entries.map((one) => one.amountMinor) }));
  expect(rows).toEqual([1500n]);
  dispute.status = 'won';
  await isp.webhook('stripe', stripe.message('charge.dispute.closed', dispute));
  await isp.webhook('stripe', stripe.message('charge.dispute.funds_reinstated', dispute));
  await isp.tenant.eventually(
    () => invoiceOf(customerId),
    (invoice) => invoice.state === 'PAID' && invoice.payments.length === 2,
  );
  expect(await proof()).toEqual([]);
});

test('a refund through the provider is ordered once, is not there twice, and is booked when it has gone', async () => {
  const { customerId } = await billed('ok');
  await advance(14);
  const [payment] = (await invoiceOf(customerId)).payments;
  const order = async (reference: string, amount: string, fingerprint?: string) => {
    const { refundThroughProvider } = await isp.ask<{ refundThroughProvider: Record<string, string> }>(
      `mutation ($input: RefundThroughProviderInput!) { refundThroughProvider(input: $input) { __typename
        ... on MovementPreview { fingerprint } ... on ProviderRefund { id state } ... on ValidationError { field message } ... on ConflictError { reason } } }`,
      {
        input: {
          paymentId: payment?.id,
          amount: { amount, currency: 'USD' },
          reference,
          reason: 'goodwill',
          mode: fingerprint === undefined ? 'PLAN' : 'APPLY',
          fingerprint,
        },
      },
    );
    return refundThroughProvider;
  };
  stripe.fail('before');
  const plan = await order('r1', '2000');
  const ordered = await order('r1', '2000', plan.fingerprint);
  expect(ordered).toMatchObject({ __typename: 'ProviderRefund', state: 'REQUESTED' });
  // Under way, its money is not there for another refund.
  expect(await order('r2', '1001')).toMatchObject({ __typename: 'ValidationError' });
  expect(await order('r2', '2000', plan.fingerprint)).toMatchObject({ __typename: 'ValidationError' });
  stripe.fail(undefined);
  await isp.tenant.eventually(
    () => invoiceOf(customerId),
    (invoice) => invoice.open.amount === '2000',
  );
  expect(await order('r1', '2000', plan.fingerprint)).toMatchObject({ id: ordered.id, state: 'SUCCEEDED' });
  expect([...stripe.refunds.values()].filter((one) => one.metadata.dotmac_key === ordered.id)).toHaveLength(
    1,
  );
  expect(await proof()).toEqual([]);
});

test('a person charges an invoice now: planned, once, and never by itself again', async () => {
  const { customerId, methodId, invoiceId } = await billed('do_not_honor', false);
  const collect = async (method: string, fingerprint?: string) => {
    const { collectInvoice } = await isp.ask<{ collectInvoice: Record<string, string> }>(
      `mutation ($input: CollectInvoiceInput!) { collectInvoice(input: $input) { __typename ... on CollectionPreview { fingerprint amount { amount } }
        ... on PaymentCollection { state because } ... on ConflictError { reason } ... on StalePlanError { code } ... on NotFoundError { message } } }`,
      {
        input: {
          invoiceId,
          methodId: method,
          mode: fingerprint === undefined ? 'PLAN' : 'APPLY',
          fingerprint,
        },
      },
    );
    return collectInvoice;
  };
  const plan = await collect(methodId);
  expect(plan).toMatchObject({ __typename: 'CollectionPreview', amount: { amount: '3000' } });
  expect(await collect(methodId, plan.fingerprint)).toMatchObject({ state: 'STOPPED', because: 'declined' });
  expect(await collect(methodId, plan.fingerprint)).toMatchObject({ __typename: 'StalePlanError' });
  const { id: good } = await addMethod(customerId, own('ok'), false);
  const again = await collect(good);
  expect(await collect(good, again.fingerprint)).toMatchObject({ state: 'SUCCEEDED' });
  expect(await collect(good)).toMatchObject({ reason: 'NOTHING_OPEN' });
  const other = await billed('ok', false);
  expect(await collect(other.methodId)).toMatchObject({ __typename: 'NotFoundError' });
});

test('numbers of cards are refused; no query has a secret; others’ methods are out of reach', async () => {
  const customerId = await isp.createCustomer();
  expect(await addMethod(customerId, '4242 4242 4242 4242')).toMatchObject({ field: 'input.token' });
  expect(await addMethod(customerId, 'tok_unknown')).toMatchObject({ reason: 'METHOD_REFUSED' });
  const token = own('ok');
  await addMethod(customerId, token);
  const { rows } = await isp.tenant.services.database
    .selectFrom('billing.paymentMethod')
    .selectAll()
    .where('customerId', '=', customerId)
    .execute()
    .then((found) => ({ rows: found }));
  expect(Buffer.from(rows[0]?.sealedToken ?? []).includes(token)).toBe(false);
  const provider = await isp.tenant.services.database
    .selectFrom('billing.provider')
    .selectAll()
    .executeTakeFirstOrThrow();
  expect(Buffer.from(provider.sealedCredentials).includes(stripe.secretKey)).toBe(false);

  const intruder = subscriber(await isp.createCustomer());
  const attempts = [
    `mutation { addPaymentMethod(input: { customerId: "${customerId}", providerId: "stripe", token: "x" }) { __typename } }`,
    `mutation { removePaymentMethod(input: { methodId: "${rows[0]?.id}" }) { __typename } }`,
    `mutation { setAutopay(input: { customerId: "${customerId}" }) { __typename } }`,
  ];
  for (const attempt of attempts) {
    const { data } = await isp.tenant.ask('billing', attempt, {}, intruder);
    const refusal = attempt.includes('remove') ? 'NotFoundError' : 'ForbiddenError';
    expect(Object.values(data ?? {}), attempt).toMatchObject([{ __typename: refusal }]);
  }
  for (const query of ['{ paymentProviders { id } }', '{ webhookEvents { type } }']) {
    const asked = await isp.tenant.ask('billing', query, {}, intruder);
    expect(asked.errors?.[0]?.extensions, query).toMatchObject({ code: 'FORBIDDEN' });
  }
  const set = await isp.tenant.ask(
    'billing',
    'mutation { setPaymentProvider(input: { id: "stripe", kind: STRIPE, enabled: true }) { __typename } }',
    {},
    intruder,
  );
  expect(set.errors?.[0]?.extensions).toMatchObject({ code: 'FORBIDDEN', missingScope: 'tenant:write' });
});
