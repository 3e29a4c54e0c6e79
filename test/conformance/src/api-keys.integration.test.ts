import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { printedSchemas } from '@dotmac/cli/generate';
import { systemClock } from '@dotmac/platform';
import {
  buildClientSchema,
  type GraphQLObjectType,
  getIntrospectionQuery,
  type IntrospectionQuery,
} from 'graphql';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { type Answer, type Door, openDoor } from './door.ts';

let door: Door;
let owner: string;
beforeAll(async () => {
  door = await openDoor(printedSchemas()['supergraph.graphql'] ?? '');
  owner = await door.token('OWNER');
  await eventually(() => use(owner), accepted);
});
afterAll(() => door?.[Symbol.asyncDispose]());

const eventually = <T>(ask: () => Promise<T>, check: (answer: T) => boolean) =>
  door.platform.eventually(ask, check);

interface Key {
  readonly text: string;
  readonly apiKey: { readonly id: string; readonly expiresAt: string | null };
}

/** As an owner does it, through the gateway. */
async function change<Result>(field: string, input: object, selection: string): Promise<Result> {
  const type = `${field.charAt(0).toUpperCase()}${field.slice(1)}Input`;
  const query = `mutation ($input: ${type}!) { ${field}(input: $input) { __typename ... on Failure { code message } ${selection} } }`;
  const { data, errors } = await door.ask(owner, query, { variables: { input } });
  expect([errors, data?.[field]]).toEqual([
    undefined,
    expect.not.objectContaining({ code: expect.anything() }),
  ]);
  return data[field] as Result;
}

const create = (input: object = {}) =>
  change<Key>(
    'createApiKey',
    { name: 'crm', scopes: ['billing:read'], ...input },
    '... on CreatedApiKey { text apiKey { id expiresAt } }',
  );
const revoke = (id: string) => change('revokeApiKey', { id }, '... on ApiKey { id }');

const use = (text: string, url?: string): Promise<Answer> =>
  door.ask(text, '{ taxRates { id } }', url === undefined ? {} : { url });
const accepted = ({ status }: Answer) => status === 200;

const books = 'subscription { billingEvents { cursor } }';

/** A WebSocket that follows the books with this key. */
async function follow(text: string, url = door.gateway.url) {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
  const messages: { type: string }[] = [];
  const closed = once(socket, 'close').then(([code, reason]) => ({ code, reason: String(reason) }));
  const send = (message: object) => socket.send(JSON.stringify(message));
  socket.on('message', (data) => {
    const message = JSON.parse(String(data)) as { type: string };
    messages.push(message);
    if (message.type === 'connection_ack') send({ id: '1', type: 'subscribe', payload: { query: books } });
  });
  await once(socket, 'open');
  send({ type: 'connection_init', payload: { authorization: `Bearer ${text}` } });
  // The start is told when the stream is open.
  const gone = closed.then((end) => {
    throw new Error(`It closed: ${JSON.stringify([end, messages])}`);
  });
  gone.catch(() => undefined);
  const begun = eventually(
    async () => messages,
    (told) => told.some(({ type }) => type === 'ping'),
  );
  await Promise.race([begun, gone]);
  return { socket, closed };
}

/** A stream of server-sent events; what it brought until the gateway ended it. */
async function stream(text: string): Promise<{ whole: Promise<string> }> {
  const response = await fetch(`${door.gateway.url}/graphql`, {
    method: 'POST',
    headers: {
      accept: 'text/event-stream',
      'content-type': 'application/json',
      authorization: `Bearer ${text}`,
    },
    body: JSON.stringify({ query: books }),
  });
  expect(response.headers.get('content-type')).toContain('text/event-stream');
  return { whole: response.text() };
}

test('a key that was made works at the gateway as soon as that was told, and nowhere but where it may', async () => {
  const { text, apiKey } = await create({ allowedAddresses: ['127.0.0.0/8'] });
  const { data } = await eventually(() => use(text), accepted);
  expect(data).toEqual({ taxRates: [] });
  const elsewhere = await create({ allowedAddresses: ['192.0.2.0/24', '2001:db8::/32'] });
  const refused = await eventually(
    () => use(elsewhere.text),
    ({ status }) => status !== 401,
  );
  expect([refused.status, refused.errors?.[0]?.extensions.code]).toEqual([403, 'FORBIDDEN']);
  const foreign = await door.ask(text, 'mutation { runBilling(input: {}) { __typename } }');
  expect(foreign.errors?.[0]?.extensions).toMatchObject({ code: 'FORBIDDEN', missingScope: 'billing:write' });

  const unused = await create({});
  // Written by the gateway that it was used at, when that ends at the latest.
  const other = await door.another({});
  expect(await use(text, other.url)).toMatchObject({ status: 200 });
  await other.stop();
  const { data: listed } = await door.ask(owner, '{ apiKeys { id lastUsedAt } }');
  const shown = (listed.apiKeys as { id: string; lastUsedAt: string | null }[]).map(
    ({ id, lastUsedAt }) => [id, lastUsedAt !== null] as const,
  );
  // A genuine key that is refused elsewhere counts as used too, once its gateway has written it.
  expect(new Map(shown.filter(([id]) => id !== elsewhere.apiKey.id))).toEqual(
    new Map([
      [apiKey.id, true],
      [unused.apiKey.id, false],
    ]),
  );
});

