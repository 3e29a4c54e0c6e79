import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually } from '../testing/eventually.ts';
import { staff, startWorld, type World } from '../testing/world.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world[Symbol.asyncDispose]());

const who = { query: '{ whoAmI { kind id tenantId roles scopes } }' };
const subscriber = { kind: 'subscriber', id: 'cus_1', tenantId: 'ten_alpha', customerId: 'cus_1' } as const;

describe('a token', () => {
  test('of staff gives the scopes of its roles', async () => {
    const { body } = await world.query(who, { token: await world.token(staff('alpha', 'NOC')) });
    expect(body.data?.whoAmI).toMatchObject({ kind: 'user', tenantId: 'ten_alpha', roles: ['NOC'] });
    expect(body.data).toHaveProperty('whoAmI.scopes', expect.arrayContaining(['network:write']));
    expect(body.data).toHaveProperty('whoAmI.scopes', expect.not.arrayContaining(['billing:read']));
  });

  test('claims no role that its membership does not hold', async () => {
    const token = await world.token({ ...staff('alpha', 'NOC'), roles: ['OWNER', 'OPERATOR'] });
    const { body } = await world.query(who, { token });
    expect([body.data ?? null, body.errors?.[0]?.extensions.code]).toEqual([null, 'UNAUTHENTICATED']);
  });

  test('ends with the membership', async () => {
    await world.person('usr_leaver', { tenantId: 'ten_alpha', role: 'NOC' });
    const token = await world.token({ id: 'usr_leaver', tenantId: 'ten_alpha', roles: ['NOC'] });
    await eventually(async () => expect((await world.query(who, { token })).status).toBe(200));
    await world.database.query(`update identity.account set disabled_at = now() where id = 'usr_leaver'`);
    await eventually(async () => expect((await world.query(who, { token })).status).toBe(401));
  });

  test.each([
    ['no token', 'nonsense'],
    ['a broken one', 'eyJhbGciOiJFZERTQSJ9.e30.AAAA'],
    ['none as algorithm', `${Buffer.from('{"alg":"none","kid":"platform-1"}').toString('base64url')}.e30.`],
  ])('is refused when it is %s', async (_, token) => {
    const { status, body } = await world.query(who, { token });
    expect([status, body.errors?.[0]?.extensions.code]).toEqual([401, 'UNAUTHENTICATED']);
  });

  test('is refused when it has expired', async () => {
    const token = await world.token(staff('alpha', 'NOC'), { lifetimeSeconds: -1 });
    const { status, body } = await world.query(who, { token });
    expect([status, body.errors?.[0]?.message]).toEqual([401, 'The token has expired']);
  });

  test('of a tenant’s key vouches for its own subscribers', async () => {
    const token = await world.token(subscriber, { tenantKey: 'alpha' });
    const { body } = await world.query(who, { token });
    expect(body.data?.whoAmI).toEqual({
      kind: 'subscriber',
      id: 'cus_1',
      tenantId: 'ten_alpha',
      roles: ['SUBSCRIBER'],
      scopes: [],
    });
  });

  test.each([
    ['another tenant', { ...subscriber, tenantId: 'ten_bravo' }],
    ['staff', { kind: 'user', id: 'usr_alpha_owner', tenantId: 'ten_alpha', roles: ['OWNER'] }],
    ['the system', { kind: 'system', id: 'system:relay', tenantId: 'ten_alpha', scopes: ['billing:write'] }],
  ] as const)('of a tenant’s key does not vouch for %s', async (_, principal) => {
    const token = await world.token(principal as never, { tenantKey: 'alpha' });
    expect((await world.query(who, { token })).status).toBe(401);
  });

  test('of the system has exactly its scopes', async () => {
    const token = await world.token({
      kind: 'system',
      id: 'system:relay',
      tenantId: 'ten_alpha',
      roles: ['OPERATOR'],
      scopes: ['billing:write'],
    });
    const { body } = await world.query(who, { token });
    expect(body.data?.whoAmI).toMatchObject({ kind: 'system', roles: [], scopes: ['billing:write'] });
  });
});

