import { createSocket } from 'node:dgram';
import { networkInterfaces } from 'node:os';
import { DriverRegistry, systemClock } from '@dotmac/device';
import { startTestRuntime, type TestRuntime } from '@dotmac/harness';
import type { TenantDatabase } from '@dotmac/migrations';
import * as radius from '@dotmac/radius';
import type { TenantEvents } from '@dotmac/schema';
import { SnmpEngine, snmpDriver } from '@dotmac/snmp';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { network } from '../index.ts';

const engine = new SnmpEngine({ clock: systemClock, tries: 1 });
/** Somebody else's socket on this machine, and what reached it. */
const victim = createSocket('udp4');
let knocks = 0;
let port = 0;
let tenant: TestRuntime<TenantDatabase, TenantEvents>;
/** Where names lead. */
const names = new Map([
  ['inside.example.net', '127.0.0.1'],
  ['cloud.example.net', '169.254.169.254'],
  ['mapped.example.net', '::ffff:127.0.0.1'],
]);

beforeAll(async () => {
  victim.on('message', () => {
    knocks++;
  });
  await new Promise<void>((done) => victim.bind(0, () => done()));
  port = victim.address().port;
  tenant = await startTestRuntime<TenantDatabase, TenantEvents>('tenant', (services) => [
    network(
      // No demo: its devices are out in the field.
      { ...services, tenant: services.tenant === null ? null : { ...services.tenant, demo: false } },
      {
        drivers: new DriverRegistry([snmpDriver(engine)]),
        radius,
        pollIntervalSeconds: 0.3,
        async resolve(name) {
          const address = names.get(name);
          if (address === undefined) throw new Error('ENOTFOUND');
          return address;
        },
      },
    ),
  ]);
});
afterAll(async () => {
  await tenant?.[Symbol.asyncDispose]();
  await engine.close();
  await new Promise<void>((done) => victim.close(() => done()));
});

const mine = Object.values(networkInterfaces()).flatMap((all) =>
  (all ?? []).flatMap(({ address, family }) => (family === 'IPv4' ? [address] : [])),
);
const tries = [
  '127.0.0.1',
  '::1',
  '::ffff:127.0.0.1',
  '169.254.169.254',
  'fe80::1',
  ...mine,
  ...names.keys(),
];

async function mutate(field: 'registerDevice' | 'updateDevice', input: object) {
  const type = `${field.charAt(0).toUpperCase()}${field.slice(1)}Input`;
  const data = await tenant.data<Record<string, { __typename: string; id?: string; field?: string }>>(
    'network',
    `mutation ($input: ${type}!) { ${field}(input: $input) { __typename ... on Device { id } ... on ValidationError { field message } } }`,
    { input },
  );
  return data[field];
}

test('no device is registered at, or moved to, the machine, a metadata service or the link, by address or by name', async () => {
  const outside = await mutate('registerDevice', {
    name: 'outside',
    snmp: { host: '192.0.2.1', port, community: 'public' },
  });
  expect(outside?.__typename).toBe('Device');
  for (const host of tries) {
    const snmp = { host, port, community: 'public' };
    const refused = { __typename: 'ValidationError', field: 'input.snmp.host' };
    expect(await mutate('registerDevice', { name: `at ${host}`, snmp }), host).toMatchObject(refused);
    expect(await mutate('updateDevice', { id: outside?.id, snmp }), host).toMatchObject(refused);
    const routeros = { host, port: 8728, username: 'admin', password: 'x' };
    expect(await mutate('updateDevice', { id: outside?.id, routeros }), host).toMatchObject({
      __typename: 'ValidationError',
      field: 'input.routeros.host',
    });
  }
  expect(knocks).toBe(0);
});

test('what stands in the database all the same is not dialled: the address is looked at when it is used', async () => {
  const device = await mutate('registerDevice', {
    name: 'moves',
    snmp: { host: 'later.example.net', port, community: 'public' },
  });
  expect(device?.__typename).toBe('Device');
  names.set('later.example.net', '127.0.0.1');
  const told = await tenant.eventually(
    () =>
      tenant.data<{ device: { stateEvidence: string } }>(
        'network',
        'query ($id: ID!) { device(id: $id) { stateEvidence } }',
        { id: device?.id },
      ),
    (answer) => answer.device.stateEvidence.includes('machine DotMac runs on'),
  );
  expect(told.device.stateEvidence).toMatch(/INVALID_ARGUMENT/);
  expect(knocks).toBe(0);
});

test('neither a NAS nor a home server is at the machine, a metadata service or the link', async () => {
  const refusal = '__typename ... on Nas { id } ... on ValidationError { field }';
  type Answer = Record<string, { __typename: string; id?: string; field?: string }>;
  const register = (name: string, sourceAddress: string, coaHost: string | null) =>
    tenant.data<Answer>(
      'network',
      `mutation ($input: RegisterNasInput!) { registerNas(input: $input) { ${refusal} } }`,
      { input: { name, sourceAddress, coaHost, secret: 'not-a-guess', profile: 'mikrotik' } },
    );
  const outside = await register('outside', '192.0.2.7', '192.0.2.8');
  expect(outside.registerNas?.__typename).toBe('Nas');
  const refused = (field: string) => ({ __typename: 'ValidationError', field });
  for (const [index, host] of tries.filter((one) => !names.has(one)).entries()) {
    expect((await register(`nas ${index}`, host, null)).registerNas, host).toEqual(
      refused('input.sourceAddress'),
    );
    expect((await register(`nas ${index}`, '192.0.2.9', host)).registerNas, host).toEqual(
      refused('input.coaHost'),
    );
    const moved = await tenant.data<Answer>(
      'network',
      `mutation ($input: UpdateNasInput!) { updateNas(input: $input) { ${refusal} } }`,
      { input: { id: outside.registerNas?.id, coaHost: host } },
    );
    expect(moved.updateNas, host).toEqual(refused('input.coaHost'));
    const servers = ['192.0.2.10', host].map((one) => ({ host: one, secret: 'not-a-guess' }));
    const realm = await tenant.data<Answer>(
      'network',
      'mutation ($input: SetRealmInput!) { setRealm(input: $input) { __typename ... on ValidationError { field } } }',
      { input: { name: 'partner.example', mode: 'PLAN', servers } },
    );
    expect(realm.setRealm, host).toEqual(refused('input.servers.1.host'));
  }
});
