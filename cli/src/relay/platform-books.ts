import type { PlatformDatabase } from '@dotmac/migrations';
import { type Executor, type Logger, type SigningKey, signToken, systemClock } from '@dotmac/platform';
import {
  ConflictError,
  DomainError,
  NotFoundError,
  type Scope,
  StalePlanError,
  systemPrincipal,
  ValidationError,
} from '@dotmac/schema';
import {
  type BookedAccount,
  type BookedSwitch,
  type PlatformBooks,
  tenantBySlug,
} from '@dotmac/subgraph-tenants';
import { GraphError, graphClient } from '../graph-client.ts';
import { operatorSlug } from '../processes/operator.ts';

const amount = '{ amount currency }';
const explanation = (parts: string) =>
  `rule version formula arithmetic inputs { name value } facts { name value } ${parts}`;
const explain = explanation(
  `parts { input explanation { ${explanation(`parts { input explanation { ${explanation('')} } }`)} } }`,
);
const invoice = `number issuedOn dueOn net ${amount} tax ${amount} gross ${amount} open ${amount} state overdue hash snapshot
  lines { description from to days ofDays net ${amount} tax ${amount} explain { ${explain} } }
  taxes { name percent base ${amount} tax ${amount} }`;

/**
 * The operator's books as the control plane reads them for a tenant: one question to tenant zero through the gateway,
 * as a part of DotMac that may only read. Whose account it is goes in as a variable, from the tenant's own principal.
 */
export function openPlatformBooks(
  database: Executor<PlatformDatabase>,
  identityKey: SigningKey,
  url: string,
  logger: Logger,
): PlatformBooks {
  async function send<Data>(
    query: string,
    variables: Record<string, unknown>,
    scopes: readonly Scope[] = ['customers:read', 'billing:read', 'platform:read'],
  ): Promise<Data> {
    const tenantZero = await tenantBySlug(database, operatorSlug);
    if (tenantZero === null) throw new Error('Tenant zero is missing');
    const principal = systemPrincipal('platform-bill', tenantZero.id, scopes);
    const token = await signToken(principal, {
      key: identityKey,
      issuer: 'dotmac',
      audience: 'gateway',
      lifetimeSeconds: 60,
      clock: systemClock,
    });
    try {
      return await graphClient(url, token).ask<Data>(query, variables);
    } catch (error) {
      if (!(error instanceof GraphError)) throw error;
      if (error.code === 'VALIDATION') throw new ValidationError('after', error.message);
      logger.warn({ error, tenant: variables.tenantId }, 'tenant zero did not say what a tenant is billed');
      throw new DomainError(
        'PLATFORM_BOOKS_UNAVAILABLE',
        "The operator's books do not answer now; nothing is lost, ask again later",
      );
    }
  }
  async function ask<Account>(fields: string, variables: Record<string, unknown>, declared = '') {
    const { platformAccount } = await send<{ platformAccount: Account | null }>(
      `query ($tenantId: ID!${declared}) { platformAccount(tenantId: $tenantId) { ${fields} } }`,
      variables,
    );
    return platformAccount;
  }
  const noInvoices = {
    edges: [],
    pageInfo: { hasNextPage: false, hasPreviousPage: false, startCursor: null, endCursor: null },
  };
  return {
    async account(tenantId) {
      type Found = { customer: { balance: BookedAccount['balance'] } } & Omit<BookedAccount, 'balance'>;
      const found = await ask<Found>(
        `liveFrom customer { balance ${amount} } rateCard { name versions { version effectiveFrom price ${amount} minimum ${amount} bands { upTo unitPrice } } }
        trial { paidFrom daysLeft coversBundles firstInvoiceOn } bundles { bundle on paidFrom plan { name price ${amount} } }`,
        { tenantId },
      );
      if (found === null) return null;
      const { customer, ...account } = found;
      return { ...account, balance: customer.balance };
    },
    async invoices(tenantId, { first, after }) {
      const found = await ask<{ invoices: never }>(
        `invoices(first: $first, after: $after) { edges { cursor node { ${invoice} } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } }`,
        { tenantId, first, after },
        ', $first: Int, $after: String',
      );
      return found?.invoices ?? noInvoices;
    },
    async invoice(tenantId, number) {
      const found = await ask<{ invoice: never }>(
        `invoice(number: $number) { ${invoice} }`,
        { tenantId, number },
        ', $number: String!',
      );
      return found?.invoice ?? null;
    },
    async file(tenantId, number, format) {
      const found = await ask<{ invoice: { document: never } | null }>(
        'invoice(number: $number) { document(format: $format) { mediaType fileName base64 } }',
        { tenantId, number, format },
        ', $number: String!, $format: DocumentFormat!',
      );
      return found?.invoice?.document ?? null;
    },
    async days(tenantId, from, to) {
      const found = await ask<{ days: never }>(
        'days(from: $from, to: $to) { localDate activeSubscribers countedSubscribers digest restatements { activeSubscribers added removed digest because restatedAt } }',
        { tenantId, from, to },
        ', $from: LocalDate!, $to: LocalDate!',
      );
      return found?.days ?? [];
    },
    async switchBundle(tenantId, { bundle, on, fingerprint }) {
      const mode = fingerprint === null ? 'PLAN' : 'APPLY';
      const { switchPlatformBundle: result } = await send<{ switchPlatformBundle: Answer & SwitchAnswer }>(
        `mutation ($input: SwitchPlatformBundleInput!) { switchPlatformBundle(input: $input) { __typename
          ... on BundleSwitchPreview { fingerprint from charges { now { gross ${amount} lines { description from to net ${amount} } } } }
          ... on BundleSwitched { from } ${failure} } }`,
        { input: { tenantId, bundle, on, mode, fingerprint } },
        writing,
      );
      refuse(result);
      const done = mode === 'APPLY';
      const { from, charges } = result;
      return { done, from, fingerprint: fingerprint ?? result.fingerprint ?? '', now: charges?.now ?? null };
    },
    async endTrial(tenantId) {
      const { setPlatformTrial: result } = await send<{
        setPlatformTrial: Answer & { trial: { paidFrom: string } };
      }>(
        `mutation ($input: SetPlatformTrialInput!) { setPlatformTrial(input: $input) { __typename ... on PlatformAccount { trial { paidFrom } } ${failure} } }`,
        { input: { tenantId } },
        writing,
      );
      refuse(result);
      return result.trial.paidFrom;
    },
  };
}

const writing = ['customers:read', 'billing:read', 'platform:read', 'platform:write'] as const;
const failure =
  '... on Failure { code message } ... on ConflictError { reason } ... on NotFoundError { type missingId } ... on ValidationError { field }';

/** A result union: the fields of its failures are absent in what succeeded. */
interface Answer {
  readonly code?: string;
  readonly message?: string;
  readonly reason?: string;
  readonly type?: string;
  readonly missingId?: string;
  readonly field?: string;
}
interface SwitchAnswer {
  readonly fingerprint?: string;
  readonly from: string;
  readonly charges?: { readonly now: BookedSwitch['now'] };
}

/** Says a failure of the books as this side says it. @throws ConflictError, NotFoundError, StalePlanError, ValidationError */
function refuse({ code, message = '', reason = '', type = '', missingId = '', field = '' }: Answer): void {
  switch (code) {
    case undefined:
      return;
    case 'CONFLICT':
      throw new ConflictError(reason, message);
    case 'NOT_FOUND':
      throw new NotFoundError(type, missingId);
    case 'STALE_PLAN':
      throw new StalePlanError(message);
    case 'VALIDATION':
      throw new ValidationError(field, message);
    default:
      throw new GraphError(code, message);
  }
}