describe('the tenant', () => {
  const code = async (options: Parameters<World['query']>[1]) =>
    (await world.query(who, options)).body.errors?.[0]?.extensions.code;

  test('is the token’s; another one only with a membership there', async () => {
    const token = await world.token(staff('alpha', 'OWNER'));
    const toBravo = { token, headers: { 'x-dotmac-tenant': 'bravo' } };
    expect(await code(toBravo)).toBe('TENANT_FORBIDDEN');
    await world.person('usr_alpha_owner', { tenantId: 'ten_bravo', role: 'AUDITOR' });
    await eventually(async () => {
      expect((await world.query(who, toBravo)).body.data?.whoAmI).toMatchObject({
        tenantId: 'ten_bravo',
        roles: ['AUDITOR'],
      });
    });
  });

  test('is the same error for one that does not exist', async () => {
    const token = await world.token(staff('bravo', 'OWNER'));
    expect(await code({ token, headers: { 'x-dotmac-tenant': 'charlie' } })).toBe('TENANT_FORBIDDEN');
    expect(await code({ token, headers: { 'x-dotmac-tenant': 'alpha' } })).toBe('TENANT_FORBIDDEN');
  });

  test('is any for an operator, and needed in a tenant’s subgraphs', async () => {
    const token = await world.token({ id: 'usr_operator', roles: ['OPERATOR'] });
    for (const slug of ['alpha', 'bravo']) {
      const { body } = await world.query(who, { token, headers: { 'x-dotmac-tenant': slug } });
      expect(body.data?.whoAmI).toMatchObject({ tenantId: `ten_${slug}`, roles: ['OPERATOR'] });
    }
    expect(await code({ token })).toBe('TENANT_REQUIRED');
    expect((await world.query({ query: '{ platformViewer { id } }' }, { token })).body.data).toEqual({
      platformViewer: { id: 'usr_operator' },
    });
  });

  test('comes from the host name too, for strangers and for those who may', async () => {
    // fetch sets the host itself.
    const { request } = await import('undici');
    const ask = async (authorization?: string) => {
      const { body } = await request(`${world.gateway.url}/graphql`, {
        method: 'POST',
        headers: {
          host: 'bravo.example:4000',
          'content-type': 'application/json',
          ...(authorization === undefined ? {} : { authorization }),
        },
        body: JSON.stringify(who),
      });
      return (await body.json()) as Awaited<ReturnType<World['query']>>['body'];
    };
    expect((await ask()).data?.whoAmI).toMatchObject({ kind: 'anonymous', scopes: [] });
    const token = await world.token(staff('alpha', 'NOC'));
    expect((await ask(`Bearer ${token}`)).errors?.[0]?.extensions.code).toBe('TENANT_FORBIDDEN');
  });

  test('can be read but not changed while it is suspended', async () => {
    const token = await world.token(staff('bravo', 'OWNER'));
    const change = { query: 'mutation { renameCustomer(id: "c1", name: "Ada") { name } }' };
    expect((await world.query(change, { token })).body.data).toEqual({ renameCustomer: { name: 'Ada' } });
    await world.database.query(`update routing.route set state = 'SUSPENDED' where slug = 'bravo'`);
    await eventually(async () => {
      const { body } = await world.query(change, { token });
      expect(body.errors?.[0]?.extensions.code).toBe('TENANT_SUSPENDED');
    });
    expect((await world.query({ query: '{ customers { name } }' }, { token })).body.data).toHaveProperty(
      'customers',
    );
    expect((await world.query({ query: 'mutation { touchTenant }' }, { token })).body.data).toEqual({
      touchTenant: true,
    });
    await world.database.query(`update routing.route set state = 'CLOSED' where slug = 'bravo'`);
    await eventually(async () => expect(await code({ token })).toBe('TENANT_CLOSED'));
    await world.database.query(`update routing.route set state = 'ACTIVE' where slug = 'bravo'`);
    await eventually(async () => expect(await code({ token })).toBeUndefined());
  });
});

describe('an API key', () => {
  const accepted = (text: string) =>
    eventually(async () => expect((await world.query(who, { token: text })).status).toBe(200));

  test('does what its scopes say, in its own tenant', async () => {
    const { text, id } = await world.apiKey({ tenantId: 'ten_alpha', scopes: ['customers:read'] });
    await accepted(text);
    expect((await world.query(who, { token: text })).body.data?.whoAmI).toEqual({
      kind: 'apiKey',
      id,
      tenantId: 'ten_alpha',
      roles: [],
      scopes: ['customers:read'],
    });
    const { body } = await world.query(who, { token: text, headers: { 'x-dotmac-tenant': 'bravo' } });
    expect(body.errors?.[0]?.extensions.code).toBe('TENANT_FORBIDDEN');
    const denied = await world.query(
      { query: 'mutation { renameCustomer(id: "c1", name: "x") { id } }' },
      { token: text },
    );
    expect(denied.body.errors?.[0]?.extensions).toEqual({
      code: 'FORBIDDEN',
      missingScope: 'customers:write',
    });
  });

  test('is refused when it is revoked, expired, wrong, or used from elsewhere', async () => {
    const revoked = await world.apiKey({ tenantId: 'ten_alpha', scopes: [] });
    await accepted(revoked.text);
    await world.database.query('update identity.api_key set revoked_at = now() where id = $1', [revoked.id]);
    await eventually(async () => expect((await world.query(who, { token: revoked.text })).status).toBe(401));

    const expired = await world.apiKey({
      tenantId: 'ten_alpha',
      scopes: [],
      expiresAt: new Date(Date.now() - 1000),
    });
    const elsewhere = await world.apiKey({
      tenantId: 'ten_alpha',
      scopes: [],
      allowedAddresses: ['203.0.113.0/24', '2001:db8::/32'],
    });
    await eventually(async () =>
      expect((await world.query(who, { token: elsewhere.text })).status).toBe(403),
    );
    const { body } = await world.query(who, {
      token: elsewhere.text,
      headers: { 'x-forwarded-for': '203.0.113.7' },
    });
    expect(body.errors?.[0]?.extensions.code).toBe('FORBIDDEN');
    expect((await world.query(who, { token: expired.text })).body.errors?.[0]?.message).toBe(
      'The API key has expired',
    );
    const wrong = `${elsewhere.text.slice(0, -1)}${elsewhere.text.endsWith('0') ? '1' : '0'}`;
    expect((await world.query(who, { token: wrong })).status).toBe(401);
  });

  test('counts the client behind a trusted proxy', async () => {
    const proxied = await world.another({ trustedProxies: ['127.0.0.0/8'] });
    const { text } = await world.apiKey({
      tenantId: 'ten_alpha',
      scopes: [],
      allowedAddresses: ['203.0.113.0/24'],
    });
    const ask = async (forwarded: string) =>
      (await world.query(who, { token: text, url: proxied.url, headers: { 'x-forwarded-for': forwarded } }))
        .status;
    await eventually(async () => expect(await ask('203.0.113.7')).toBe(200));
    expect(await ask('203.0.113.7, 198.51.100.1')).toBe(403);
    expect(await ask('198.51.100.1, 203.0.113.7, 127.0.0.1')).toBe(200);
  });
});
