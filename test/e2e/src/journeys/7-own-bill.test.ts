import { beforeAll, describe, expect, test } from 'vitest';
import { eventually, type GraphUser, graphUser } from '../client.ts';
import { shared } from '../shared.ts';

const { demo, operator, partner, tenant } = shared();
const alpha = tenant('alpha');
const bravo = tenant('bravo');
/** The operator in his own books: tenant zero. */
const books = async <Data>(query: string, variables: Record<string, unknown> = {}) => {
  const { data, errors } = await operator.ask<Data>(query, variables, { 'x-dotmac-tenant': 'operator' });
  if (errors !== undefined || data == null) throw new Error(JSON.stringify(errors));
  return data;
};
const codeOf = (answer: { errors?: readonly { extensions?: Record<string, unknown> }[] }) =>
  answer.errors?.[0]?.extensions?.code;

interface Bill {
  readonly platformBill: {
    readonly balance: { readonly amount: string; readonly currency: string };
    readonly rateCard: { readonly versions: readonly { readonly bands: readonly unknown[] }[] };
    readonly invoices: {
      readonly edges: readonly {
        readonly node: {
          readonly number: string;
          readonly state: string;
          readonly gross: { readonly amount: string };
          readonly open: { readonly amount: string };
          readonly lines: readonly {
            readonly description: string;
            readonly net: { readonly amount: string };
            readonly derivation: { readonly arithmetic: string };
          }[];
          readonly file: { readonly fileName: string; readonly base64: string };
        };
      }[];
    };
  } | null;
}
const bill = `{ platformBill { balance { amount currency } rateCard { versions { bands { upTo unitPrice } } } invoices(first: 5) { edges { node {
  number state gross { amount } open { amount } lines { description net { amount } derivation { arithmetic } } file(format: PDF) { fileName base64 } } } } } }`;
const invoiceByNumber =
  'query ($number: String!) { platformBill { invoice(number: $number) { number gross { amount } } } }';

/** The only ISP's account with this tenant, once the relay has opened it. */
async function customerOf(owner: GraphUser): Promise<string> {
  const { tenant: own } = await owner.data<{ tenant: { id: string } }>('{ tenant { id } }');
  const { platformAccount } = await eventually(
    () =>
      books<{ platformAccount: { customer: { id: string } } | null }>(
        'query ($id: ID!) { platformAccount(tenantId: $id) { customer { id } } }',
        { id: own.id },
      ),
    (answer) => answer.platformAccount !== null,
  );
  return platformAccount?.customer.id ?? '';
}

let number: string;
let gross: { amount: string; currency: string };
let customerId: string;
beforeAll(async () => {
  customerId = await customerOf(alpha.owner);
  await customerOf(bravo.owner);
  const fee = await books<{ chargeFee: { __typename: string } }>(
    `mutation ($input: ChargeFeeInput!) { chargeFee(input: $input) { __typename ... on Failure { code message } } }`,
    {
      input: {
        customerId,
        description: 'Migration',
        reference: 'own-bill',
        amount: { amount: '12345', currency: 'USD' },
      },
    },
  );
  expect(fee.chargeFee.__typename).toBe('Fee');
  const issue = `mutation ($input: IssueInvoiceInput!) { issueInvoice(input: $input) {
    ... on InvoicePreview { fingerprint } ... on InvoicesIssued { invoices { number gross { amount currency } } } ... on Failure { code message } } }`;
  const { issueInvoice: plan } = await books<{ issueInvoice: { fingerprint: string } }>(issue, {
    input: { customerId, mode: 'PLAN' },
  });
  const { issueInvoice } = await books<{
    issueInvoice: { invoices: { number: string; gross: typeof gross }[] };
  }>(issue, { input: { customerId, mode: 'APPLY', fingerprint: plan.fingerprint } });
  const [issued] = issueInvoice.invoices;
  number = issued?.number ?? '';
  gross = issued?.gross ?? { amount: '', currency: '' };
});

