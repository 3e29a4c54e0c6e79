import { principalWith, startTestRuntime, type TestRuntime } from '@dotmac/harness';
import type { TenantDatabase } from '@dotmac/migrations';
import { generateSigningKey } from '@dotmac/platform';
import { anonymous, type TenantEvents } from '@dotmac/schema';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { subscribers } from '../index.ts';

let tenant: TestRuntime<TenantDatabase, TenantEvents>;
beforeAll(async () => {
  tenant = await startTestRuntime<TenantDatabase, TenantEvents>('tenant', (services) => [
    subscribers(services, { signingKey: generateSigningKey('test').key }),
  ]);
});
afterAll(() => tenant[Symbol.asyncDispose]());

interface Entry {
  readonly actor: string;
  readonly actorKind: string;
  readonly field: string;
  readonly outcome: string | null;
}
const trail = async (filter = '', page = 'first: 10') => {
  const { auditTrail } = await tenant.data<{
    auditTrail: { edges: { cursor: string; node: Entry }[]; pageInfo: { hasNextPage: boolean } };
  }>(
    'subscribers',
    `{ auditTrail(${page} ${filter}) { edges { cursor node { actor actorKind field outcome } } pageInfo { hasNextPage } } }`,
  );
  return auditTrail;
};

test('every change that is asked for is on record with its outcome, refused ones too', async () => {
  const two = `mutation { first: createCustomer(input: { name: "Ada", email: "ada@example.net" }) { __typename }
    ...second }
    fragment second on Mutation {
      again: createCustomer(input: { name: "Eve", email: "ada@example.net" }) { __typename } }`;
  await tenant.post('subscribers', two);
  const reader = { ...principalWith('customers:read'), id: 'key_reader' };
  await tenant.post(
    'subscribers',
    'mutation { createCustomer(input: { name: "No" }) { __typename } }',
    reader,
  );
  const signIn = `mutation { signInSubscriber(input: { email: "a@b.c", password: "secret words" }) { __typename } }`;
  await tenant.post('subscribers', signIn, anonymous);
  await tenant.post('subscribers', '{ customers { edges { node { id } } } }');

  const entries = (await trail()).edges.map(({ node }) => node);
  expect(entries.map(({ field, outcome }) => [field, outcome])).toEqual([
    ['signInSubscriber', 'SubscriberSignInError'],
    ['createCustomer', 'FORBIDDEN'],
    ['createCustomer', 'ConflictError'],
    ['createCustomer', 'Customer'],
  ]);
  expect(entries[0]).toMatchObject({ actor: 'anonymous', actorKind: 'anonymous' });
  expect(JSON.stringify(entries)).not.toContain('secret words');
  expect((await trail('actor: "key_reader"')).edges.map(({ node }) => node.actor)).toEqual(['key_reader']);

  const first = await trail('field: "createCustomer"', 'first: 1');
  expect(first.pageInfo.hasNextPage).toBe(true);
  const rest = await trail(`after: "${first.edges[0]?.cursor}" field: "createCustomer"`, 'first: 5');
  expect(rest.edges.map(({ node }) => node.outcome)).toEqual(['ConflictError', 'Customer']);
});

test('a change that is done is answered although its outcome cannot be put on record', async () => {
  const { database } = tenant.services;
  await sql`alter table runtime.audit_outcome rename to hidden`.execute(database);
  const { data, errors } = await tenant.post(
    'subscribers',
    'mutation { createCustomer(input: { name: "Grace" }) { __typename } }',
  );
  await sql`alter table runtime.hidden rename to audit_outcome`.execute(database);
  expect([data, errors]).toEqual([{ createCustomer: { __typename: 'Customer' } }, undefined]);
  expect((await trail('', 'first: 1')).edges[0]?.node).toMatchObject({
    field: 'createCustomer',
    outcome: null,
  });
});

test('what cannot be put on record is not done', async () => {
  const { database } = tenant.services;
  await sql`alter table runtime.audit rename to hidden`.execute(database);
  await tenant.post('subscribers', 'mutation { createCustomer(input: { name: "Nobody" }) { __typename } }');
  await sql`alter table runtime.hidden rename to audit`.execute(database);
  const { customers } = await tenant.data<{ customers: { edges: unknown[] } }>(
    'subscribers',
    '{ customers(search: "Nobody") { edges { node { id } } } }',
  );
  expect(customers.edges).toEqual([]);
});

test('only who may read the trail does', async () => {
  const { errors } = await tenant.ask(
    'subscribers',
    '{ auditTrail { edges { node { actor } } } }',
    {},
    principalWith('customers:read', 'tenant:read'),
  );
  expect(errors?.[0]?.extensions).toMatchObject({ code: 'FORBIDDEN', missingScope: 'audit:read' });
});

test('a cursor that is none is named', async () => {
  const { errors } = await tenant.ask('subscribers', '{ auditTrail(after: "x") { edges { cursor } } }');
  expect(errors?.[0]).toMatchObject({ message: '"x" is no cursor of this connection' });
});
