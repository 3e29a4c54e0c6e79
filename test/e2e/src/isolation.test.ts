import { globSync, readFileSync } from 'node:fs';
import { type IncomingMessage, type RequestOptions, request } from 'node:http';
import { text } from 'node:stream/consumers';
import pg from 'pg';
import { describe, expect, test } from 'vitest';
import { eventually, graphUser, subscribeWs, untilSeen } from './client.ts';
import { shared } from './shared.ts';

const { demo, home, operator, partner, tenant } = shared();
const alpha = tenant('alpha');
const bravo = tenant('bravo');
const names = '{ customers(first: 100) { edges { node { id name email } } } }';
interface Names {
  readonly customers: {
    readonly edges: readonly { readonly node: { readonly id: string; readonly name: string } }[];
  };
}
const codeOf = (answer: { errors?: readonly { extensions?: Record<string, unknown> }[] }) =>
  answer.errors?.[0]?.extensions?.code;

describe("another tenant's door", () => {
  test.each([
    ["owner's token", alpha.tokens.owner],
    ["NOC's token", alpha.tokens.noc],
    ["subscriber's token", alpha.tokens.subscriber],
    ['API key', alpha.apiKey],
  ])("alpha's %s does not open bravo", async (_what, token) => {
    const answer = await graphUser(demo.graphql, token).ask(names, {}, { 'x-dotmac-tenant': 'bravo' });
    expect(codeOf(answer)).toBe('TENANT_FORBIDDEN');
    expect(answer.data ?? null).toBeNull();
  });

  test("bravo's host name does not help", async () => {
    // fetch would not send a Host of our choice.
    const { body } = await post(new URL(demo.graphql), {
      authorization: `Bearer ${alpha.apiKey}`,
      host: 'bravo.localhost',
    });
    expect(JSON.parse(body)).toMatchObject({ errors: [{ extensions: { code: 'TENANT_FORBIDDEN' } }] });
  });

  test("an id of bravo's is nobody in alpha", async () => {
    const { customers } = await bravo.owner.data<Names>(names);
    const id = customers.edges[0]?.node.id;
    expect(await alpha.owner.data('query ($id: ID!) { customer(id: $id) { name } }', { id })).toEqual({
      customer: null,
    });
  });

  test("a cursor of bravo's is refused in alpha", async () => {
    const events = 'subscription ($after: Cursor) { networkEvents(after: $after) { cursor } }';
    const stream = subscribeWs<{ networkEvents: { cursor: string } }>(demo.graphql, bravo.tokens.noc, events);
    const [login] = bravo.logins;
    const logIn = () => bravo.lab.login(login?.username ?? '', login?.password ?? '');
    const { networkEvents } = await untilSeen(stream, () => true, logIn);
    await stream.close();
    const foreign = subscribeWs(demo.graphql, alpha.tokens.noc, events, { after: networkEvents.cursor });
    await expect(foreign.next()).rejects.toThrow('CURSOR_INVALID');
    await foreign.close();
  });

  test('a partner sees no tenant', async () => {
    expect(JSON.stringify(await partner.ask(names, {}, { 'x-dotmac-tenant': 'alpha' }))).not.toContain('Ada');
    expect(codeOf(await partner.ask('{ tenants { edges { node { id } } } }'))).toBe('FORBIDDEN');
  });

  test('an operator may, and says which', async () => {
    const answer = await operator.ask<Names>(names, {}, { 'x-dotmac-tenant': 'bravo' });
    expect(answer.data?.customers.edges.length).toBeGreaterThan(0);
  });
});

