import { everyScope, startTestRuntime, type TestRuntime } from '@dotmac/harness';
import type { PlatformDatabase } from '@dotmac/migrations';
import { generateSigningKey } from '@dotmac/platform';
import { anonymous, type PlatformEvents, type Principal, scopesOf } from '@dotmac/schema';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { tenants } from '../index.ts';
import type { PlatformBooks } from './ports.ts';

/** Whose account was asked for; the books themselves are asked for real in the journey through the gateway. */
const asked: string[] = [];
const none = {
  edges: [],
  pageInfo: { hasNextPage: false, hasPreviousPage: false, startCursor: null, endCursor: null },
};
const books: PlatformBooks = {
  async account(tenantId) {
    asked.push(tenantId);
    const rateCard = { name: 'Card', versions: [] };
    const balance = { amount: '5', currency: 'USD' };
    return { liveFrom: '2026-11-01', balance, rateCard, trial: null, bundles: [] };
  },
  async invoices(tenantId, { first, after }) {
    asked.push(`${tenantId} ${first} ${after}`);
    return none;
  },
  async invoice(tenantId, number) {
    asked.push(`${tenantId} ${number}`);
    return null;
  },
  async file() {
    throw new Error('no invoice, no file');
  },
  async days(tenantId, from) {
    asked.push(`${tenantId} ${from}`);
    return [];
  },
  async switchBundle(tenantId, { bundle, on, fingerprint }) {
    asked.push(`${tenantId} ${bundle} ${on} ${fingerprint}`);
    return { done: fingerprint !== null, fingerprint: 'f', from: '2026-11-01', now: null };
  },
  async endTrial(tenantId) {
    asked.push(`${tenantId} end`);
    return '2026-11-01';
  },
};

let platform: TestRuntime<PlatformDatabase, PlatformEvents>;
let alone: typeof platform;
beforeAll(async () => {
  const { key: identityKey } = generateSigningKey('identity');
  const start = (way?: PlatformBooks) =>
    startTestRuntime<PlatformDatabase, PlatformEvents>('platform', (services) => [
      tenants(services, { identityKey, books: way }),
    ]);
  [platform, alone] = await Promise.all([start(books), start()]);
});
afterAll(async () => {
  await platform[Symbol.asyncDispose]();
  await alone[Symbol.asyncDispose]();
});

const memberOf = (tenantId: string | null, role: Principal['roles'][number]): Principal => ({
  ...anonymous,
  kind: 'user',
  id: `usr_${role}`,
  tenantId,
  roles: [role],
  scopes: scopesOf([role]),
});
const bill =
  '{ platformBill { balance { amount } invoices(first: 900) { edges { node { number } } } invoice(number: "INV-1") { number } days(from: "2026-11-01", to: "2026-12-01") { localDate } } }';

test('the account is that of the principal, and nothing in the question can say another', async () => {
  const answer = await platform.ask('tenants', bill, {}, memberOf('ten_a', 'OWNER'));
  expect(answer.errors).toBeUndefined();
  expect(asked.splice(0).sort()).toEqual(['ten_a', 'ten_a 2026-11-01', 'ten_a 50 null', 'ten_a INV-1']);
});

test.each([
  ['the NOC', memberOf('ten_a', 'NOC')],
  ['a technician', memberOf('ten_a', 'TECHNICIAN')],
  ['a subscriber', { ...memberOf('ten_a', 'SUBSCRIBER'), kind: 'subscriber' as const, customerId: 'cus_1' }],
  ['a partner', { ...memberOf(null, 'PARTNER'), partnerId: 'par_1' }],
  ['nobody', anonymous],
])('%s is refused before the books are asked', async (_who, principal) => {
  const { errors } = await platform.ask('tenants', bill, {}, principal);
  expect(errors?.[0]?.extensions).toMatchObject({ code: 'FORBIDDEN', missingScope: 'billing:read' });
  expect(asked.splice(0)).toEqual([]);
});

test('who acts in no tenant has no bill', async () => {
  const answer = await platform.ask('tenants', bill, {}, { ...everyScope, tenantId: null });
  expect(answer.data).toEqual({ platformBill: null });
  expect(asked.splice(0)).toEqual([]);
});

test.each([
  ['more days than a long month', 'days(from: "2026-01-01", to: "2026-12-01") { localDate }', 'to'],
  ['backwards', 'invoices(last: 2) { edges { node { number } } }', 'last'],
])('%s: refused by name', async (_what, field, named) => {
  const { errors } = await platform.ask(
    'tenants',
    `{ platformBill { ${field} } }`,
    {},
    memberOf('ten_a', 'OWNER'),
  );
  expect(errors?.[0]?.extensions).toMatchObject({ code: 'VALIDATION', field: named });
  asked.length = 0;
});

const switchBundle = (input: string) =>
  `mutation { switchBundle(input: { bundle: ADVANCED_CRM, on: true, ${input} }) { __typename ... on PlatformBundleSwitch { done } ... on ValidationError { field } } }`;

test('an owner switches bundles of his own tenant, and nobody below him', async () => {
  const owner = memberOf('ten_a', 'OWNER');
  expect((await platform.ask('tenants', switchBundle('mode: PLAN'), {}, owner)).data).toMatchObject({
    switchBundle: { done: false },
  });
  expect((await platform.ask('tenants', switchBundle('mode: APPLY'), {}, owner)).data).toMatchObject({
    switchBundle: { field: 'input.fingerprint' },
  });
  const apply = switchBundle('mode: APPLY, fingerprint: "f"');
  expect((await platform.ask('tenants', apply, {}, owner)).data).toMatchObject({
    switchBundle: { done: true },
  });
  expect(asked.splice(0)).toEqual(['ten_a ADVANCED_CRM true null', 'ten_a ADVANCED_CRM true f']);
  const endTrial = 'mutation { endTrial(input: {}) { __typename } }';
  for (const role of ['BILLING', 'NOC', 'SUPPORT', 'AUDITOR'] as const)
    for (const change of [apply, endTrial]) {
      const { errors } = await platform.ask('tenants', change, {}, memberOf('ten_a', role));
      expect(errors?.[0]?.extensions).toMatchObject({ missingScope: 'tenant:write' });
    }
  expect(asked.splice(0)).toEqual([]);
});

test('without a way to the books this is said', async () => {
  const { errors } = await alone.ask('tenants', bill, {}, memberOf('ten_a', 'OWNER'));
  expect(errors?.[0]?.extensions?.code).toBe('NO_PLATFORM_BOOKS');
});
