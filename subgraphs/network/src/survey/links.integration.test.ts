import { principalWith } from '@dotmac/harness';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type SurveyedNetwork, startSurveyedNetwork } from '../testing/surveyed-network.ts';

let isp: SurveyedNetwork;
let tenant: SurveyedNetwork['tenant'];
beforeAll(async () => {
  isp = await startSurveyedNetwork();
  tenant = isp.tenant;
});
afterAll(() => isp?.[Symbol.asyncDispose]());

interface LinkAnswer {
  readonly id: string;
  readonly state: string;
  readonly conflict: string | null;
  readonly ends: { device: { name: string }; interface: { name: string } | null; seenAt: string | null }[];
}
const links = async () =>
  (
    await tenant.data<{ networkLinks: { edges: { node: LinkAnswer }[] } }>(
      'network',
      '{ networkLinks { edges { node { id state conflict ends { device { name } interface { name } seenAt } } } } }',
    )
  ).networkLinks.edges.map(({ node }) => node);
const endsOf = ({ ends }: LinkAnswer) =>
  ends
    .map(({ device, interface: at }) => `${device.name} ${at?.name}`)
    .toSorted()
    .join(' - ');

test('what devices hear of each other becomes links; certain ones become ways to the gateway', async () => {
  for (const name of ['core', 'switch', 'ap'])
    await tenant.eventually(
      () =>
        tenant.data<{ device: { neighbors: object[] } }>(
          'network',
          'query ($id: ID!) { device(id: $id) { neighbors { systemName } } }',
          { id: isp.idOf(name) },
        ),
      ({ device }) => device.neighbors.length > 0,
    );
  const found = await tenant.eventually(
    links,
    (all) => all.length === 3 && all.filter(({ state }) => state === 'CONFIRMED').length === 2,
  );
  expect(Object.fromEntries(found.map((link) => [endsOf(link), link.state]))).toEqual({
    'core eth1 - switch eth1': 'CONFIRMED',
    'ap eth1 - switch eth2': 'CONFIRMED',
    'olt eth1 - switch eth3': 'PROPOSED',
  });
  // The core has the only NAS, so ways lead there; what only one end says is no way yet.
  const parents = () =>
    tenant.data<{ devices: { edges: { node: { name: string; parents: { name: string }[] } }[] } }>(
      'network',
      '{ devices { edges { node { name parents { name } } } } }',
    );
  const ways = await tenant.eventually(parents, ({ devices }) =>
    devices.edges.some(({ node }) => node.name === 'ap' && node.parents.length > 0),
  );
  expect(
    Object.fromEntries(
      ways.devices.edges.map(({ node }) => [node.name, node.parents.map((parent) => parent.name).join()]),
    ),
  ).toEqual({ ap: 'switch', core: '', olt: '', switch: 'core' });

  const proposed = found.find(({ state }) => state === 'PROPOSED');
  const confirmed = await tenant.data<{ confirmLink: { state: string; decidedBy: string } }>(
    'network',
    'mutation ($id: ID!) { confirmLink(input: { id: $id }) { ... on NetworkLink { state decidedBy } } }',
    { id: proposed?.id },
  );
  expect(confirmed.confirmLink).toEqual({ state: 'CONFIRMED', decidedBy: 'usr_test' });
  const { device } = await tenant.data<{ device: { parents: { name: string }[]; neighbors: object[] } }>(
    'network',
    'query ($id: ID!) { device(id: $id) { parents { name } neighbors { systemName } } }',
    { id: isp.idOf('olt') },
  );
  expect(device).toEqual({ parents: [{ name: 'switch' }], neighbors: [] });
  const rejected = await tenant.ask(
    'network',
    `mutation { rejectLink(input: { id: "lnk_none" }) { __typename } }`,
  );
  expect(rejected.data).toEqual({ rejectLink: { __typename: 'NotFoundError' } });
});