describe('an API key', () => {
  test('does what its scopes say', async () => {
    expect((await alpha.key.data<Names>(names)).customers.edges.length).toBeGreaterThan(0);
  });

  test.each([
    [
      'payments',
      'mutation { recordPayment(input: { customerId: "c", amount: { amount: "1", currency: "CAD" }, method: "cash", reference: "r" }) { __typename } }',
      'payments:write',
    ],
    [
      'passwords',
      'mutation { revealAccessPassword(input: { serviceId: "s", reason: "r" }) { __typename } }',
      'network:secrets:reveal',
    ],
    ['keys', '{ apiKeys { id } }', 'tenant:keys:write'],
  ])('and no more: %s', async (_what, query, missingScope) => {
    const answer = await alpha.key.ask(query);
    expect(answer.errors?.[0]?.extensions).toMatchObject({ code: 'FORBIDDEN', missingScope });
  });

  test('is worth nothing once it is revoked', async () => {
    const create =
      'mutation { createApiKey(input: { name: "short-lived", scopes: ["customers:read"] }) { ... on CreatedApiKey { text apiKey { id } } ... on Failure { message } } }';
    const { createApiKey } = await alpha.owner.data<{
      createApiKey: { text: string; apiKey: { id: string } };
    }>(create);
    const key = graphUser(demo.graphql, createApiKey.text);
    // A gateway hears of a new key within a second.
    await eventually(
      () => key.ask<Names>(names),
      ({ data }) => data != null,
    );
    await alpha.owner.data('mutation ($id: ID!) { revokeApiKey(input: { id: $id }) { __typename } }', {
      id: createApiKey.apiKey.id,
    });
    await eventually(
      () => key.ask(names),
      (answer) => codeOf(answer) === 'UNAUTHENTICATED',
    );
  });
});

describe('a subscriber', () => {
  test('sees himself and nobody else', async () => {
    const { viewerCustomer } = await alpha.subscriber.data<{
      viewerCustomer: { name: string; balance: { currency: string } };
    }>('{ viewerCustomer { name balance { currency } services { state } } }');
    expect(viewerCustomer.name).toBe('Ada Lovelace');
    expect(codeOf(await alpha.subscriber.ask(names))).toBe('FORBIDDEN');
  });
});

describe('the gateway itself', () => {
  test.each([
    ['passwords', 'select password_hash from identity.account'],
    ["the control plane's tables", 'select * from tenants.tenant'],
    ['events', 'select * from events.event'],
    ['routes, to change them', "update routing.route set origin = 'http://127.0.0.1:1'"],
    ['keys, to make one work again', 'update identity.api_key set revoked_at = null'],
  ])('reads what it routes by, not %s', async (_what, statement) => {
    const { databaseUrl } = JSON.parse(readFileSync(`${home}/secrets/gateway/handover.json`, 'utf8')) as {
      databaseUrl: string;
    };
    const password = readFileSync(`${home}/secrets/gateway/database-password`, 'utf8');
    const url = new URL(databaseUrl);
    url.password = encodeURIComponent(password);
    const client = new pg.Client({ connectionString: url.toString() });
    await client.connect();
    await expect(client.query(statement)).rejects.toThrow('permission denied');
    await client.end();
  });
});

describe('around the gateway', () => {
  test('a subgraph refuses everybody, on its socket too', async () => {
    const sockets = globSync('hosting/run/*/http.sock', { cwd: home });
    expect(sockets.length).toBeGreaterThan(0);
    for (const socket of sockets) {
      const headers = {
        authorization: `Bearer ${alpha.tokens.owner}`,
        'x-dotmac-internal': alpha.tokens.owner,
      };
      const { status } = await post(
        { socketPath: `${home}/${socket}`, path: '/graphql/subscribers' },
        headers,
      );
      expect(status).toBe(403);
    }
  });

  test('a forged internal token does not pass the gateway', async () => {
    const answer = await graphUser(demo.graphql).ask(
      names,
      {},
      { 'x-dotmac-internal': 'forged', 'x-dotmac-tenant': 'alpha' },
    );
    expect(JSON.stringify(answer)).not.toContain('edges');
  });
});

/** A request with headers that `fetch` would not send, to a URL or a unix socket. */
function post(
  target: URL | RequestOptions,
  headers: Record<string, string>,
): Promise<{ status: number | undefined; body: string }> {
  return new Promise((resolve, reject) => {
    const options = { method: 'POST', headers: { 'content-type': 'application/json', ...headers } };
    const answer = async (response: IncomingMessage) =>
      resolve({ status: response.statusCode, body: await text(response) });
    const call =
      target instanceof URL ? request(target, options, answer) : request({ ...target, ...options }, answer);
    call.on('error', reject);
    call.end(JSON.stringify({ query: names }));
  });
}
