import { principalWith } from '@dotmac/harness';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestNetwork, type TestNetwork } from '../testing/network.ts';
import type { TestService } from '../testing/subscribers.ts';

let isp: TestNetwork;
let lending: string;
beforeAll(async () => {
  isp = await startTestNetwork();
  const created = await isp.mutate(
    'createAddressPool',
    { name: 'lent', cidr: '100.65.0.0/29', assignment: 'SESSION' },
    '... on AddressPool { id assignment total }',
  );
  expect(created).toMatchObject({ assignment: 'SESSION', total: 5 });
  lending = String(created.id);
  for (const [name, kind, cidr] of [
    ['lines', 'IPV6_PREFIX', '2001:db8:1::/48'],
    ['homes', 'DELEGATED_PREFIX', '2001:db8:100::/40'],
  ])
    await isp.mutate('createAddressPool', { name, kind, cidr }, '... on AddressPool { id }');
});
afterAll(() => isp?.[Symbol.asyncDispose]());

const assignSelection =
  '... on AssignAddressResult { address ipv6Prefix delegatedPrefix fingerprint ends { id } }';
async function assign({ serviceId }: TestService, wanted: object) {
  const plan = await isp.mutate('assignAddress', { serviceId, mode: 'PLAN', ...wanted }, assignSelection);
  if (plan.__typename !== 'AssignAddressResult') return plan;
  const { fingerprint } = plan;
  return isp.mutate('assignAddress', { serviceId, mode: 'APPLY', fingerprint, ...wanted }, assignSelection);
}
/** A service whose address is lent at login. */
async function guest(): Promise<TestService> {
  const service = await isp.order();
  await isp.tenant.eventually(
    () => isp.explain(service.username, service.password),
    (answer) => answer.decision === 'ACCEPT',
  );
  await assign(service, { poolId: lending });
  return service;
}
const login = async ({ username, password, mac }: TestService) => {
  const { attributes, session, accepted } = await isp.nas.login(username, password, { mac });
  const value = (name: string) => attributes.find((attribute) => attribute.name === name)?.value;
  return {
    accepted,
    session,
    address: value('Framed-IP-Address'),
    prefix: value('Framed-IPv6-Prefix'),
    delegated: value('Delegated-IPv6-Prefix'),
  };
};
const assigned = async () => {
  const data = await isp.tenant.data<{ addressPools: { id: string; assigned: number }[] }>(
    'network',
    '{ addressPools { id assigned available } }',
  );
  return data.addressPools.find((pool) => pool.id === lending)?.assigned;
};

test('a login is lent an address and two prefixes; who comes back gets the same; what is used up is a stable reason', async () => {
  const guests = await Promise.all(Array.from({ length: 6 }, () => guest()));
  const first = await Promise.all(guests.slice(0, 5).map(login));
  expect(new Set(first.map((one) => one.address)).size).toBe(5);
  expect(new Set(first.map((one) => one.prefix)).size).toBe(5);
  expect(new Set(first.map((one) => one.delegated)).size).toBe(5);
  expect(first[0]?.prefix).toMatch(/^2001:db8:1:.*\/64$/);
  expect(first[0]?.delegated).toMatch(/^2001:db8:1.*\/56$/);
  await isp.tenant.eventually(assigned, (lent) => lent === 5);

  const [one, , , , , late] = guests;
  if (one === undefined || late === undefined) throw new Error('guests are missing');
  expect((await login(late)).accepted).toBe(false);
  expect(await isp.explain(late.username)).toMatchObject({ decision: 'REJECT', reason: 'NO_ADDRESS' });

  await isp.nas.logout(first[0]?.session?.id ?? '');
  await isp.tenant.eventually(assigned, (lent) => lent === 4);
  const again = await login(one);
  expect(again).toMatchObject({ address: first[0]?.address, delegated: first[0]?.delegated });
  await isp.nas.logout(again.session?.id ?? '');
  await isp.tenant.eventually(
    () => isp.explain(late.username),
    (answer) => answer.decision === 'ACCEPT',
  );
  expect((await login(late)).address).toBe(first[0]?.address);
});

test('a NAS that restarts frees what it lent', async () => {
  expect(await isp.nas.crash()).toBe(true);
  await isp.tenant.eventually(assigned, (lent) => lent === 0);
});

test('a session that turns up with an address lent to another line is ended', async () => {
  const [one, other] = [await guest(), await guest()];
  const mine = await login(one);
  await isp.nas.login(other.username, other.password, { mac: other.mac });
  await isp.account([
    { name: 'Acct-Status-Type', value: 'Start' },
    { name: 'Acct-Session-Id', value: 'intruder' },
    { name: 'User-Name', value: other.username },
    { name: 'Calling-Station-Id', value: 'AA-AA-AA-AA-AA-0F' },
    { name: 'Framed-IP-Address', value: String(mine.address) },
  ]);
  const attempts = await isp.tenant.eventually(
    async () => isp.tenant.services.events.read(0n, { types: ['session.disconnect.attempted'] }),
    (events) => events.some((event) => event.subject === other.serviceId),
  );
  expect(JSON.stringify(attempts.map((event) => event.payload))).toContain('lent to another line');
  await isp.nas.crash();
});