test('a port that goes down names who is seen there and who hangs on it, and nobody else', async () => {
  const port = async (name: string) => {
    const { device } = await tenant.data<{ device: { interfaces: { id: string; name: string }[] } }>(
      'network',
      'query ($id: ID!) { device(id: $id) { interfaces { id name } } }',
      { id: isp.idOf('switch') },
    );
    return device.interfaces.find((one) => one.name === name)?.id;
  };
  interface AlarmsAnswer {
    readonly device: {
      readonly alarms: readonly {
        readonly id: string;
        readonly interface: { readonly name: string };
        readonly affectedServiceCount: number;
        readonly affectedServices: { readonly edges: readonly { readonly node: { readonly id: string } }[] };
      }[];
    };
  }
  const alarms = async () => {
    const { device } = await tenant.data<AlarmsAnswer>(
      'network',
      `query ($id: ID!) { device(id: $id) { alarms { id interface { name } affectedServiceCount
        affectedServices(first: 10) { edges { node { id } } } } } }`,
      { id: isp.idOf('switch') },
    );
    return Object.fromEntries(
      device.alarms.map(({ interface: at, affectedServiceCount, affectedServices }) => [
        at.name,
        [affectedServiceCount, ...affectedServices.edges.map(({ node }) => node.id)],
      ]),
    );
  };
  // The ap and its subscriber hang on eth2; on eth4 one is seen; eth1 leads up.
  const down = ['eth1', 'eth2', 'eth4'];
  for (const name of down)
    await tenant.data(
      'network',
      'mutation ($id: ID!) { monitorInterface(input: { id: $id, monitored: true }) { __typename } }',
      { id: await port(name) },
    );
  for (const name of down) isp.agentOf('switch').setInterface(name, 'down');
  const expected = { eth1: [0], eth2: [1, 'svc_ada'], eth4: [1, 'svc_bob'] };
  const named = await tenant.eventually(
    alarms,
    (found) => JSON.stringify(Object.entries(found).sort()) === JSON.stringify(Object.entries(expected)),
  );
  expect(named).toEqual(expected);
  for (const name of down) isp.agentOf('switch').setInterface(name, 'up');
  // What is over concerns nobody.
  await tenant.eventually(alarms, (found) => Object.keys(found).length === 0);
  const cleared = await tenant.data<{ alarms: { edges: { node: { affectedServiceCount: number } }[] } }>(
    'network',
    '{ alarms(active: false) { edges { node { affectedServiceCount affectedServices { edges { cursor } } } } } }',
  );
  expect(cleared.alarms.edges.length).toBeGreaterThanOrEqual(3);
  expect(cleared.alarms.edges.every(({ node }) => node.affectedServiceCount === 0)).toBe(true);
});

test('who may only read decides nothing about links or equipment', async () => {
  const reader = principalWith('network:read');
  for (const mutation of [
    'confirmLink(input: { id: "lnk_x" })',
    'rejectLink(input: { id: "lnk_x" })',
    'setGateway(input: { deviceId: "dev_x", gateway: true })',
    'addCustomerEquipment(input: { serviceId: "svc_ada", serial: "ABCD1234" })',
    'removeCustomerEquipment(input: { id: "ceq_x" })',
    'assignAlarm(input: { id: "alm_x" })',
    'cancelMaintenance(input: { id: "mnt_x" })',
  ]) {
    const { data, errors } = await tenant.ask(
      'network',
      `mutation { ${mutation} { __typename } }`,
      {},
      reader,
    );
    expect(data ?? null, mutation).toBeNull();
    expect(JSON.stringify(errors), mutation).toMatch(/FORBIDDEN|network:write/);
  }
  const nobody = principalWith();
  const asked = await tenant.ask(
    'network',
    '{ resolvedAddresses(mac: "02:cc:00:00:00:01") { mac } }',
    {},
    nobody,
  );
  expect(JSON.stringify(asked.errors)).toMatch(/FORBIDDEN|network:read/);
  const { errors } = await tenant.ask('network', '{ networkLinks { edges { node { id } } } }', {}, nobody);
  expect(JSON.stringify(errors)).toMatch(/FORBIDDEN|network:read/);
});
