import { DriverRegistry, systemClock } from '@dotmac/device';
import { startTestRuntime, type TestRuntime } from '@dotmac/harness';
import {
  bridgeForwarding,
  lldpLocal,
  lldpRemotes,
  onts,
  registrations,
  resolvedAddresses,
  type SnmpDeviceDescription,
  startSnmpAgents,
} from '@dotmac/lab/snmp';
import type { TenantDatabase } from '@dotmac/migrations';
import * as radius from '@dotmac/radius';
import type { TenantEvents } from '@dotmac/schema';
import { SnmpEngine, snmpDriver } from '@dotmac/snmp';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { network } from '../index.ts';

const engine = new SnmpEngine({ clock: systemClock });
const chassis = (number: number) => `02:00:5e:00:0${number}:00`;
const port = (device: number, number: number) => `02:00:5e:00:0${device}:0${number}`;
const customer = (number: number) => `02:cc:00:00:00:${number.toString(16).padStart(2, '0')}`;

/** A device whose ports are eth1 to eth4 with MAC addresses of their own. */
function described(number: number, name: string, objects: object): SnmpDeviceDescription {
  return {
    id: name,
    sysDescr: 'Lab',
    sysObjectId: '1.3.6.1.4.1.32473.1.24',
    sysName: name,
    interfaces: [1, 2, 3, 4].map((i) => ({
      name: `eth${i}`,
      speedBitsPerSecond: 1e9,
      mac: port(number, i),
      inBitsPerSecond: 1e6,
    })),
    objects: { ...lldpLocal(chassis(number), name), ...objects } as never,
  };
}

// core eth1 - eth1 switch, switch eth2 - eth1 ap, switch eth3 - eth1 olt (which speaks no LLDP itself).
const sees = (ifIndex: number, number: number, remote: string, systemName: string) => ({
  ifIndex,
  chassis: chassis(number),
  port: remote,
  systemName,
});
const core = described(1, 'core', {
  ...lldpRemotes([sees(1, 2, 'eth1', 'switch')]),
  ...bridgeForwarding(
    4,
    [1, 2, 3, 4].map((i) => ({ mac: customer(i), ifIndex: 1 })),
  ),
  ...resolvedAddresses('physical', [
    { address: '100.64.9.5', mac: customer(6), ifIndex: 1 },
    { address: '100.64.9.6', mac: customer(7), ifIndex: 3 },
  ]),
});
const accessSwitch = described(2, 'switch', {
  ...lldpRemotes([sees(1, 1, port(1, 1), 'core'), sees(2, 3, 'eth1', 'ap'), sees(3, 4, 'eth1', 'olt')]),
  ...bridgeForwarding(4, [
    { mac: customer(1), ifIndex: 2, vlan: 100 },
    { mac: customer(2), ifIndex: 4, vlan: 100 },
    { mac: customer(3), ifIndex: 3, vlan: 100 },
    { mac: customer(4), ifIndex: 3, vlan: 100 },
    { mac: customer(6), ifIndex: 4, vlan: 100 },
  ]),
});
const ap = described(3, 'ap', {
  ...lldpRemotes([sees(1, 2, 'eth2', 'switch')]),
  ...registrations([
    { mac: customer(1), ifIndex: 4, signalDbm: -84, snrDb: 30, name: 'ada' },
    { mac: customer(9), ifIndex: 4, signalDbm: -60 },
  ]),
});
const olt = described(4, 'olt', {
  ...onts([{ serial: 'HWTC0A1B2C3D', ifIndex: 2, ont: 7, rxPowerDbm: -28.5, distanceMeters: 1_840 }]),
});

let lab: Awaited<ReturnType<typeof startSnmpAgents>>;
let tenant: TestRuntime<TenantDatabase, TenantEvents>;
const ids = new Map<string, string>();

