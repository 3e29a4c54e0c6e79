import { DriverRegistry, type ReachProbe, systemClock } from '@dotmac/device';
import { startTestRuntime, type TestRuntime } from '@dotmac/harness';
import { startSnmpAgents, towerRouter } from '@dotmac/lab/snmp';
import type { TenantDatabase } from '@dotmac/migrations';
import * as radius from '@dotmac/radius';
import { SystemReach } from '@dotmac/reach';
import type { TenantEvents } from '@dotmac/schema';
import { SnmpEngine, snmpDriver } from '@dotmac/snmp';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { network } from '../index.ts';

const engine = new SnmpEngine({ clock: systemClock, tries: 1 });
const system = new SystemReach({ clock: systemClock, loopback: true });
/** Loopback always answers; a firewall that drops everything is played here. */
let firewall = false;
const reach: ReachProbe = {
  look: async (host, signal) =>
    firewall
      ? {
          host,
          method: 'PING',
          verdict: 'SILENT',
          rttMilliseconds: null,
          detail: '0 of 2 echoes came back',
          observedAt: systemClock.now(),
        }
      : system.look(host, signal),
};
let lab: Awaited<ReturnType<typeof startSnmpAgents>>;
let tenant: TestRuntime<TenantDatabase, TenantEvents>;

beforeAll(async () => {
  lab = await startSnmpAgents([towerRouter, { ...towerRouter, id: 'second' }], { clock: systemClock });
  const drivers = new DriverRegistry([snmpDriver(engine)]);
  tenant = await startTestRuntime<TenantDatabase, TenantEvents>('tenant', (services) => [
    network(services, { drivers, radius, reach, pollIntervalSeconds: 0.4 }),
  ]);
});
afterAll(async () => {
  await tenant?.[Symbol.asyncDispose]();
  await engine.close();
  await lab?.close();
});

function agent(index: number) {
  const found = lab.agents[index];
  if (found === undefined) throw new Error(`The lab has no agent ${index}`);
  return found;
}

async function online(name: string, port: number): Promise<string> {
  const { registerDevice } = await tenant.data<{ registerDevice: { id: string } }>(
    'network',
    'mutation ($input: RegisterDeviceInput!) { registerDevice(input: $input) { ... on Device { id } } }',
    { input: { name, snmp: { host: '127.0.0.1', port, community: 'public' } } },
  );
  await tenant.eventually(
    () => look(registerDevice.id),
    ({ device }) => device.state === 'ONLINE',
  );
  return registerDevice.id;
}

interface Look {
  readonly device: {
    readonly state: string;
    readonly stateEvidence: string;
    readonly reachability: { method: string; verdict: string; rttMilliseconds: number | null } | null;
  };
  readonly incidents: {
    readonly edges: { node: { kind: string; evidence: { source: string; fact: string }[] } }[];
  };
}
const look = (id: string) =>
  tenant.data<Look>(
    'network',
    `query ($id: ID!) { device(id: $id) { state stateEvidence reachability { method verdict rttMilliseconds detail observedAt } }
      incidents(states: [SUSPECTED, CONFIRMED]) { edges { node { kind evidence { source fact } } } } }`,
    { id },
  );

test('a device whose agent is silent while its host answers is a fault of the monitoring, not an outage', async () => {
  const id = await online('mast', agent(0).port);
  expect((await look(id)).device.reachability).toBeNull();
  agent(0).setSilent(true);
  const { device, incidents } = await tenant.eventually(
    () => look(id),
    ({ device, incidents }) =>
      device.state === 'DEGRADED' && incidents.edges[0]?.node.kind === 'MONITORING_FAULT',
  );
  expect(device.reachability).toMatchObject({
    method: expect.stringMatching(/^(FPING|PING|TCP|UDP)$/),
    verdict: 'REACHABLE',
  });
  expect(device.stateEvidence).toMatch(/polls in a row without an answer: .*; its host answers .+/);
  expect(incidents.edges[0]?.node.evidence).toContainEqual({
    source: 'reachability',
    fact: 'the host of mast is reachable',
  });
  agent(0).setSilent(false);
  await tenant.eventually(
    () => look(id),
    ({ device, incidents }) => device.state === 'ONLINE' && incidents.edges.length === 0,
  );
});

test('session up, ping down: a fault of the monitoring that names both', async () => {
  firewall = true;
  const id = await online('hill', agent(1).port);
  const { database, clock } = tenant.services;
  await sql`insert into network.nas (id, name, device_id, source_address, secret, vendor_profile, coa_port, created_at)
    values ('nas_hill', 'hill', ${id}, '10.9.9.9', '\\x00'::bytea, 'mikrotik', 3799, now())`.execute(
    database,
  );
  await sql`insert into network.session (id, nas_id, native_id, username, device_id, started_at, updated_at)
    values ('ses_1', 'nas_hill', '1', 'survivor', ${id}, now(), now())`.execute(database);
  agent(1).setSilent(true);
  const down = await tenant.eventually(
    () => look(id),
    ({ device }) => device.state === 'OFFLINE',
  );
  expect(down.device.stateEvidence).toMatch(/its host does not answer ping either: 0 of 2 echoes came back/);
  await sql`update network.session set updated_at = ${new Date(clock.now())} where id = 'ses_1'`.execute(
    database,
  );
  const { incidents } = await tenant.eventually(
    () => look(id),
    ({ incidents }) => incidents.edges[0]?.node.kind === 'MONITORING_FAULT',
  );
  expect(incidents.edges[0]?.node.evidence.map(({ fact }) => fact)).toEqual(
    expect.arrayContaining([
      'the session of survivor goes on through hill',
      'hill: its host does not answer ping either: 0 of 2 echoes came back',
    ]),
  );
  agent(1).setSilent(false);
});
