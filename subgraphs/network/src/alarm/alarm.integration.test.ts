import { DriverRegistry, systemClock } from '@dotmac/device';
import { startTestRuntime, type TestRuntime } from '@dotmac/harness';
import { type RunningSnmpAgent, startSnmpAgents, towerRouter } from '@dotmac/lab/snmp';
import type { TenantDatabase } from '@dotmac/migrations';
import * as radius from '@dotmac/radius';
import type { TenantEvents } from '@dotmac/schema';
import { SnmpEngine, snmpDriver } from '@dotmac/snmp';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { network } from '../index.ts';
import { changeAlarmRule } from '../testing/alarm-rules.ts';

const engine = new SnmpEngine({ clock: systemClock });
let lab: Awaited<ReturnType<typeof startSnmpAgents>>;
let agent: RunningSnmpAgent;
let tenant: TestRuntime<TenantDatabase, TenantEvents>;
let deviceId: string;

beforeAll(async () => {
  lab = await startSnmpAgents([towerRouter], { clock: systemClock });
  const [first] = lab.agents;
  if (first === undefined) throw new Error('The lab has no agent');
  agent = first;
  tenant = await startTestRuntime<TenantDatabase, TenantEvents>('tenant', (services) => [
    network(services, {
      drivers: new DriverRegistry([snmpDriver(engine)]),
      radius,
      pollIntervalSeconds: 0.2,
    }),
  ]);
  const data = await tenant.data<{ registerDevice: { id: string } }>(
    'network',
    'mutation ($input: RegisterDeviceInput!) { registerDevice(input: $input) { ... on Device { id } } }',
    { input: { name: 'tower', snmp: { host: '127.0.0.1', port: agent.port, community: 'public' } } },
  );
  deviceId = data.registerDevice.id;
});
afterAll(async () => {
  await tenant?.[Symbol.asyncDispose]();
  await engine.close();
  await lab?.close();
});

interface AlarmAnswer {
  readonly id: string;
  readonly state: string;
  readonly flapping: boolean;
  readonly evidence: string;
  readonly interface: { readonly name: string } | null;
  readonly suppressedBecause: string | null;
}
interface DeviceAnswer {
  readonly state: string;
  readonly stateEvidence: string;
  readonly interfaces: readonly { readonly id: string; readonly name: string }[];
  readonly alarms: readonly AlarmAnswer[];
}
const fields = 'id state flapping evidence interface { name } suppressedBecause';
const device = async () =>
  (
    await tenant.data<{ device: DeviceAnswer }>(
      'network',
      `query ($id: ID!) { device(id: $id) { state stateEvidence interfaces { id name } alarms { ${fields} } } }`,
      { id: deviceId },
    )
  ).device;
async function mutate(field: string, input: object, selection: string) {
  const type = `${field.charAt(0).toUpperCase()}${field.slice(1)}Input`;
  const data = await tenant.data<Record<string, Record<string, unknown>>>(
    'network',
    `mutation ($input: ${type}!) { ${field}(input: $input) { __typename ... on Failure { message } ${selection} } }`,
    { input },
  );
  return data[field];
}