beforeAll(async () => {
  const devices = [core, accessSwitch, ap, olt];
  lab = await startSnmpAgents(devices, { clock: systemClock });
  tenant = await startTestRuntime<TenantDatabase, TenantEvents>('tenant', (services) => [
    network(services, {
      drivers: new DriverRegistry([snmpDriver(engine)]),
      radius,
      pollIntervalSeconds: 2,
      surveyIntervalSeconds: 0.5,
    }),
  ]);
  for (const [i, device] of devices.entries()) {
    const data = await tenant.data<{ registerDevice: { id: string } }>(
      'network',
      `mutation ($input: RegisterDeviceInput!) { registerDevice(input: $input) { ... on Device { id } ... on Failure { message } } }`,
      {
        input: {
          name: device.sysName,
          snmp: { host: '127.0.0.1', port: lab.agents[i]?.port, community: 'public' },
        },
      },
    );
    ids.set(device.sysName, data.registerDevice.id);
  }
  await subscribe('ada', 1, { circuit: null });
  await subscribe('bob', 2, { circuit: null });
  await subscribe('cyd', 3, { circuit: null });
  await subscribe('dan', 5, { circuit: 'olt eth 0/1/3:100' });
});
afterAll(async () => {
  await tenant?.[Symbol.asyncDispose]();
  await engine.close();
  await lab?.close();
});

/** An open service whose newest session began at the core, from a MAC address. */
async function subscribe(
  name: string,
  number: number,
  { circuit }: { circuit: string | null },
): Promise<void> {
  const { database } = tenant.services;
  const coreId = ids.get('core');
  await sql`
    insert into network.nas (id, name, device_id, source_address, secret, vendor_profile, coa_port, created_at)
    values ('nas_core', 'core', ${coreId}, '192.0.2.1', '\\x00'::bytea, 'mikrotik', 3799, now()) on conflict do nothing`.execute(
    database,
  );
  await sql`
    insert into network.access (service_id, customer_id, plan_id, username, password, device_id, mode, created_at)
    values (${`svc_${name}`}, 'cus', 'pln', ${name}, '\\x00'::bytea, ${coreId}, 'OPEN', now())`.execute(
    database,
  );
  await sql`
    insert into network.session_line (service_id, nas_id, device_id, port, circuit_id, mac, at)
    values (${`svc_${name}`}, 'nas_core', ${coreId}, 'eth1', ${circuit}, ${customer(number)}, now())`.execute(
    database,
  );
}

async function service<T>(name: string, selection: string): Promise<T> {
  const data = await tenant.data<{ _entities: T[] }>(
    'network',
    `query ($r: [_Any!]!) { _entities(representations: $r) { ... on Service { ${selection} } } }`,
    { r: [{ __typename: 'Service', id: `svc_${name}` }] },
  );
  return data._entities[0] as T;
}
interface PlaceAnswer {
  readonly servedAt: {
    device: { name: string } | null;
    interface: { name: string } | null;
    portName: string | null;
    via: string;
    source: string;
    observedAt: string;
    alternatives: { name: string }[];
  } | null;
  readonly servedBy: { name: string }[];
}
const place = (name: string) =>
  service<PlaceAnswer>(
    name,
    'servedAt { device { name } interface { name } portName via source observedAt alternatives { name } } servedBy { name }',
  );
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
          { id: ids.get(name) },
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
    { id: ids.get('olt') },
  );
  expect(device).toEqual({ parents: [{ name: 'switch' }], neighbors: [] });
  const rejected = await tenant.ask(
    'network',
    `mutation { rejectLink(input: { id: "lnk_none" }) { __typename } }`,
  );
  expect(rejected.data).toEqual({ rejectLink: { __typename: 'NotFoundError' } });
});

test('each subscriber is found where his equipment is seen, with source and time', async () => {
  const ada = await tenant.eventually(
    () => place('ada'),
    ({ servedAt, servedBy }) =>
      servedAt?.via === 'WIRELESS' && servedAt.alternatives.length === 0 && servedBy.length === 3,
  );
  expect(ada.servedAt).toMatchObject({
    device: { name: 'ap' },
    interface: { name: 'eth4' },
    source: 'snmp:registrations',
    alternatives: [],
  });
  expect(ada.servedBy.map(({ name }) => name)).toEqual(['ap', 'switch', 'core']);
  // Behind a port that leads to a registered device nobody is connected; the core sees everybody.
  const bob = await tenant.eventually(
    () => place('bob'),
    // Before all devices are read, another may be the nearest that has seen him.
    ({ servedAt }) => servedAt?.via === 'FORWARDING' && servedAt.device?.name === 'switch',
  );
  expect(bob.servedAt).toMatchObject({ device: { name: 'switch' }, interface: { name: 'eth4' } });
  // His address is seen behind the OLT's port only, which sees no address itself: the NAS is all there is.
  expect(
    (
      await tenant.eventually(
        () => place('cyd'),
        ({ servedAt }) => servedAt?.via === 'NAS_PORT',
      )
    ).servedAt,
  ).toMatchObject({
    device: { name: 'core' },
    portName: 'eth1',
    via: 'NAS_PORT',
    source: 'NAS-Port of core',
  });
  expect(
    (
      await tenant.eventually(
        () => place('dan'),
        ({ servedAt }) => servedAt?.via === 'CIRCUIT_ID',
      )
    ).servedAt,
  ).toMatchObject({
    device: { name: 'olt' },
    portName: '0/1/3',
    via: 'CIRCUIT_ID',
  });
});

