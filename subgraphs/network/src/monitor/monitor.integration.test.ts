import { DriverRegistry, systemClock } from '@dotmac/device';
import { principalWith, startTestRuntime, type TestRuntime } from '@dotmac/harness';
import { startSnmpAgents, towerRouter } from '@dotmac/lab/snmp';
import type { TenantDatabase } from '@dotmac/migrations';
import * as radius from '@dotmac/radius';
import type { TenantEvents } from '@dotmac/schema';
import { SnmpEngine, snmpDriver } from '@dotmac/snmp';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { network } from '../index.ts';

const engine = new SnmpEngine({ clock: systemClock, tries: 1 });
let lab: Awaited<ReturnType<typeof startSnmpAgents>>;
let tenant: TestRuntime<TenantDatabase, TenantEvents>;

beforeAll(async () => {
  lab = await startSnmpAgents([towerRouter], { clock: systemClock });
  const drivers = new DriverRegistry([snmpDriver(engine)]);
  tenant = await startTestRuntime<TenantDatabase, TenantEvents>('tenant', (services) => [
    network(services, { drivers, radius, pollIntervalSeconds: 0.3 }),
  ]);
});
afterAll(async () => {
  await tenant?.[Symbol.asyncDispose]();
  await engine.close();
  await lab?.close();
});

interface DeviceAnswer {
  state: string;
  stateEvidence: string;
  vendor: string | null;
  uptimeSeconds: string | null;
  processorPercent: number | null;
  interfaces: { name: string; operStatus: string; inBitsPerSecond: string | null; rates: object[] }[];
}
const device = async (id: string) =>
  (
    await tenant.data<{ device: DeviceAnswer }>(
      'network',
      `query ($id: ID!) { device(id: $id) { state stateEvidence vendor uptimeSeconds processorPercent
        interfaces { name operStatus inBitsPerSecond rates { at } } } }`,
      { id },
    )
  ).device;

async function register(name: string, port: number): Promise<string> {
  const data = await tenant.data<{ registerDevice: { id: string } }>(
    'network',
    `mutation ($input: RegisterDeviceInput!) { registerDevice(input: $input) { ... on Device { id } ... on Failure { message } } }`,
    { input: { name, snmp: { host: '127.0.0.1', port, community: 'public' } } },
  );
  return data.registerDevice.id;
}

async function nextEvent(events: AsyncIterator<unknown>) {
  const { value } = (await events.next()) as { value: { data: { networkEvents: Record<string, unknown> } } };
  return value.data.networkEvents;
}

test('a device is probed, watched, told when it falls silent and when it is back', async () => {
  const [agent] = lab.agents;
  if (agent === undefined) throw new Error('The lab has no agent');
  const events = await tenant.subscribe(
    'network',
    `subscription { networkEvents(types: [DEVICE_STATE_CHANGED, INTERFACE_STATE_CHANGED]) { __typename cursor
      ... on DeviceStateChanged { fromState toState evidence device { name } }
      ... on InterfaceStateChanged { fromStatus toStatus interface { name } device { name } } } }`,
  );
  const up = nextEvent(events);
  const id = await register('tower-1', agent.port);
  expect(await up).toMatchObject({ fromState: 'UNKNOWN', toState: 'ONLINE', device: { name: 'tower-1' } });

  const watched = await tenant.eventually(
    () => device(id),
    (answer) => answer.interfaces.some((port) => port.rates.length >= 2),
  );
  expect(watched).toMatchObject({ vendor: 'MikroTik', processorPercent: expect.any(Number) });
  const backhaul = watched.interfaces.find((port) => port.name === 'sfp-sfpplus1');
  expect(backhaul?.operStatus).toBe('up');
  // The lab's port carries 412 Mbit/s in.
  expect(Number(backhaul?.inBitsPerSecond) / 412e6).toBeCloseTo(1, 0);

  const down = nextEvent(events);
  agent.setInterface('ether2', 'down');
  expect(await down).toMatchObject({ fromStatus: 'up', toStatus: 'down', interface: { name: 'ether2' } });

  const offline = nextEvent(events);
  agent.setSilent(true);
  expect(await offline).toMatchObject({
    fromState: 'ONLINE',
    toState: 'OFFLINE',
    evidence: expect.stringContaining('3 polls in a row'),
  });
  const online = nextEvent(events);
  agent.setSilent(false);
  expect(await online).toMatchObject({ fromState: 'OFFLINE', toState: 'ONLINE' });
  await events.return?.();
});

test('in maintenance the state stays until it is lifted', async () => {
  const id = await register('nobody', 9);
  const update = `mutation ($input: UpdateDeviceInput!) { updateDevice(input: $input) { ... on Device { state stateEvidence } } }`;
  const data = await tenant.data('network', update, { input: { id, maintenance: true } });
  expect(data).toEqual({
    updateDevice: { state: 'MAINTENANCE', stateEvidence: 'put into maintenance' },
  });
  const polled = await tenant.eventually(
    () => device(id),
    (answer) => answer.stateEvidence.includes('3 polls in a row'),
  );
  expect(polled.state).toBe('MAINTENANCE');
});

test('a silent device goes into the slow lane, told in the graph and in the metrics; it is back with its answer', async () => {
  const [agent] = lab.agents;
  if (agent === undefined) throw new Error('The lab has no agent');
  const id = await register('mast', agent.port);
  const polling = async () =>
    await tenant.data<{
      device: {
        polling: { lane: string; missedPolls: number; plan: { kind: string; everySeconds: number }[] };
      };
      polling: { fast: number; slow: number; overrunning: object[] };
    }>(
      'network',
      `query ($id: ID!) { device(id: $id) { polling { lane nextAt tookSeconds missedPolls overruns plan { kind protocol everySeconds } } }
          polling { fast slow inFlight overrunning { name } } }`,
      { id },
    );
  const live = await tenant.eventually(polling, ({ device }) => device.polling?.plan.length === 4);
  expect(live.device.polling).toMatchObject({
    lane: 'FAST',
    missedPolls: 0,
    plan: [
      { kind: 'IDENTITY', protocol: 'SNMP', everySeconds: 3600 },
      { kind: 'HEALTH', protocol: 'SNMP', everySeconds: 0.3 },
      { kind: 'INTERFACES', protocol: 'SNMP', everySeconds: 0.3 },
      { kind: 'SENSORS', protocol: 'SNMP', everySeconds: 300 },
    ],
  });
  agent.setSilent(true);
  const away = await tenant.eventually(polling, ({ device }) => device.polling.missedPolls >= 4);
  expect(away.device.polling.lane).toBe('SLOW');
  expect(away.polling.slow).toBeGreaterThan(0);
  const metrics = await tenant.services.metrics.metrics();
  expect(metrics).toMatch(/dotmac_network_poll_devices\{lane="slow"[^}]*\} [1-9]/);
  expect(metrics).toMatch(/dotmac_network_polls_total\{lane="slow",end="silent"[^}]*\} [1-9]/);
  agent.setSilent(false);
  const back = await tenant.eventually(polling, ({ device }) => device.polling.lane === 'FAST');
  expect(back.device.polling.missedPolls).toBe(0);
  const refused = await tenant.ask('network', '{ polling { fast } }', {}, principalWith('customers:read'));
  expect(refused.errors?.[0]?.message).toMatch(/network:read/);
});
