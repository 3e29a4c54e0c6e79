import { expect, test } from 'vitest';
import { eventually, graphUser, subscribeWs } from '../client.ts';
import { shared } from '../shared.ts';

const { demo, operator, partner } = shared();
/** The operator in his own books: tenant zero. */
const books = {
  ask: <Data>(query: string, variables: Record<string, unknown> = {}) =>
    operator.ask<Data>(query, variables, { 'x-dotmac-tenant': 'operator' }).then(({ data, errors }) => {
      if (errors !== undefined || data == null) throw new Error(JSON.stringify(errors));
      return data;
    }),
};

test('a lead becomes a tenant, the tenant pays its first bill, the partner earns', async () => {
  const stream = subscribeWs<{
    commissionEvents: { entry: { tenant: { id: string }; amount: { amount: string; currency: string } } };
  }>(
    demo.graphql,
    demo.partner.token,
    'subscription { commissionEvents { cursor entry { amount { amount currency } base { amount } tenant { id } } } }',
  );
  const earned = stream.next();

  // The partner registers, the operator approves and asks for the tenant.
  const registered = await partner.data<{ registerLead: { id: string } }>(
    'mutation { registerLead(input: { company: "Charlie Net", email: "owner@charlie.example" }) { ... on Lead { id } ... on Failure { code message } } }',
  );
  const leadId = registered.registerLead.id;
  await operator.data('mutation ($id: ID!) { approveLead(input: { leadId: $id }) { __typename } }', {
    id: leadId,
  });
  const input = {
    slug: 'charlie',
    name: 'Charlie Net',
    timeZone: 'America/Toronto',
    currency: 'CAD',
    country: 'CA',
    ownerEmail: 'owner@charlie.example',
    leadId,
  };
  const created = await operator.data<{ createTenant: { id: string } }>(
    'mutation ($input: CreateTenantInput!) { createTenant(input: $input) { ... on Tenant { id } ... on Failure { code message } } }',
    { input },
  );
  const tenantId = created.createTenant.id;
  const { tenant } = await eventually(
    () =>
      operator.data<{
        tenant: {
          state: string;
          partner: { name: string } | null;
          provisioning: { steps: { state: string }[] }[];
        };
      }>(
        'query ($id: ID!) { tenant(id: $id) { state partner { name } provisioning { steps { name state } } } }',
        { id: tenantId },
      ),
    (answer) => answer.tenant.state === 'ACTIVE',
  );
  expect(tenant.partner).toEqual({ name: 'Tower Supply' });
  expect(tenant.provisioning[0]?.steps.every(({ state }) => state === 'SUCCEEDED')).toBe(true);

  // The ISP is a customer in the operator's own books by now, takes a bundle, gets its first bill and pays it.
  const { platformAccount } = await eventually(
    () =>
      books.ask<{ platformAccount: { customer: { id: string } } | null }>(
        'query ($id: ID!) { platformAccount(tenantId: $id) { customer { id } } }',
        { id: tenantId },
      ),
    (answer) => answer.platformAccount !== null,
  );
  const customerId = platformAccount?.customer.id ?? '';
  const { plans } = await books.ask<{ plans: { id: string; name: string }[] }>('{ plans { id name } }');
  const planId = plans.find(({ name }) => name === 'Reseller Platform')?.id;
  await books.ask(
    'mutation ($input: PlatformBundleInput!) { startBundle(input: $input) { __typename ... on Failure { code message } } }',
    {
      input: { customerId, planId },
    },
  );
  const issue = `mutation ($input: IssueInvoiceInput!) { issueInvoice(input: $input) {
    ... on InvoicePreview { fingerprint } ... on InvoicesIssued { invoices { id net { amount } gross { amount currency } } } ... on Failure { code message } } }`;
  const preview = await books.ask<{ issueInvoice: { fingerprint: string } }>(issue, {
    input: { customerId, mode: 'PLAN' },
  });
  const issued = await books.ask<{
    issueInvoice: { invoices: { net: { amount: string }; gross: { amount: string; currency: string } }[] };
  }>(issue, {
    input: { customerId, mode: 'APPLY', fingerprint: preview.issueInvoice.fingerprint },
  });
  const [invoice] = issued.issueInvoice.invoices;
  const paid = await books.ask<{ recordPayment: { __typename: string } }>(
    'mutation ($input: RecordPaymentInput!) { recordPayment(input: $input) { __typename ... on Failure { code message } } }',
    { input: { customerId, amount: invoice?.gross, method: 'bankTransfer', reference: 'charlie-1' } },
  );

  expect(paid.recordPayment.__typename).toBe('Payment');

  // 15 % of what was received net of tax, half a cent and more rounded up: the first bill is a part of a month and
  // differs from day to day.
  const { entry } = (await earned).commissionEvents;
  expect(entry.amount).toEqual({
    amount: ((BigInt(invoice?.net.amount ?? 0) * 15n + 50n) / 100n).toString(),
    currency: invoice?.gross.currency,
  });
  expect(entry.tenant).toEqual({ id: tenantId });
  await stream.close();

  // The partner's API key sees the same, and no more.
  const key = graphUser(demo.graphql, demo.partner.apiKey);
  const { commissions } = await key.data<{ commissions: { amount: { amount: string } }[] }>(
    '{ commissions { amount { amount } } }',
  );
  expect(commissions[0]?.amount.amount).toBe(entry.amount.amount);
  expect((await key.ask('{ tenants { edges { node { id } } } }')).errors?.[0]?.extensions?.code).toBe(
    'FORBIDDEN',
  );
});