test('whoever has an address and never logs in is found by what answers for it', async () => {
  const { database } = tenant.services;
  await sql`
    insert into network.address_pool (id, name, cidr, created_at) values ('pol_fixed', 'fixed', '100.64.9.0/24', now())`.execute(
    database,
  );
  for (const [name, address] of [
    ['eve', '100.64.9.5'],
    ['fay', '100.64.9.6'],
  ] as const) {
    await sql`
      insert into network.access (service_id, customer_id, plan_id, username, password, mode, created_at)
      values (${`svc_${name}`}, 'cus', 'pln', ${name}, '\\x00'::bytea, 'OPEN', now())`.execute(database);
    await sql`
      insert into network.address (address, pool_id, state, service_id, changed_at)
      values (${address}, 'pol_fixed', 'ASSIGNED', ${`svc_${name}`}, now())`.execute(database);
  }
  // The router knows her MAC address, and the switch behind which port it is.
  const eve = await tenant.eventually(
    () => place('eve'),
    ({ servedAt }) => servedAt?.via === 'FORWARDING' && servedAt.device?.name === 'switch',
  );
  expect(eve.servedAt).toMatchObject({ interface: { name: 'eth4' } });
  expect(eve.servedBy.map(({ name }) => name)).toEqual(['switch', 'core']);
  const fay = await tenant.eventually(
    () => place('fay'),
    ({ servedAt }) => servedAt?.via === 'ADDRESS_RESOLUTION',
  );
  expect(fay.servedAt).toMatchObject({
    device: { name: 'core' },
    interface: { name: 'eth3' },
    source: 'snmp:IP-MIB::ipNetToPhysicalTable',
  });
  expect(fay.servedBy.map(({ name }) => name)).toEqual(['core']);
  const who =
    'query ($a: IPAddress, $m: MAC) { resolvedAddresses(address: $a, mac: $m) { address mac portName device { name } } }';
  const at = { portName: 'eth3', device: { name: 'core' } };
  const both = { resolvedAddresses: [{ address: '100.64.9.6', mac: customer(7), ...at }] };
  expect(await tenant.data('network', who, { a: '100.64.9.6' })).toEqual(both);
  expect(await tenant.data('network', who, { m: customer(7) })).toEqual(both);
  expect(await tenant.data('network', who, { a: '100.64.9.7' })).toEqual({ resolvedAddresses: [] });
  expect(JSON.stringify((await tenant.ask('network', who)).errors)).toMatch(/Name an IP address/);
});