test('a processor over its limit degrades the device until it is calm again', async () => {
  await tenant.eventually(device, (answer) => answer.state === 'ONLINE');
  expect(await changeAlarmRule(tenant, { id: 'alr_processor', raiseAbove: 1, clearBelow: 2 })).toMatchObject({
    __typename: 'ValidationError',
  });
  await changeAlarmRule(tenant, { id: 'alr_processor', raiseAbove: 0.5, clearBelow: 0.4 });
  const busy = await tenant.eventually(device, (answer) => answer.state === 'DEGRADED');
  expect(busy.stateEvidence).toMatch(/^Processor busy: processor at \d+ %/);
  expect(busy.alarms).toMatchObject([{ state: 'ACTIVE', interface: null }]);

  const [alarm] = busy.alarms;
  expect(await mutate('acknowledgeAlarm', { id: alarm?.id }, '... on Alarm { state }')).toMatchObject({
    state: 'ACKNOWLEDGED',
  });
  expect(
    await mutate(
      'assignAlarm',
      { id: alarm?.id, assignee: ' night shift ' },
      '... on Alarm { assignedTo state }',
    ),
  ).toMatchObject({ assignedTo: 'night shift', state: 'ACKNOWLEDGED' });
  expect(await mutate('assignAlarm', { id: alarm?.id, assignee: ' ' }, '')).toMatchObject({
    __typename: 'ValidationError',
  });
  expect(await mutate('assignAlarm', { id: alarm?.id }, '... on Alarm { assignedTo }')).toMatchObject({
    assignedTo: null,
  });
  const told = await tenant.eventually(
    () => tenant.services.events.read(0n, { types: ['alarm.updated'] }),
    (events) => events.length >= 3,
  );
  expect(told.map(({ payload }) => ('because' in payload ? payload.because : null))).toEqual([
    'acknowledged',
    'assigned to night shift',
    'assigned to nobody',
  ]);
  const until = new Date(tenant.services.clock.now() + 3_600_000).toISOString();
  expect(
    await mutate('suppressAlarm', { id: alarm?.id, until, because: 'known' }, '... on Alarm { state }'),
  ).toMatchObject({ state: 'SUPPRESSED' });

  await changeAlarmRule(tenant, { id: 'alr_processor', raiseAbove: 99, clearBelow: 98 });
  const calm = await tenant.eventually(device, (answer) => answer.state === 'ONLINE');
  expect(calm.alarms).toEqual([]);
});

test('a monitored port that goes down is an alarm; planned work suppresses it; one that flaps stays', async () => {
  const { interfaces } = await device();
  const port = interfaces.find((one) => one.name === 'ether2');
  agent.setInterface('ether2', 'down');
  await mutate('monitorInterface', { id: port?.id, monitored: true }, '... on Interface { monitored }');
  const down = await tenant.eventually(device, (answer) => answer.alarms.length > 0);
  expect(down.alarms).toMatchObject([
    { state: 'ACTIVE', evidence: 'ether2 is down', interface: { name: 'ether2' } },
  ]);
  expect(down.state).toBe('ONLINE');
  agent.setInterface('ether2', 'up');
  await tenant.eventually(device, (answer) => answer.alarms.length === 0);

  const now = tenant.services.clock.now();
  await mutate(
    'scheduleMaintenance',
    {
      deviceId,
      startsAt: new Date(now - 1_000).toISOString(),
      endsAt: new Date(now + 3_600_000).toISOString(),
      because: 'new antenna',
    },
    '',
  );
  agent.setInterface('ether2', 'down');
  const planned = await tenant.eventually(device, (answer) => answer.alarms.length > 0);
  expect(planned.alarms).toMatchObject([{ state: 'SUPPRESSED', suppressedBecause: 'new antenna' }]);

  // Down, up, down so far; three more make it six.
  for (const status of ['up', 'down', 'up'] as const) {
    agent.setInterface('ether2', status);
    const changes = async () =>
      (
        await tenant.services.database
          .selectFrom('network.alarmWatch')
          .select('raised')
          .where('part', '=', port?.id ?? '')
          .executeTakeFirstOrThrow()
      ).raised;
    await tenant.eventually(changes, (raised) => raised === (status === 'down'));
  }
  const flapping = await tenant.eventually(device, (answer) => answer.alarms.some((one) => one.flapping));
  expect(flapping.alarms).toHaveLength(1);
  await mutate('monitorInterface', { id: port?.id, monitored: false }, '... on Interface { monitored }');
  await tenant.eventually(device, (answer) => answer.alarms.length === 0);

  // Work that is cancelled suppresses nothing any more.
  const windows = async () =>
    (
      await tenant.data<{ device: { maintenanceWindows: { id: string; because: string }[] } }>(
        'network',
        'query ($id: ID!) { device(id: $id) { maintenanceWindows { id because } } }',
        { id: deviceId },
      )
    ).device.maintenanceWindows;
  const [window] = await windows();
  expect(window?.because).toBe('new antenna');
  expect(
    await mutate('cancelMaintenance', { id: window?.id }, '... on MaintenanceWindow { cancelledAt }'),
  ).toMatchObject({ cancelledAt: expect.any(String) });
  expect(await windows()).toEqual([]);
  expect(await mutate('cancelMaintenance', { id: 'mnt_none' }, '')).toMatchObject({
    __typename: 'NotFoundError',
  });
});
