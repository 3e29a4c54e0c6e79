import { everyScope, startTestRuntime, type TestRuntime } from '@dotmac/harness';
import type { PlatformDatabase } from '@dotmac/migrations';
import {
  generateSigningKey,
  hashPassword,
  newId,
  readVerificationKeys,
  systemClock,
  verifyToken,
} from '@dotmac/platform';
import { anonymous, type PlatformEvents, type Principal, scopesOf } from '@dotmac/schema';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { addMembership, ensureAccount, tenants } from './index.ts';

const identity = generateSigningKey('identity');
let platform: TestRuntime<PlatformDatabase, PlatformEvents>;
beforeAll(async () => {
  platform = await startTestRuntime<PlatformDatabase, PlatformEvents>('platform', (services) => [
    tenants(services, { identityKey: identity.key }),
  ]);
});
afterAll(() => platform[Symbol.asyncDispose]());

const operator: Principal = { ...everyScope, tenantId: null, roles: ['OPERATOR'] };
const ownerOf = (tenantId: string): Principal => ({
  ...anonymous,
  kind: 'user',
  id: `usr_owner_${tenantId}`,
  tenantId,
  roles: ['OWNER'],
  scopes: scopesOf(['OWNER']),
});

async function ask<T>(query: string, variables: object, principal: Principal): Promise<T> {
  const { data, errors } = await platform.ask<T>('tenants', query, { ...variables }, principal);
  if (errors !== undefined || data == null) throw new Error(JSON.stringify(errors));
  return data;
}

const createTenant = (slug: string) =>
  ask<{ createTenant: { __typename: string; id: string; state: string; reason: string } }>(
    `mutation ($input: CreateTenantInput!) { createTenant(input: $input) {
      __typename ... on Tenant { id state } ... on ConflictError { reason } ... on ValidationError { field } } }`,
    {
      input: {
        slug,
        name: slug,
        timeZone: 'Europe/Berlin',
        currency: 'EUR',
        country: 'DE',
        ownerEmail: `owner@${slug}.example`,
      },
    },
    operator,
  ).then((data) => data.createTenant);

const signIn = (input: { email: string; password: string; tenant?: string }) =>
  ask<{ signIn: { __typename: string; token: string; code: string; reason: string } }>(
    `mutation ($input: SignInInput!) { signIn(input: $input) {
      __typename ... on SignedIn { token } ... on SignInError { code } ... on ConflictError { reason } } }`,
    { input },
    anonymous,
  ).then((data) => data.signIn);

async function person(
  email: string,
  password: string,
  places: readonly { tenantId: string; role: 'NOC' | 'OWNER' }[],
): Promise<string> {
  const { database, clock } = platform.services;
  const createdAt = new Date(clock.now());
  const passwordHash = await hashPassword(password);
  return database.transaction().execute(async (transaction) => {
    const account = await ensureAccount(transaction, {
      id: newId('usr', clock),
      email,
      name: email,
      passwordHash,
      createdAt,
    });
    for (const place of places) {
      await addMembership(transaction, {
        id: newId('mbr', clock),
        accountId: account.id,
        partnerId: null,
        createdAt,
        ...place,
      });
    }
    return account.id;
  });
}

describe('tenants', () => {
  test('a request is answered at once and tells of itself; a slug is taken once', async () => {
    const tenant = await createTenant('first');
    expect(tenant).toMatchObject({ __typename: 'Tenant', state: 'PROVISIONING' });
    expect(await createTenant('first')).toMatchObject({ __typename: 'ConflictError', reason: 'SLUG_TAKEN' });
    await platform.services.events.flush();
    const events = await platform.services.events.read(0n, {
      types: ['tenant.requested'],
      subject: tenant.id,
    });
    expect(events.map(({ payload }) => payload)).toEqual([
      { tenantId: tenant.id, slug: 'first', name: 'first', leadId: null },
    ]);
  });

  test('a stream that begins with what stands tells every tenant once, and then what happens', async () => {
    await createTenant('stands');
    const stream = await platform.subscribe(
      'tenants',
      'subscription { provisioningEvents(initial: true) { snapshot { number of } tenant { slug state } } }',
      {},
      operator,
    );
    interface Told {
      readonly snapshot: { readonly number: number; readonly of: number } | null;
      readonly tenant: { readonly slug: string; readonly state: string };
    }
    const next = async () =>
      ((await stream.next()).value.data as { provisioningEvents: Told }).provisioningEvents;
    const standing = [await next()];
    for (let left = (standing[0]?.snapshot?.of ?? 0) - 1; left > 0; left -= 1) standing.push(await next());
    const known = await ask<{ tenants: { edges: { node: { slug: string } }[] } }>(
      '{ tenants(first: 200) { edges { node { slug } } } }',
      {},
      operator,
    );
    expect(standing.map(({ tenant }) => tenant.slug).sort()).toEqual(
      known.tenants.edges.map(({ node }) => node.slug).sort(),
    );
    expect(standing.map(({ snapshot }) => snapshot?.number)).toEqual(standing.map((_, index) => index + 1));
    await createTenant('happens');
    expect(await next()).toEqual({ snapshot: null, tenant: { slug: 'happens', state: 'PROVISIONING' } });
    await stream.return?.();
  });

  test('a tenant sees itself and no other', async () => {
    const [own, other] = [await createTenant('own'), await createTenant('other')];
    const query = 'query ($id: ID) { tenant(id: $id) { slug } }';
    expect(await ask(query, {}, ownerOf(own.id))).toEqual({ tenant: { slug: 'own' } });
    const foreign = await platform.ask('tenants', query, { id: other.id }, ownerOf(own.id));
    expect(JSON.stringify(foreign)).not.toContain('other');
  });
});

