import type { PlatformDatabase } from '@dotmac/migrations';
import { type Executor, type Logger, type SigningKey, signToken, systemClock } from '@dotmac/platform';
import { DomainError, systemPrincipal, ValidationError } from '@dotmac/schema';
import { type PlatformBooks, tenantBySlug } from '@dotmac/subgraph-tenants';
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
  async function ask<Account>(fields: string, variables: Record<string, unknown>, declared = '') {
    const tenantZero = await tenantBySlug(database, operatorSlug);
    if (tenantZero === null) throw new Error('Tenant zero is missing');
    const principal = systemPrincipal('platform-bill', tenantZero.id, [
      'customers:read',
      'billing:read',
      'platform:read',
    ]);
    const token = await signToken(principal, {
      key: identityKey,
      issuer: 'dotmac',
      audience: 'gateway',
      lifetimeSeconds: 60,
      clock: systemClock,
    });
    try {
      const { platformAccount } = await graphClient(url, token).ask<{ platformAccount: Account | null }>(
        `query ($tenantId: ID!${declared}) { platformAccount(tenantId: $tenantId) { ${fields} } }`,
        variables,
      );
      return platformAccount;
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
  const noInvoices = {
    edges: [],
    pageInfo: { hasNextPage: false, hasPreviousPage: false, startCursor: null, endCursor: null },
  };
  return {
    async account(tenantId) {
      type Found = { liveFrom: string; customer: { balance: never }; rateCard: never };
      const found = await ask<Found>(
        `liveFrom customer { balance ${amount} } rateCard { name versions { version effectiveFrom price ${amount} minimum ${amount} bands { upTo unitPrice } } }`,
        { tenantId },
      );
      if (found === null) return null;
      const { liveFrom, customer, rateCard } = found;
      return { liveFrom, balance: customer.balance, rateCard };
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
        'days(from: $from, to: $to) { localDate activeSubscribers digest }',
        { tenantId, from, to },
        ', $from: LocalDate!, $to: LocalDate!',
      );
      return found?.days ?? [];
    },
  };
}
