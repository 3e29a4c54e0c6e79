import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { principalWith } from '@dotmac/harness';
import { appendEvents } from '@dotmac/platform';
import * as radius from '@dotmac/radius';
import type { TenantEvents } from '@dotmac/schema';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { radiusSecret } from '../testing/access-router.ts';
import { startTestNetwork, type TestNetwork } from '../testing/network.ts';
import type { TestService } from '../testing/subscribers.ts';
import { Dictionaries } from './dictionaries.ts';
import { keepDictionary } from './store.ts';

let isp: TestNetwork;
beforeAll(async () => {
  isp = await startTestNetwork();
});
afterAll(async () => {
  await isp?.[Symbol.asyncDispose]();
});

const acme = `VENDOR Acme 60009
BEGIN-VENDOR Acme
ATTRIBUTE Acme-Level 16 integer
VALUE Acme-Level High 2
ATTRIBUTE Acme-Line 17 string
ATTRIBUTE Acme-Secret 18 string
END-VENDOR Acme
`;
const added = `... on AddRadiusDictionaryResult { vendors { name number } attributes { name oid type } valueCount replaces fingerprint
  dictionary { name vendors attributeCount addedBy } } ... on ValidationError { field } ... on ConflictError { reason }`;
const removed =
  '... on RemoveRadiusDictionaryResult { dictionary { name } fingerprint } ... on ConflictError { reason }';
const add = (name: string, text: string, more: object = { mode: 'PLAN' }) =>
  isp.mutate('addRadiusDictionary', { name, text, ...more }, added);
const remove = (name: string, more: object = { mode: 'PLAN' }) =>
  isp.mutate('removeRadiusDictionary', { name, ...more }, removed);
async function applied(change: (more: object) => Promise<Record<string, unknown>>) {
  const { fingerprint } = await change({ mode: 'PLAN' });
  return change({ mode: 'APPLY', fingerprint });
}
const names = async () =>
  (
    await isp.tenant.data<{ radiusDictionaries: { name: string }[] }>(
      'network',
      '{ radiusDictionaries { name } }',
    )
  ).radiusDictionaries.map(({ name }) => name);

/** What a trace shows of Acme's attributes in a login that carries three of them. */
async function seenIn(service: TestService, traceId: string, identifier: number) {
  const secret = radius.sharedSecret(radiusSecret);
  const authenticator = Buffer.alloc(16, identifier);
  const request = radius.buildRequest({
    code: radius.packetCodes['Access-Request'],
    identifier,
    secret,
    authenticator,
    messageAuthenticator: true,
    attributes: radius.encodeAttributes(
      radius.standardDictionary(),
      [
        { name: 'User-Name', value: service.username },
        { name: 'User-Password', value: service.password },
        { name: 'Attr-26.60009.16', value: Buffer.from([0, 0, 0, 2]) },
        { name: 'Attr-26.60009.17', value: Buffer.from('line 7') },
        { name: 'Attr-26.60009.18', value: Buffer.from('opensesame') },
      ],
      { authenticator, secret },
    ),
  });
  const socket = createSocket('udp4');
  const reply = once(socket, 'message');
  socket.send(request, isp.server.authPort ?? 0, '127.0.0.1');
  await reply;
  socket.close();
  const { packetTraces } = await isp.tenant.data<{
    packetTraces: {
      id: string;
      entries: {
        code: string | null;
        identifier: number | null;
        attributes: { name: string; oid: string; value: string | null; hidden: string | null }[];
      }[];
    }[];
  }>('network', '{ packetTraces { id entries { code identifier attributes { name oid value hidden } } } }');
  const entry = packetTraces
    .find(({ id }) => id === traceId)
    ?.entries.find((one) => one.code === 'Access-Request' && one.identifier === identifier);
  return entry?.attributes
    .filter(({ oid }) => oid.startsWith('26.60009.'))
    .map(({ name, value, hidden }) => [name, value ?? hidden]);
}