test('a rotated key works beside the new one for as long as they overlap, and no longer, streams included', async () => {
  const time = { ahead: 0 };
  const gateway = await door.another({ clock: { now: () => systemClock.now() + time.ahead } });
  const old = await create();
  const { text } = await change<Key>(
    'rotateApiKey',
    { id: old.apiKey.id, overlapSeconds: 3_600 },
    '... on RotatedApiKey { text apiKey { id expiresAt } }',
  );
  await eventually(() => use(text, gateway.url), accepted);
  expect(await use(old.text, gateway.url)).toMatchObject({ status: 200 });
  const [ending, staying] = await Promise.all([follow(old.text, gateway.url), follow(text, gateway.url)]);
  time.ahead = 3_601_000;
  const late = await use(old.text, gateway.url);
  expect([late.status, late.errors?.[0]?.message]).toEqual([401, 'The API key has expired']);
  // Connections have a timer, which goes by the machine's clock; any news of the registry has them looked at too.
  await create();
  expect(await ending.closed).toEqual({ code: 4401, reason: 'The credential has expired' });
  expect(await use(text, gateway.url)).toMatchObject({ status: 200 });
  expect(staying.socket.readyState).toBe(WebSocket.OPEN);
  staying.socket.close();
  await staying.closed;
});

test('a key that expires ends its streams by itself', async () => {
  const lasting = await create();
  await eventually(() => use(lasting.text), accepted);
  const { closed } = await follow(lasting.text);
  const overlap = { id: lasting.apiKey.id, overlapSeconds: 1 };
  await change('rotateApiKey', overlap, '... on RotatedApiKey { text }');
  expect(await closed).toEqual({ code: 4401, reason: 'The credential has expired' });
  expect(await use(lasting.text)).toMatchObject({ status: 401 });
});

test('a revocation ends requests and open streams of the key, for the gateway is told', async ({
  annotate,
}) => {
  const { text, apiKey } = await create();
  const other = await create();
  await eventually(() => use(text), accepted);
  await eventually(() => use(other.text), accepted);
  const [socket, events, unconcerned] = await Promise.all([follow(text), stream(text), follow(other.text)]);
  const began = performance.now();
  await revoke(apiKey.id);
  expect(await socket.closed).toEqual({ code: 4401, reason: 'The credential is no longer valid' });
  const took = performance.now() - began;
  expect(await events.whole).toContain('"code":"UNAUTHENTICATED"');
  const refused = await use(text);
  expect([refused.status, refused.errors?.[0]?.extensions.code]).toEqual([401, 'UNAUTHENTICATED']);
  // Far below the hour after which the gateway would have looked by itself.
  await annotate(`from the mutation's request to the close of the stream: ${took.toFixed(0)} ms`);
  expect(await use(other.text)).toMatchObject({ status: 200 });
  expect(unconcerned.socket.readyState).toBe(WebSocket.OPEN);
  unconcerned.socket.close();
  await unconcerned.closed;
});

test('introspection with a key shows what it may use, and no more', async () => {
  const { text } = await create();
  await eventually(() => use(text), accepted);
  const { data } = await door.ask(text, getIntrospectionQuery());
  const shown = buildClientSchema(data as unknown as IntrospectionQuery);
  const fieldsOf = (type: GraphQLObjectType | null | undefined) => Object.keys(type?.getFields() ?? {});
  const queries = fieldsOf(shown.getQueryType());
  expect(queries).toEqual(expect.arrayContaining(['taxRates', 'aging', 'viewer']));
  expect(fieldsOf(shown.getSubscriptionType())).toEqual(['billingEvents']);
  expect(queries).not.toContain('apiKeys');
  const { errors } = await door.ask(text, '{ apiKeys { id } }');
  expect(errors?.[0]?.extensions).toEqual({ code: 'FORBIDDEN', missingScope: 'tenant:keys:write' });
  expect(fieldsOf(shown.getMutationType())).not.toContain('runBilling');
  expect(shown.getType('CreatedApiKey')).toBeUndefined();
});

test('an owner binds keys and strangers to registered documents, whatever a key was made with, but no staff', async () => {
  const { text } = await create();
  const offers = '{ offers { name } }';
  const codeOf = ({ errors }: Answer) => errors?.[0]?.extensions.code;
  await eventually(() => use(text), accepted);
  expect((await door.ask(null, offers)).data).toEqual({ offers: [] });
  const require = (required: boolean) =>
    change('requireTrustedDocuments', { required }, '... on Tenant { trustedDocumentsOnly }');
  const byKey = 'mutation { requireTrustedDocuments(input: { required: true }) { __typename } }';
  expect(codeOf(await door.ask(text, byKey))).toBe('FORBIDDEN');

  expect(await require(true)).toEqual({ __typename: 'Tenant', trustedDocumentsOnly: true });
  for (const [as, query] of [
    [text, '{ taxRates { id } }'],
    [null, offers],
  ] as const) {
    await eventually(
      () => door.ask(as, query),
      (answer) => codeOf(answer) === 'DOCUMENT_NOT_TRUSTED',
    );
    const id = createHash('sha256').update(query).digest('hex');
    const documents = [{ id, text: query }];
    await change(
      'registerTrustedDocuments',
      { documents },
      '... on RegisteredTrustedDocuments { registered }',
    );
    await eventually(() => door.ask(as, query), accepted);
  }
  expect(await use(owner)).toMatchObject({ status: 200 });

  const other = '{ taxRates { name } }';
  expect(codeOf(await door.ask(text, other))).toBe('DOCUMENT_NOT_TRUSTED');
  expect(await require(false)).toMatchObject({ trustedDocumentsOnly: false });
  await eventually(() => door.ask(text, other), accepted);
});