test("an ISP's owner sees what the platform bills him for, down to the arithmetic, and when it is paid", async () => {
  const seen = async () => {
    const { platformBill } = await alpha.owner.data<Bill>(bill);
    return platformBill?.invoices.edges.find(({ node }) => node.number === number)?.node;
  };
  const invoice = await seen();
  expect(invoice).toMatchObject({
    state: 'OPEN',
    gross: { amount: gross.amount },
    open: { amount: gross.amount },
  });
  const line = invoice?.lines.find(({ description }) => description === 'Migration');
  expect(line?.net.amount).toBe('12345');
  expect(line?.derivation.arithmetic).not.toBe('');
  expect(invoice?.file.fileName).toBe(`${number}.pdf`);
  expect(
    Buffer.from(invoice?.file.base64 ?? '', 'base64')
      .subarray(0, 5)
      .toString(),
  ).toBe('%PDF-');

  await books('mutation ($input: RecordPaymentInput!) { recordPayment(input: $input) { __typename } }', {
    input: { customerId, amount: gross, method: 'bankTransfer', reference: 'own-bill-1' },
  });
  expect(await seen()).toMatchObject({ state: 'PAID', open: { amount: '0' } });
});

describe('the bill of another', () => {
  test('is not among his own, and is no number of his', async () => {
    const { platformBill } = await bravo.owner.data<Bill>(bill);
    expect(JSON.stringify(platformBill)).not.toContain(number);
    expect(await bravo.owner.data(invoiceByNumber, { number })).toEqual({ platformBill: { invoice: null } });
  });

  test('does not come by naming the tenant', async () => {
    const answer = await bravo.owner.ask(bill, {}, { 'x-dotmac-tenant': 'alpha' });
    expect(codeOf(answer)).toBe('TENANT_FORBIDDEN');
    expect(answer.data ?? null).toBeNull();
    expect(codeOf(await bravo.owner.ask('{ platformBill(tenantId: "x") { balance { amount } } }'))).toBe(
      'GRAPHQL_VALIDATION_FAILED',
    );
  });

  test("does not come out of the operator's own account of it", async () => {
    const { tenant: own } = await alpha.owner.data<{ tenant: { id: string } }>('{ tenant { id } }');
    for (const owner of [alpha.owner, bravo.owner]) {
      const answer = await owner.ask(
        'query ($id: ID!) { platformAccount(tenantId: $id) { customer { id } } }',
        { id: own.id },
      );
      expect(codeOf(answer)).toBe('FORBIDDEN');
    }
    const zero = await alpha.owner.ask(bill, {}, { 'x-dotmac-tenant': 'operator' });
    expect(codeOf(zero)).toBe('TENANT_FORBIDDEN');
  });

  test('nor does anybody see whom another counted', async () => {
    const days =
      '{ meteredDays(from: "2026-01-01", to: "2026-02-01") { subscribers { edges { node { id } services { id } } } } }';
    expect(codeOf(await bravo.owner.ask(days, {}, { 'x-dotmac-tenant': 'alpha' }))).toBe('TENANT_FORBIDDEN');
    expect(codeOf(await alpha.noc.ask(days))).toBe('FORBIDDEN');
    expect(await alpha.owner.data(days)).toEqual({ meteredDays: [] });
  });

  test.each([
    ['a subscriber', alpha.subscriber],
    ['the NOC', alpha.noc],
    ['nobody', graphUser(demo.graphql)],
    ['a partner', partner],
  ])('and %s sees none at all', async (_who, user) => {
    const answer = await user.ask<Bill>(bill);
    expect(['FORBIDDEN', 'UNAUTHENTICATED', 'TENANT_REQUIRED']).toContain(codeOf(answer));
    expect(answer.data?.platformBill ?? null).toBeNull();
  });
});