test('what it names is named in the next packet of a trace, by a new process too, and no more once it is removed', async () => {
  const ada = await isp.order();
  await isp.tenant.eventually(
    () => isp.explain(ada.username, ada.password),
    ({ decision }) => decision === 'ACCEPT',
  );
  const { id } = await isp.mutate(
    'startPacketTrace',
    { username: ada.username, minutes: 5, reason: 'a new access node' },
    '... on PacketTrace { id }',
  );
  const unnamed = [
    ['Attr-26.60009.16', 'UNKNOWN_ATTRIBUTE'],
    ['Attr-26.60009.17', 'UNKNOWN_ATTRIBUTE'],
    ['Attr-26.60009.18', 'UNKNOWN_ATTRIBUTE'],
  ];
  expect(await seenIn(ada, String(id), 1)).toEqual(unnamed);

  const plan = await add('Dictionary.Acme', acme);
  expect(plan).toMatchObject({
    vendors: [{ name: 'Acme', number: 60_009 }],
    attributes: [
      { name: 'Acme-Level', oid: '26.60009.16', type: 'integer' },
      { name: 'Acme-Line', oid: '26.60009.17', type: 'string' },
      { name: 'Acme-Secret', oid: '26.60009.18', type: 'string' },
    ],
    valueCount: 1,
    replaces: false,
    dictionary: null,
  });
  expect(await names()).toEqual([]);
  expect(await seenIn(ada, String(id), 2)).toEqual(unnamed);

  const result = await add('dictionary.acme', acme, { mode: 'APPLY', fingerprint: plan.fingerprint });
  expect(result.dictionary).toMatchObject({ name: 'dictionary.acme', vendors: ['Acme'], attributeCount: 3 });
  expect(await seenIn(ada, String(id), 3)).toEqual([
    ['Acme-Level', 'High (2)'],
    ['Acme-Line', 'line 7'],
    ['Acme-Secret', 'KEY'],
  ]);
  const fresh = new Dictionaries(isp.tenant.services, radius);
  await fresh.load();
  expect(fresh.live.attribute('Acme-Level')?.oid).toBe('26.60009.16');

  // One that stands on it keeps it.
  const further = 'BEGIN-VENDOR Acme\nATTRIBUTE Acme-Zone 19 string\nEND-VENDOR Acme\n';
  expect(await applied((more) => add('further', further, more))).toMatchObject({
    replaces: false,
    vendors: [],
  });
  expect(await remove('dictionary.acme')).toMatchObject({ reason: 'DICTIONARY_NEEDED' });
  expect(await add('dictionary.acme', 'ATTRIBUTE Acme-Odd 250 string')).toMatchObject({
    reason: 'DICTIONARY_NEEDED',
    message: expect.stringContaining('"further"'),
  });
  await applied((more) => remove('further', more));
  expect(
    await applied((more) => add('dictionary.acme', acme.replace('Acme-Line', 'Acme-Wire'), more)),
  ).toMatchObject({
    replaces: true,
  });
  expect((await seenIn(ada, String(id), 4))?.[1]).toEqual(['Acme-Wire', 'line 7']);

  expect(await applied((more) => remove('dictionary.acme', more))).toMatchObject({
    dictionary: { name: 'dictionary.acme' },
  });
  expect(await names()).toEqual([]);
  expect(await seenIn(ada, String(id), 5)).toEqual(unnamed);
  const events = await isp.tenant.services.database
    .selectFrom('events.event')
    .select(['type', 'actor'])
    .where('type', 'like', 'radius.dictionary.%')
    .orderBy('id')
    .execute();
  expect(events.map(({ type }) => type.replace('radius.dictionary.', ''))).toEqual([
    ...['added', 'added', 'removed', 'added', 'removed'],
  ]);
  expect(events.every(({ actor }) => actor !== '')).toBe(true);
});

