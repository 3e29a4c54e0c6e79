import { DriverRegistry, systemClock } from '@dotmac/device';
import { startTestRuntime, type TestRuntime } from '@dotmac/harness';
import { registrations, startSnmpAgents } from '@dotmac/lab/snmp';
import type { TenantDatabase } from '@dotmac/migrations';
import * as radius from '@dotmac/radius';
import type { TenantEvents } from '@dotmac/schema';
import { SnmpEngine, snmpDriver } from '@dotmac/snmp';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { network } from '../index.ts';
import { noteLevelDays, usualLevels } from './usual.ts';

const engine = new SnmpEngine({ clock: systemClock });
const mac = '02:cc:00:00:00:01';
const day = 86_400_000;
/** As the access point hears the customer; a test changes it. */
const signal = { type: 'integer' as const, value: -60 };
let lab: Awaited<ReturnType<typeof startSnmpAgents>>;
let tenant: TestRuntime<TenantDatabase, TenantEvents>;
let midnight = 0;

beforeAll(async () => {
  lab = await startSnmpAgents(
    [
      {
        id: 'ap',
        sysDescr: 'Lab',
        sysObjectId: '1.3.6.1.4.1.32473.1.24',
        sysName: 'ap',
        interfaces: [{ name: 'wlan1', speedBitsPerSecond: 1e9 }],
        objects: registrations([{ mac, ifIndex: 1, signalDbm: signal }]),
      },
    ],
    { clock: systemClock },
  );
  tenant = await startTestRuntime<TenantDatabase, TenantEvents>('tenant', (services) => [
    network(services, {
      drivers: new DriverRegistry([snmpDriver(engine)]),
      radius,
      pollIntervalSeconds: 1,
      surveyIntervalSeconds: 0.3,
    }),
  ]);
  const { database, clock } = tenant.services;
  midnight = Math.floor(clock.now() / day) * day;
  for (const name of ['ada', 'bob'])
    await sql`
      insert into network.access (service_id, customer_id, plan_id, username, password, mode, created_at)
      values (${`svc_${name}`}, 'cus', 'pln', ${name}, '\\x00'::bytea, 'OPEN', now())`.execute(database);
  await database
    .insertInto('network.customerEquipment')
    .values({ id: 'ceq_ada', serviceId: 'svc_ada', mac, addedBy: 'test', addedAt: new Date(clock.now()) })
    .execute();
  await samples('svc_ada', [-60, -61, -59, -60, -75], 24);
  await database.transaction().execute((transaction) => noteLevelDays(transaction, new Date(clock.now())));
});
afterAll(async () => {
  await tenant?.[Symbol.asyncDispose]();
  await engine.close();
  await lab?.close();
});

/** So many samples a day, the last level yesterday's. */
async function samples(serviceId: string, levels: readonly number[], perDay: number): Promise<void> {
  await tenant.services.database
    .insertInto('network.customerSample')
    .values(
      levels.flatMap((signalDbm, i) =>
        Array.from({ length: perDay }, (_, n) => ({
          serviceId,
          at: new Date(midnight - (levels.length - i) * day + (n * day) / perDay),
          deviceId: 'dev_test',
          signalDbm,
        })),
      ),
    )
    .execute();
}

const usual = (serviceId: string, at: number) =>
  usualLevels(tenant.services.database, [serviceId], new Date(at)).then((all) => all.get(serviceId) ?? null);

test('what is usual is the median over days; one bad day does not move it, and too few days say nothing', async () => {
  const { database, clock } = tenant.services;
  expect(await usual('svc_ada', clock.now())).toEqual({
    serviceId: 'svc_ada',
    signalDbm: -60,
    rxPowerDbm: null,
    lineRxPowerDbm: null,
  });
  // Days with too few samples, and a single good one.
  await samples('svc_bob', [-50, -50, -50], 3);
  await samples('svc_cyd', [-50], 24);
  await sql`delete from network.customer_level_day`.execute(database);
  for (let i = 0; i < 2; i++)
    await database.transaction().execute((transaction) => noteLevelDays(transaction, new Date(clock.now())));
  expect(await usual('svc_bob', clock.now())).toBeNull();
  expect(await usual('svc_cyd', clock.now())).toBeNull();
  expect((await usual('svc_ada', clock.now()))?.signalDbm).toBe(-60);
  // A customer who was away for long has no usual level any more.
  expect(await usual('svc_ada', clock.now() + 30 * day)).toBeNull();
});

interface ServiceAnswer {
  readonly serviceState: {
    readonly rungs: readonly { name: string; value: string; passes: boolean | null; freshness: string }[];
  };
}
const cpe = async () => {
  const data = await tenant.data<{ _entities: ServiceAnswer[] }>(
    'network',
    `query ($r: [_Any!]!) { _entities(representations: $r) { ... on Service { serviceState { rungs { name value passes source freshness } } } } }`,
    { r: [{ __typename: 'Service', id: 'svc_ada' }] },
  );
  return data._entities[0]?.serviceState.rungs.find(({ name }) => name === 'CPE');
};
const alarms = async () =>
  (
    await tenant.data<{ alarms: { edges: { node: { evidence: string; rule: { id: string } } }[] } }>(
      'network',
      '{ alarms(active: true) { edges { node { evidence rule { id } service { id } } } } }',
    )
  ).alarms.edges.map(({ node }) => node);

test('a level that falls by 3 dB against what is usual is told of, and until it has recovered by more', async () => {
  await tenant.data(
    'network',
    'mutation ($input: RegisterDeviceInput!) { registerDevice(input: $input) { ... on Device { id } } }',
    { input: { name: 'ap', snmp: { host: '127.0.0.1', port: lab.agents[0]?.port, community: 'public' } } },
  );
  expect(await tenant.eventually(cpe, (rung) => rung?.freshness === 'FRESH')).toMatchObject({
    value: 'REGISTERED at ap: signal -60 dBm, signal to noise 35 dB',
    passes: true,
    freshness: 'FRESH',
  });
  signal.value = -64;
  const told = await tenant.eventually(alarms, (all) => all.length > 0);
  expect(told).toEqual([
    {
      evidence: 'signal -64.0 dBm, usually -60.0 dBm',
      rule: { id: 'alr_customer_signal_fall' },
      service: { id: 'svc_ada' },
    },
  ]);
  expect(await tenant.eventually(cpe, (rung) => rung?.value.includes('alarm') === true)).toMatchObject({
    value: expect.stringContaining('alarm: signal -64.0 dBm, usually -60.0 dBm'),
    passes: null,
  });
  // While it is told of, what was usual before it stays so.
  const later = Array.from({ length: 9 }, (_, i) => ({
    serviceId: 'svc_ada',
    day: new Date(midnight + i * day).toISOString().slice(0, 10) as never,
    signalDbm: -64,
  }));
  await tenant.services.database.insertInto('network.customerLevelDay').values(later).execute();
  expect((await usual('svc_ada', midnight + 9 * day))?.signalDbm).toBe(-60);
  signal.value = -59;
  await tenant.eventually(alarms, (all) => all.length === 0);
  expect(await tenant.eventually(cpe, (rung) => rung?.passes === true)).toMatchObject({
    value: expect.not.stringContaining('alarm'),
  });
});