describe('sign-in', () => {
  test('gives a token for the gateway that says who and where', async () => {
    const tenant = await createTenant('signin');
    const id = await person('ada@signin.example', 'correct horse', [{ tenantId: tenant.id, role: 'NOC' }]);
    const { token } = await signIn({ email: ' Ada@signin.example ', password: 'correct horse' });
    const keys = readVerificationKeys({ [identity.key.id]: identity.publicPem });
    const { principal, issuer } = await verifyToken(token, { keys, audience: 'gateway', clock: systemClock });
    expect(issuer).toBe('dotmac');
    expect(principal).toMatchObject({ id, kind: 'user', tenantId: tenant.id, roles: ['NOC'] });
  });

  test('a wrong password and an unknown address get the same answer', async () => {
    await person('known@signin.example', 'right password', []);
    const wrong = await signIn({ email: 'known@signin.example', password: 'wrong password' });
    const unknown = await signIn({ email: 'unknown@signin.example', password: 'wrong password' });
    expect(wrong).toEqual(unknown);
    expect(wrong).toMatchObject({ __typename: 'SignInError', code: 'SIGN_IN_FAILED' });
  });

  test('who works for two tenants must name one', async () => {
    const [one, two] = [await createTenant('one'), await createTenant('two')];
    const places = [one, two].map(({ id }) => ({ tenantId: id, role: 'OWNER' as const }));
    await person('both@signin.example', 'correct horse', places);
    const sign = (tenant?: string) =>
      signIn({ email: 'both@signin.example', password: 'correct horse', ...(tenant && { tenant }) });
    expect(await sign()).toMatchObject({ __typename: 'ConflictError', reason: 'CHOOSE_TENANT' });
    expect(await sign('two')).toMatchObject({ __typename: 'SignedIn' });
  });
});

describe('API keys', () => {
  const create = (scopes: string[], principal: Principal) =>
    ask<{ createApiKey: { __typename: string; text: string; apiKey: { id: string }; field: string } }>(
      `mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) {
        __typename ... on CreatedApiKey { text apiKey { id } } ... on ValidationError { field } } }`,
      { input: { name: 'crm', scopes } },
      principal,
    ).then((data) => data.createApiKey);
  const revoke = (id: string, principal: Principal) =>
    ask<{ revokeApiKey: { __typename: string } }>(
      'mutation ($id: ID!) { revokeApiKey(input: { id: $id }) { __typename } }',
      { id },
      principal,
    ).then((data) => data.revokeApiKey.__typename);

  test('the text is shown once and only a hash is kept', async () => {
    const { text, apiKey } = await create(['billing:read'], ownerOf('ten_keys'));
    expect(text).toMatch(/^dm_(live|demo)_/);
    const row = await platform.services.database
      .selectFrom('identity.apiKey')
      .selectAll()
      .where('id', '=', apiKey.id)
      .executeTakeFirstOrThrow();
    expect(
      JSON.stringify(row, (_key, value) =>
        value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : value,
      ),
    ).not.toContain(text.split('_').at(-1));
  });

  test('nobody gives what he does not hold, or what only people hold', async () => {
    for (const scope of ['platform:write', 'partner:read', 'tenant:keys:write']) {
      expect(await create([scope], ownerOf('ten_keys'))).toMatchObject({
        __typename: 'ValidationError',
        field: 'input.scopes',
      });
    }
  });

  test("another tenant's key cannot be revoked", async () => {
    const { apiKey } = await create([], ownerOf('ten_a'));
    expect(await revoke(apiKey.id, ownerOf('ten_b'))).toBe('NotFoundError');
    expect(await revoke(apiKey.id, ownerOf('ten_a'))).toBe('ApiKey');
    expect(await revoke(apiKey.id, ownerOf('ten_a'))).toBe('NotFoundError');
  });
});

test('what is asked of the platform is on record for its operators, and for nobody else', async () => {
  const query =
    '{ platformAuditTrail(first: 1, field: "createTenant") { edges { node { actor outcome } } } }';
  await platform.post(
    'tenants',
    'mutation { createTenant(input: { slug: "audited", name: "Audited", timeZone: "Europe/Berlin", currency: "EUR", country: "DE", ownerEmail: "o@audited.example" }) { __typename } }',
    operator,
  );
  expect(await ask(query, {}, operator)).toEqual({
    platformAuditTrail: { edges: [{ node: { actor: operator.id, outcome: 'Tenant' } }] },
  });
  const { errors } = await platform.ask('tenants', query, {}, ownerOf('ten_own'));
  expect(errors?.[0]?.extensions).toMatchObject({ code: 'FORBIDDEN', missingScope: 'platform:read' });
});