/** As another process of the tenant, or a version of DotMac before this one, did. */
async function keptElsewhere(name: string, place: number, text: string) {
  const { database } = isp.tenant.services;
  const added = { vendors: [], attributes: 1 };
  await database.transaction().execute(async (transaction) => {
    const addedAt = new Date();
    await keepDictionary(transaction, { ...added, name, place, text, addedBy: 'usr_test', addedAt });
    await appendEvents<TenantEvents>(transaction, [
      { ...isp.about(name), type: 'radius.dictionary.added', payload: { name, ...added } },
    ]);
  });
}

test('what is added elsewhere is followed; what DotMac understands no longer is left out and says why', async () => {
  await keptElsewhere('outdated', 1, '\nATTRIBUTE Login 1 string');
  await keptElsewhere('current', 2, 'ATTRIBUTE Acme-Top 250 string');
  await isp.tenant.eventually(
    async () => isp.module.dictionary.attribute('Acme-Top')?.oid,
    (oid) => oid === '250',
  );
  const { radiusDictionaries } = await isp.tenant.data<{ radiusDictionaries: object[] }>(
    'network',
    '{ radiusDictionaries { name problem } }',
  );
  expect(radiusDictionaries).toEqual([
    { name: 'outdated', problem: expect.stringMatching(/^Line 2: 1 is "User-Name" already/) },
    { name: 'current', problem: null },
  ]);
  // It does not stand in the way of putting it right.
  await applied((more) => remove('outdated', more));
  await applied((more) => remove('current', more));
});

test.each([
  ['acme', 'VENDOR Acme 60009\n\nATTRIBUT X 1 string', 'input.text', /^Line 3: unknown keyword "ATTRIBUT"/],
  ['acme', 'ATTRIBUTE Login 1 string', 'input.text', /^Line 1: 1 is "User-Name" already/],
  ['acme', '$INCLUDE dictionary.other', 'input.text', /^Line 1: \$INCLUDE is not supported/],
  ['acme', '# a comment\0', 'input.text', /^Line 1: U\+0000/],
  ['acme', '', 'input.text', /adds no attribute/],
  ['acme', 'ATTRIBUTE User-Name 1 string', 'input.text', /adds no attribute/],
  ['acme', `# ${'é'.repeat(100_000)}`, 'input.text', /at most 196608 octets/],
  ['../acme', acme, 'input.name', /is no name/],
])('%o with %o is refused', async (name, text, field, message) => {
  expect(await add(name, text)).toMatchObject({ field, message: expect.stringMatching(message) });
  expect(await names()).toEqual([]);
});

test('a plan of before something changed is not applied', async () => {
  const plan = await add('acme', acme);
  const refused = await add('acme', acme.replace('Line', 'Wire'), {
    mode: 'APPLY',
    fingerprint: plan.fingerprint,
  });
  expect(refused.__typename).toBe('StalePlanError');
  expect(await add('acme', acme, { mode: 'APPLY' })).toMatchObject({ field: 'input.fingerprint' });
  expect((await remove('acme')).__typename).toBe('NotFoundError');
  expect(await names()).toEqual([]);
});

test('who may only read adds and removes nothing; who may not read sees none', async () => {
  const reader = principalWith('network:read');
  for (const mutation of [
    'addRadiusDictionary(input: { mode: PLAN, name: "x", text: "" }) { __typename }',
    'removeRadiusDictionary(input: { mode: PLAN, name: "x" }) { __typename }',
  ]) {
    const { errors } = await isp.tenant.ask('network', `mutation { ${mutation} }`, {}, reader);
    expect(errors?.[0]?.message, mutation).toMatch(/network:write/);
  }
  const nobody = await isp.tenant.ask(
    'network',
    '{ radiusDictionaries { name } }',
    {},
    principalWith('network:sessions:read'),
  );
  expect(nobody.errors?.[0]?.message).toMatch(/network:read/);
});