test('the operator himself owes nobody', async () => {
  expect(await books(bill)).toEqual({ platformBill: null });
});

describe('a premium bundle', () => {
  interface Switched {
    readonly switchBundle: {
      readonly __typename: string;
      readonly done?: boolean;
      readonly fingerprint?: string;
      readonly reason?: string;
    };
  }
  const change = `mutation ($input: SwitchBundleInput!) { switchBundle(input: $input) { __typename
    ... on PlatformBundleSwitch { done fingerprint lines { description net { amount } } } ... on ConflictError { reason } ... on Failure { message } } }`;
  async function switchBundle(owner: GraphUser, bundle: string, on: boolean): Promise<void> {
    const plan = await owner.data<Switched>(change, { input: { bundle, on, mode: 'PLAN' } });
    expect(plan.switchBundle).toMatchObject({ __typename: 'PlatformBundleSwitch', done: false });
    const { fingerprint } = plan.switchBundle;
    const applied = await owner.data<Switched>(change, { input: { bundle, on, mode: 'APPLY', fingerprint } });
    expect(applied.switchBundle).toMatchObject({ done: true });
  }
  const followUps = '{ followUps(dueBy: "2099-01-01") { what } }';
  const opened = ({ errors }: Awaited<ReturnType<GraphUser['ask']>>) => errors === undefined;

  test('opens what it unlocks for the tenant that has it, and for no other, until it is switched off', async () => {
    const closed = await alpha.owner.ask(followUps);
    expect(closed.errors?.[0]?.extensions).toMatchObject({ code: 'BUNDLE_REQUIRED', bundle: 'ADVANCED_CRM' });
    await switchBundle(alpha.owner, 'ADVANCED_CRM', true);
    await eventually(() => alpha.owner.ask(followUps), opened);
    const { platformBill } = await alpha.owner.data<{
      platformBill: { trial: { daysLeft: number } | null; bundles: { bundle: string; on: boolean }[] };
    }>('{ platformBill { trial { daysLeft } bundles { bundle on unlocks } } }');
    expect(platformBill.bundles).toHaveLength(6);
    expect(platformBill.bundles.filter(({ on }) => on)).toMatchObject([{ bundle: 'ADVANCED_CRM' }]);
    expect(platformBill.trial).not.toBeNull();

    expect((await bravo.owner.ask(followUps)).errors?.[0]?.extensions).toMatchObject({
      bundle: 'ADVANCED_CRM',
    });
    // A role below it does not get past its scopes with the bundle.
    expect(codeOf(await alpha.subscriber.ask(followUps))).toBe('FORBIDDEN');

    await switchBundle(alpha.owner, 'ADVANCED_CRM', false);
    await eventually(
      () => alpha.owner.ask(followUps),
      (answer) => codeOf(answer) === 'BUNDLE_REQUIRED',
    );
  });

  test('that holds nothing yet is not sold to an owner', async () => {
    const empty = { input: { bundle: 'AI_CHATBOT', on: true, mode: 'PLAN' } };
    expect((await alpha.owner.data<Switched>(change, empty)).switchBundle).toMatchObject({
      reason: 'BUNDLE_EMPTY',
    });
  });

  test("is the owner's to switch, and no word of a client gives one", async () => {
    const input = { bundle: 'ADVANCED_CRM', on: true, mode: 'PLAN' };
    expect(codeOf(await alpha.noc.ask(change, { input }))).toBe('FORBIDDEN');
    const record = 'mutation ($input: RecordTenantBundlesInput!) { recordTenantBundles(input: $input) }';
    const { tenant: own } = await alpha.owner.data<{ tenant: { id: string } }>('{ tenant { id } }');
    for (const user of [alpha.owner, alpha.key, operator, partner]) {
      const answer = await user.ask(record, { input: { tenantId: own.id, bundles: ['ADVANCED_CRM'] } });
      expect(codeOf(answer)).toBe('FORBIDDEN');
    }
  });
});