test('an ONU that somebody says is his: its place, its levels, and an alarm about too little light', async () => {
  const add = (serial: string) =>
    tenant.data<{ addCustomerEquipment: object }>(
      'network',
      `mutation ($input: AddCustomerEquipmentInput!) { addCustomerEquipment(input: $input) {
        __typename ... on CustomerEquipment { serial } } }`,
      { input: { serviceId: 'svc_cyd', serial } },
    );
  expect((await add('hwtc-0a1b2c3d')).addCustomerEquipment).toEqual({
    __typename: 'CustomerEquipment',
    serial: 'HWTC0A1B2C3D',
  });
  expect((await add('HWTC0A1B2C3D')).addCustomerEquipment).toMatchObject({ __typename: 'ConflictError' });
  expect((await add('!')).addCustomerEquipment).toMatchObject({ __typename: 'ValidationError' });
  const cyd = await tenant.eventually(
    () => place('cyd'),
    ({ servedAt }) => servedAt?.via === 'OPTICAL',
  );
  expect(cyd.servedAt).toMatchObject({ device: { name: 'olt' }, interface: { name: 'eth2' } });

  // Optical equipment is read seldom.
  await tenant.data(
    'network',
    'mutation { updateAlarmRule(input: { id: "alr_customer_light", raiseAfter: 1 }) { __typename } }',
  );
  interface Levels {
    readonly customerLinks: { serial: string; rxPowerDbm: number; distanceMeters: number }[];
  }
  const { customerLinks } = await tenant.eventually(
    () => service<Levels>('cyd', 'customerLinks { serial rxPowerDbm distanceMeters }'),
    (answer) => answer.customerLinks.length > 0,
  );
  expect(customerLinks).toEqual([{ serial: 'HWTC0A1B2C3D', rxPowerDbm: -28.5, distanceMeters: 1_840 }]);
  interface Alarms {
    readonly alarms: {
      edges: {
        node: { rule: { name: string }; service: { id: string } | null; evidence: string; severity: string };
      }[];
    };
  }
  const { alarms } = await tenant.eventually(
    () =>
      tenant.data<Alarms>(
        'network',
        '{ alarms(active: true) { edges { node { rule { name } service { id } evidence severity } } } }',
      ),
    ({ alarms: { edges } }) => edges.some(({ node }) => node.rule.name === 'Customer receives little light'),
  );
  expect(alarms.edges.map(({ node }) => node)).toContainEqual({
    rule: { name: 'Customer receives little light' },
    service: { id: 'svc_cyd' },
    evidence: 'receives -28.5 dBm',
    severity: 'MINOR',
  });
});

test('radio levels are kept per subscriber, in as many points as asked for; a weak one is an alarm with its owner', async () => {
  const from = new Date(tenant.services.clock.now() - 3_600_000).toISOString();
  const to = new Date(tenant.services.clock.now() + 3_600_000).toISOString();
  interface Levels {
    readonly levels: {
      at: string;
      samples: number;
      signalDbm: number;
      snrDb: number;
      downBitsPerSecond: string;
    }[];
    readonly customerLinks: object[];
  }
  const ask = () =>
    service<Levels>(
      'ada',
      `levels(from: "${from}", to: "${to}", points: 10) { at samples signalDbm snrDb downBitsPerSecond } customerLinks { name signalDbm goneSince }`,
    );
  const answer = await tenant.eventually(ask, ({ levels }) => (levels[0]?.samples ?? 0) >= 3);
  expect(answer.levels.length).toBeLessThanOrEqual(2);
  expect(answer.levels[0]).toMatchObject({ signalDbm: -84, snrDb: 30, downBitsPerSecond: '130000000' });
  expect(answer.customerLinks).toEqual([{ name: 'ada', signalDbm: -84, goneSince: null }]);
  const weak = await tenant.eventually(
    () =>
      tenant.data<{
        device: {
          alarms: { rule: { name: string }; service: { id: string } }[];
          customerLinks: { mac: string; service: { id: string } | null }[];
        };
      }>(
        'network',
        'query ($id: ID!) { device(id: $id) { alarms { rule { name } service { id } } customerLinks { mac service { id } } } }',
        { id: ids.get('ap') },
      ),
    ({ device }) => device.alarms.length > 0,
  );
  expect(weak.device.alarms).toEqual([{ rule: { name: 'Customer radio weak' }, service: { id: 'svc_ada' } }]);
  expect(weak.device.customerLinks).toEqual([
    { mac: customer(1), service: { id: 'svc_ada' } },
    { mac: customer(9), service: null },
  ]);
  const bad = await tenant.ask(
    'network',
    `query ($r: [_Any!]!) { _entities(representations: $r) { ... on Service { levels(from: "${to}", to: "${from}") { at } } } }`,
    { r: [{ __typename: 'Service', id: 'svc_ada' }] },
  );
  expect(JSON.stringify(bad.errors)).toMatch(/must end after it begins/);
});

test('who may only read decides nothing about links or equipment', async () => {
  const { principalWith } = await import('@dotmac/harness');
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
