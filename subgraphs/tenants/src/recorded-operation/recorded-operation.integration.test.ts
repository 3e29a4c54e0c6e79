import { startTestRuntime, type TestRuntime } from '@dotmac/harness';
import type { PlatformDatabase } from '@dotmac/migrations';
import { generateSigningKey } from '@dotmac/platform';
import { anonymous, type PlatformEvents, type Principal, scopesOf } from '@dotmac/schema';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createKey, tenants } from '../index.ts';

let runtime: TestRuntime<PlatformDatabase, PlatformEvents>;
beforeAll(async () => {
  const { key } = generateSigningKey('platform-1');
  runtime = await startTestRuntime('platform', (services) => [tenants(services, { identityKey: key })]);
});
afterAll(() => runtime[Symbol.asyncDispose]());

const person = (more: Partial<Principal>): Principal => ({
  ...anonymous,
  kind: 'user',
  id: 'usr_1',
  ...more,
});
const owner = person({ tenantId: 'ten_1', roles: ['OWNER'], scopes: scopesOf(['OWNER']) });
const operator = person({ roles: ['OPERATOR'], scopes: scopesOf(['OPERATOR']) });

async function key(tenantId: string): Promise<string> {
  const { services } = runtime;
  const made = await services.database.transaction().execute((transaction) =>
    createKey(services, transaction, {
      name: 'crm',
      tenantId,
      partnerId: null,
      scopes: ['customers:read'],
      allowedAddresses: [],
      expiresAt: null,
      trustedDocumentsOnly: false,
      createdBy: 'usr_1',
      traceId: '0'.repeat(32),
    }),
  );
  return made.key.id;
}

interface Page {
  readonly apiKeyRecords: {
    readonly edges: readonly {
      readonly node: { readonly apiKey: { readonly id: string }; readonly [name: string]: unknown };
    }[];
    readonly pageInfo: { readonly endCursor: string; readonly hasNextPage: boolean };
  };
}
const ask = (principal: Principal, args = '') =>
  runtime.ask<Page>(
    'tenants',
    `{ apiKeyRecords${args} { edges { node { apiKey { id } tenantId complete operations { hash text operationName } } }
       pageInfo { endCursor hasNextPage } } }`,
    {},
    principal,
  );

test('an owner sees what his own keys asked, an operator what all did, page by page; nobody else anything', async () => {
  const [mine, theirs, revoked] = [await key('ten_1'), await key('ten_2'), await key('ten_1')];
  const { database } = runtime.services;
  const hash = 'a'.repeat(64);
  await sql`insert into identity.recorded_document values (${hash}, '{ a }')`.execute(database);
  await sql`insert into identity.recorded_operation values (${mine}, ${hash}, '', now(), now())`.execute(
    database,
  );
  await sql`insert into identity.operation_gap values (${theirs}, 'TOO_MANY', now())`.execute(database);
  await sql`update identity.api_key set revoked_at = now() where id = ${revoked}`.execute(database);

  const own = await ask(owner);
  expect(own.data?.apiKeyRecords.edges.map(({ node }) => node)).toEqual([
    {
      apiKey: { id: mine },
      tenantId: 'ten_1',
      complete: true,
      operations: [{ hash, text: '{ a }', operationName: '' }],
    },
  ]);
  const first = (await ask(operator, '(first: 1)')).data?.apiKeyRecords;
  const second = (await ask(operator, `(first: 1, after: "${first?.pageInfo.endCursor}")`)).data
    ?.apiKeyRecords;
  expect([first?.pageInfo.hasNextPage, second?.pageInfo.hasNextPage]).toEqual([true, false]);
  const nodes = [...(first?.edges ?? []), ...(second?.edges ?? [])].map(({ node }) => [
    node.apiKey.id,
    node.complete,
  ]);
  expect(new Map(nodes as [string, boolean][])).toEqual(
    new Map([
      [mine, true],
      [theirs, false],
    ]),
  );
  const noc = person({ tenantId: 'ten_1', roles: ['NOC'], scopes: scopesOf(['NOC']) });
  expect((await ask(noc)).errors?.[0]?.extensions?.code).toBe('FORBIDDEN');
});