test('addresses for good: planned, applied, the live session ended, the login gets them', async () => {
  const service = await isp.order();
  const { session } = await isp.online(service);
  const wanted = {
    address: '100.64.0.60',
    ipv6Prefix: '2001:db8:aaaa::1/64',
    delegatedPrefix: '2001:db8:bbbb::/56',
  };
  const applied = await assign(service, wanted);
  expect(applied).toMatchObject({ address: '100.64.0.60', ipv6Prefix: '2001:db8:aaaa::/64' });
  await isp.tenant.eventually(
    async () => isp.nas.sessions.has(session.id),
    (there) => !there,
  );
  expect(await login(service)).toMatchObject({
    address: '100.64.0.60',
    prefix: '2001:db8:aaaa::/64',
    delegated: '2001:db8:bbbb::/56',
  });
  const other = await isp.order();
  expect(await assign(other, { address: '100.64.0.60' })).toMatchObject({ __typename: 'ConflictError' });
  expect(await assign(other, { address: '192.0.2.1' })).toMatchObject({ __typename: 'ConflictError' });
  expect(await assign(other, { delegatedPrefix: '2001:db8:100::/56' })).toMatchObject({
    __typename: 'ConflictError',
  });
  expect(await assign(other, { delegatedPrefix: '10.0.0.0/8' })).toMatchObject({
    __typename: 'ValidationError',
  });
});

const ask = (address: string, at: Date, port: number | null = null) =>
  isp.tenant.data<{
    addressHolders: { certainty: string; firstPort: number; session: { username: string } }[];
  }>(
    'network',
    `query ($address: String!, $at: DateTime!, $port: Int) {
      addressHolders(address: $address, at: $at, port: $port, reason: "court order 12/26") {
        certainty firstPort lastPort evidence session { username } } }`,
    { address, at: at.toISOString(), port },
  );

test('who had an address, a prefix, a port; that it was asked is on record', async () => {
  const service = await isp.order();
  const { session } = await isp.online(service);
  const begun = new Date();
  const about = [
    { name: 'Acct-Session-Id', value: session.id },
    { name: 'User-Name', value: service.username },
    { name: 'Calling-Station-Id', value: service.mac },
    { name: 'Framed-IP-Address', value: session.address },
  ];
  const told = await isp.account([
    { name: 'Acct-Status-Type', value: 'Interim-Update' },
    ...about,
    { name: 'Acct-Session-Time', value: 1 },
    { name: 'Delegated-IPv6-Prefix', value: '2001:db8:777::/56' },
    {
      name: 'IP-Port-Range',
      value: [
        { name: 'IP-Port-Range-Ext-IPv4-Addr', value: '203.0.113.5' },
        { name: 'IP-Port-Range-Range-Start', value: 2048 },
        { name: 'IP-Port-Range-Range-End', value: 3071 },
      ],
    },
  ] as never);
  expect(told).toBe(true);
  const { username } = service;
  const holder = expect.objectContaining({ session: { username } });
  expect((await ask(String(session.address), begun)).addressHolders).toEqual([holder]);
  expect((await ask('2001:db8:777::42', begun)).addressHolders).toEqual([holder]);
  expect((await ask('203.0.113.5', begun, 2500)).addressHolders).toEqual([
    expect.objectContaining({ firstPort: 2048, session: { username } }),
  ]);
  expect((await ask('203.0.113.5', begun, 4000)).addressHolders).toEqual([]);
  expect((await ask(String(session.address), new Date(begun.getTime() - 3_600_000))).addressHolders).toEqual(
    [],
  );

  await isp.mutate(
    'createCgnatBlock',
    { inside: '100.64.0.0/26', outside: '198.51.100.0/30', portsPerHost: 1000 },
    '... on CgnatBlock { id }',
  );
  const last = Number(String(session.address).split('.')[3]);
  const found = await ask('198.51.100.0', begun, 1024 + last * 1000 + 7);
  expect(found.addressHolders).toEqual([holder]);

  const asked = await isp.tenant.eventually(
    async () => isp.tenant.services.events.read(0n, { types: ['address.holders.asked'] }),
    (events) => events.length === 6,
  );
  expect(asked[0]).toMatchObject({ actor: 'usr_test', payload: { reason: 'court order 12/26', found: 1 } });
  const { errors } = await isp.tenant.ask(
    'network',
    '{ addressHolders(address: "100.64.0.2", at: "2026-11-28T00:00:00Z", reason: "curious") { certainty } }',
    {},
    principalWith('network:read', 'network:write'),
  );
  expect(errors?.[0]?.message).toContain('network:sessions:read');
});
