import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { customer, type SurveyedNetwork, startSurveyedNetwork } from '../testing/surveyed-network.ts';

let isp: SurveyedNetwork;
let tenant: SurveyedNetwork['tenant'];
beforeAll(async () => {
  isp = await startSurveyedNetwork();
  tenant = isp.tenant;
});
afterAll(() => isp?.[Symbol.asyncDispose]());

test('each subscriber is found where his equipment is seen, with source and time', async () => {
  const ada = await tenant.eventually(
    () => isp.place('ada'),
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
    () => isp.place('bob'),
    // Before all devices are read, another may be the nearest that has seen him.
    ({ servedAt }) => servedAt?.via === 'FORWARDING' && servedAt.device?.name === 'switch',
  );
  expect(bob.servedAt).toMatchObject({ device: { name: 'switch' }, interface: { name: 'eth4' } });
  // His address is seen behind the OLT's port only, which sees no address itself: the NAS is all there is.
  expect(
    (
      await tenant.eventually(
        () => isp.place('cyd'),
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
        () => isp.place('dan'),
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
    () => isp.place('eve'),
    ({ servedAt }) => servedAt?.via === 'FORWARDING' && servedAt.device?.name === 'switch',
  );
  expect(eve.servedAt).toMatchObject({ interface: { name: 'eth4' } });
  expect(eve.servedBy.map(({ name }) => name)).toEqual(['switch', 'core']);
  const fay = await tenant.eventually(
    () => isp.place('fay'),
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
