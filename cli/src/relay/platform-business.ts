import type { PlatformDatabase } from '@dotmac/migrations';
import { type Logger, type Services, type SigningKey, signToken, systemClock } from '@dotmac/platform';
import { type PlatformEvents, type Scope, systemPrincipal } from '@dotmac/schema';
import { tenantBySlug } from '@dotmac/subgraph-tenants';
import { expectResult, type GraphClient, graphClient } from '../graph-client.ts';
import { operatorSlug } from '../processes/operator.ts';
import { relayMetering } from './metering.ts';
import { runRelay } from './relay.ts';

export interface PlatformBusinessOptions {
  readonly services: Services<PlatformDatabase, PlatformEvents>;
  readonly identityKey: SigningKey;
  /** Of the gateway. */
  readonly url: string;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

/**
 * What ties the control plane to the operator's own books in tenant zero: a tenant that comes to life becomes a
 * customer there, its daily counts of subscribers are billed there, and what it pays becomes commission here.
 */
export async function startPlatformBusiness(options: PlatformBusinessOptions): Promise<void> {
  const { services, identityKey, url } = options;
  const tenantZero = await tenantBySlug(services.database, operatorSlug);
  if (tenantZero === null) throw new Error('Tenant zero is missing');
  const tokenFor = (tenantId: string | null, scopes: readonly Scope[]) => () =>
    signToken(systemPrincipal('relay', tenantId, scopes), {
      key: identityKey,
      issuer: 'dotmac',
      audience: 'gateway',
      lifetimeSeconds: 3600,
      clock: systemClock,
    });
  const books = tokenFor(tenantZero.id, [
    'customers:read',
    'customers:write',
    'billing:read',
    'platform:read',
    'platform:write',
  ]);
  const plane = tokenFor(null, ['platform:read']);
  void relayMetering({
    plane: async () => graphClient(url, await plane()),
    books: async () => graphClient(url, await books()),
    isp: async (tenantId) => graphClient(url, await tokenFor(tenantId, ['billing:read'])()),
    logger: options.logger,
    signal: options.signal,
  });
  const common = { database: services.database, url, logger: options.logger, signal: options.signal };

  void runRelay<LiveTenant | null>({
    ...common,
    name: 'tenants-to-customers',
    scope: 'platform',
    token: plane,
    query:
      'subscription ($after: Cursor) { provisioningEvents(after: $after) { cursor tenantState tenant { id slug name ownerEmail } } }',
    eventOf: (data) => {
      const { provisioningEvents: event } = data as {
        provisioningEvents: { cursor: string; tenantState: string | null; tenant: LiveTenant };
      };
      // Tenant zero does not bill itself.
      const live = event.tenantState === 'ACTIVE' && event.tenant.slug !== operatorSlug;
      return { cursor: event.cursor, event: live ? event.tenant : null };
    },
    deliver: async (tenant) => {
      if (tenant !== null) await openAccount(graphClient(url, await books()), tenant);
    },
  });

  void runRelay<MoneySeen>({
    ...common,
    name: 'payments-to-commission',
    scope: tenantZero.id,
    token: books,
    query: `subscription ($after: Cursor) { billingEvents(after: $after, types: [PAYMENT_RECEIVED, PAYMENT_APPLIED, PAYMENT_RETURNED]) { cursor __typename
      ... on PaymentReceived { payment { id receivedAt amount { currency } allocations { net { amount } } customer { account { tenantId } } } }
      ... on PaymentApplied { net { amount currency } invoice { id } payment { id receivedAt customer { account { tenantId } } } }
      ... on PaymentReturned { returnId net { amount currency } payment { id customer { account { tenantId } } } } } }`,
    eventOf: (data) => {
      const { billingEvents: event } = data as { billingEvents: MoneySeen & { cursor: string } };
      return { cursor: event.cursor, event };
    },
    deliver: async (event) => {
      const client = graphClient(url, await plane());
      if (event.__typename === 'PaymentReceived') return earn(client, event.payment);
      return event.__typename === 'PaymentApplied' ? earnLater(client, event) : clawBack(client, event);
    },
  });

  void runRelay<BundlesSeen>({
    ...common,
    name: 'bundles-to-entitlements',
    scope: tenantZero.id,
    token: books,
    query: `subscription ($after: Cursor) { billingEvents(after: $after, types: [PLATFORM_BUNDLES_CHANGED]) { cursor
      ... on PlatformBundlesChanged { tenantId bundles } } }`,
    eventOf: (data) => {
      const { billingEvents: event } = data as { billingEvents: BundlesSeen & { cursor: string } };
      return { cursor: event.cursor, event };
    },
    // Each word names all bundles: told twice, or late, the last one holds.
    deliver: async ({ tenantId, bundles }) => {
      await graphClient(url, await plane()).ask(
        'mutation ($input: RecordTenantBundlesInput!) { recordTenantBundles(input: $input) }',
        { input: { tenantId, bundles } },
      );
    },
  });
}

interface BundlesSeen {
  readonly tenantId: string;
  readonly bundles: readonly string[];
}

interface LiveTenant {
  readonly id: string;
  readonly slug: string;
  readonly name: string;
  readonly ownerEmail: string;
}

/** The ISP as a customer of the operator's, once: the account is looked up by the tenant's id first. */
async function openAccount(books: GraphClient, tenant: LiveTenant): Promise<void> {
  const known = await books.ask<{ platformAccount: unknown }>(
    'query ($id: ID!) { platformAccount(tenantId: $id) { tenantId } }',
    { id: tenant.id },
  );
  if (known.platformAccount !== null) return;
  const customerId =
    (await customerByEmail(books, tenant.ownerEmail)) ?? (await createCustomer(books, tenant));
  const opened = await books.ask<{ openPlatformAccount: { __typename: string } }>(
    `mutation ($input: OpenPlatformAccountInput!) { openPlatformAccount(input: $input) { __typename ... on Failure { code message } } }`,
    { input: { tenantId: tenant.id, customerId } },
  );
  expectResult(opened.openPlatformAccount, 'PlatformAccount');
}

/** Left over from a delivery that was cut off in the middle. */
async function customerByEmail(books: GraphClient, email: string): Promise<string | null> {
  const { customers } = await books.ask<{
    customers: { edges: { node: { id: string; email: string | null } }[] };
  }>('query ($email: String!) { customers(search: $email) { edges { node { id email } } } }', { email });
  return customers.edges.find(({ node }) => node.email === email)?.node.id ?? null;
}

async function createCustomer(books: GraphClient, { name, ownerEmail }: LiveTenant): Promise<string> {
  const data = await books.ask<{ createCustomer: { __typename: string; id: string } }>(
    'mutation ($input: CreateCustomerInput!) { createCustomer(input: $input) { __typename ... on Customer { id } ... on Failure { code message } } }',
    { input: { name, email: ownerEmail } },
  );
  return expectResult(data.createCustomer, 'Customer').id;
}

interface PaymentSeen {
  readonly id: string;
  readonly receivedAt: string;
  readonly amount: { readonly currency: string };
  readonly allocations: readonly { readonly net: { readonly amount: string } }[];
  readonly customer: { readonly account: { readonly tenantId: string | null } | null };
}

interface ReturnSeen {
  readonly __typename: 'PaymentReturned';
  readonly returnId: string;
  readonly net: { readonly amount: string; readonly currency: string };
  readonly payment: Pick<PaymentSeen, 'id' | 'customer'>;
}
interface AppliedSeen {
  readonly __typename: 'PaymentApplied';
  readonly net: { readonly amount: string; readonly currency: string };
  readonly invoice: { readonly id: string };
  readonly payment: Pick<PaymentSeen, 'id' | 'receivedAt' | 'customer'>;
}

/** What a payment left as credit earns when it pays an invoice; the payment's own day counts. */
async function earnLater(plane: GraphClient, { net, invoice, payment }: AppliedSeen): Promise<void> {
  const tenantId = payment.customer.account?.tenantId ?? null;
  if (tenantId === null) return;
  await plane.ask(
    'mutation ($input: RecordTenantPaymentInput!) { recordTenantPayment(input: $input) { id } }',
    {
      input: {
        paymentId: `${payment.id}:${invoice.id}`,
        tenantId,
        netAmount: net.amount,
        currency: net.currency,
        receivedAt: payment.receivedAt,
      },
    },
  );
}
type MoneySeen =
  | AppliedSeen
  | { readonly __typename: 'PaymentReceived'; readonly payment: PaymentSeen }
  | ReturnSeen;

/** What went back takes back what it earned. */
async function clawBack(plane: GraphClient, { returnId, net, payment }: ReturnSeen): Promise<void> {
  const tenantId = payment.customer.account?.tenantId ?? null;
  if (tenantId === null) return;
  const { amount: netAmount, currency } = net;
  await plane.ask(
    'mutation ($input: RecordTenantReturnInput!) { recordTenantReturn(input: $input) { id } }',
    {
      input: { returnId, paymentId: payment.id, tenantId, netAmount, currency },
    },
  );
}

/** Commission is on cash net of tax: the net shares of what the payment paid. */
async function earn(plane: GraphClient, payment: PaymentSeen): Promise<void> {
  const tenantId = payment.customer.account?.tenantId ?? null;
  if (tenantId === null) return;
  const net = payment.allocations.reduce((sum, allocation) => sum + BigInt(allocation.net.amount), 0n);
  await plane.ask(
    'mutation ($input: RecordTenantPaymentInput!) { recordTenantPayment(input: $input) { id } }',
    {
      input: {
        paymentId: payment.id,
        tenantId,
        netAmount: net.toString(),
        currency: payment.amount.currency,
        receivedAt: payment.receivedAt,
      },
    },
  );
}
