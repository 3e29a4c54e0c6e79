import { DriverRegistry, systemClock } from '@dotmac/device';
import { startTestRuntime, type TestRuntime } from '@dotmac/harness';
import { onts, startSnmpAgents } from '@dotmac/lab/snmp';
import type { TenantDatabase } from '@dotmac/migrations';
import * as radius from '@dotmac/radius';
import type { TenantEvents } from '@dotmac/schema';
import { SnmpEngine, snmpDriver } from '@dotmac/snmp';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { network } from '../index.ts';

const engine = new SnmpEngine({ clock: systemClock });
const serial = 'HWTC0A1B2C3D';
const objects = onts([{ serial, ifIndex: 1, ont: 7, rxPowerDbm: -20, distanceMeters: 1_840 }]);
/** hwGponOntOpticalDdmRxPower in hundredths of dBm: what the customer's ONU receives. */
const [light] = Object.entries(objects).flatMap(([oid, value]) => (oid.includes('.51.1.4.') ? [value] : []));
let lab: Awaited<ReturnType<typeof startSnmpAgents>>;
let tenant: TestRuntime<TenantDatabase, TenantEvents>;

beforeAll(async () => {
  lab = await startSnmpAgents(
    [
      {
        id: 'olt',
        sysDescr: 'Lab',
        sysObjectId: '1.3.6.1.4.1.32473.1.24',
        sysName: 'olt',
        interfaces: [{ name: 'GPON 0/1/0', speedBitsPerSecond: 2_488_000_000 }],
        objects,
      },
    ],
    { clock: systemClock },
  );
  tenant = await startTestRuntime<TenantDatabase, TenantEvents>('tenant', (services) => [
    network(services, {
      drivers: new DriverRegistry([snmpDriver(engine)]),
      radius,
      pollIntervalSeconds: 1,
      surveyIntervalSeconds: 0.1,
    }),
  ]);
  const { database, clock } = tenant.services;
  await sql`
    insert into network.access (service_id, customer_id, plan_id, username, password, mode, created_at)
    values ('svc_ada', 'cus', 'pln', 'ada', '\\x00'::bytea, 'OPEN', now())`.execute(database);
  await database
    .insertInto('network.customerEquipment')
    .values({ id: 'ceq_ada', serviceId: 'svc_ada', serial, addedBy: 'test', addedAt: new Date(clock.now()) })
    .execute();
});
afterAll(async () => {
  await tenant?.[Symbol.asyncDispose]();
  await engine.close();
  await lab?.close();
});

function receives(dBm: number): void {
  if (light?.type !== 'integer') throw new Error('The lab tells no received power');
  Object.assign(light, { value: Math.round(dBm * 100) });
}

interface Service {
  readonly customerLinks: readonly { readonly rxPowerDbm: number }[];
  readonly levels: readonly { readonly samples: number; readonly rxPowerDbm: number | null }[];
}
async function ada(): Promise<Service> {
  const now = tenant.services.clock.now();
  const [from, to] = [now - 3_600_000, now + 3_600_000].map((at) => new Date(at).toISOString());
  const { _entities } = await tenant.data<{ _entities: Service[] }>(
    'network',
    `query ($r: [_Any!]!, $from: DateTime!, $to: DateTime!) { _entities(representations: $r) { ... on Service {
      customerLinks { rxPowerDbm } levels(from: $from, to: $to, points: 10) { samples rxPowerDbm } } } }`,
    { r: [{ __typename: 'Service', id: 'svc_ada' }], from, to },
  );
  return _entities[0] as Service;
}
const read = (dBm: number) =>
  tenant.eventually(ada, ({ customerLinks }) => customerLinks[0]?.rxPowerDbm === dBm);
/** Whole readings that the rules have seen. */
async function readings(more: number): Promise<void> {
  const samples = async () => (await ada()).levels.reduce((sum, one) => sum + one.samples, 0);
  const before = await samples();
  await tenant.eventually(samples, (now) => now >= before + more);
}

interface Told {
  readonly networkEvents: {
    readonly __typename: string;
    readonly alarm: {
      readonly evidence: string;
      readonly rule: { readonly id: string };
      readonly service: { readonly id: string } | null;
    };
  };
}

test('light that falls in the field is a sample, an alarm with its customer in the stream, and over only well above', async () => {
  const stream = await tenant.subscribe(
    'network',
    `subscription { networkEvents(types: [ALARM_RAISED, ALARM_CLEARED]) { __typename
      ... on AlarmRaised { alarm { evidence rule { id } service { id } } }
      ... on AlarmCleared { alarm { evidence rule { id } service { id } } } } }`,
  );
  const next = async () => {
    const { value } = await stream.next();
    const { __typename, alarm } = (value as { data: Told }).data.networkEvents;
    return { __typename, ...alarm };
  };
  await tenant.data(
    'network',
    'mutation ($input: RegisterDeviceInput!) { registerDevice(input: $input) { ... on Device { id } } }',
    { input: { name: 'olt', snmp: { host: '127.0.0.1', port: lab.agents[0]?.port, community: 'public' } } },
  );
  await read(-20);
  receives(-28.5);
  const about = { rule: { id: 'alr_customer_light' }, service: { id: 'svc_ada' } };
  expect(await next()).toEqual({ __typename: 'AlarmRaised', evidence: 'receives -28.5 dBm', ...about });
  // Just above the limit it stays: the next that is told is its end, from well above.
  receives(-26.5);
  await read(-26.5);
  await readings(2);
  receives(-22);
  expect(await next()).toEqual({ __typename: 'AlarmCleared', evidence: 'receives -22.0 dBm', ...about });
  await stream.return?.();
  const { levels } = await ada();
  expect(levels.length).toBeLessThanOrEqual(10);
  // Points are spans of the clock, and another may have begun meanwhile.
  const samples = levels.reduce((sum, one) => sum + one.samples, 0);
  const mean = levels.reduce((sum, one) => sum + one.samples * (one.rxPowerDbm ?? 0), 0) / samples;
  expect(mean).toBeGreaterThan(-28.5);
  expect(mean).toBeLessThan(-20);
});
