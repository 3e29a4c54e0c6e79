import { DriverRegistry, systemClock } from '@dotmac/device';
import { principalWith, startTestRuntime, type TestRuntime } from '@dotmac/harness';
import { type RunningSnmpAgent, type SnmpDeviceDescription, startSnmpAgents } from '@dotmac/lab/snmp';
import type { TenantDatabase } from '@dotmac/migrations';
import * as radius from '@dotmac/radius';
import type { TenantEvents } from '@dotmac/schema';
import { ProfileShelf, SnmpEngine, snmpDriver } from '@dotmac/snmp';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { network } from '../index.ts';
import { changeAlarmRule } from '../testing/alarm-rules.ts';
import { rollUpSensors } from './rollup.ts';

const engine = new SnmpEngine({ clock: systemClock });
const shelf = new ProfileShelf();
let lab: Awaited<ReturnType<typeof startSnmpAgents>>;
let agent: RunningSnmpAgent;
let tenant: TestRuntime<TenantDatabase, TenantEvents>;
let deviceId: string;

const branch = '1.3.6.1.4.1.64999';
const integer = (value: number) => ({ type: 'integer' as const, value });
/** What the box measures; a test changes it. */
const board = integer(415);
const supply = integer(1);
const fan = integer(2);
const box: SnmpDeviceDescription = {
  id: 'box',
  sysDescr: 'box',
  sysObjectId: `${branch}.7`,
  sysName: 'box',
  objects: {
    [`${branch}.1.1.2.5`]: board,
    [`${branch}.1.1.4.5`]: integer(600),
    [`${branch}.1.1.5.5`]: integer(700),
    [`${branch}.2.0`]: supply,
    [`${branch}.3.0`]: fan,
    [`${branch}.4.0`]: integer(-61),
    [`${branch}.9.1.2.1`]: integer(-2150),
  },
};
const states = { 1: ['ok', 'ok'], 2: ['failed', 'critical'], 3: ['worn', 'warning'] };
const profile = {
  id: 'box',
  match: { enterprise: [64_999] },
  sensors: [
    {
      class: 'temperature',
      column: `${branch}.1.1.2`,
      name: 'board',
      divisor: 10,
      limits: { highWarning: `${branch}.1.1.4`, highCritical: `${branch}.1.1.5` },
    },
    { class: 'state', oid: `${branch}.2.0`, name: 'supply', states },
    { class: 'state', oid: `${branch}.3.0`, name: 'fan', states },
    { class: 'dbm', column: `${branch}.9.1.2`, name: 'onu {index}', divisor: 100, care: 'hourly' },
  ],
  wireless: [{ class: 'rssi', oid: `${branch}.4.0`, name: 'link' }],
};

beforeAll(async () => {
  lab = await startSnmpAgents([box], { clock: systemClock });
  agent = lab.agents[0] as RunningSnmpAgent;
  tenant = await startTestRuntime<TenantDatabase, TenantEvents>('tenant', (services) => [
    network(services, {
      drivers: new DriverRegistry([snmpDriver(engine, shelf)]),
      radius,
      profiles: shelf,
      pollIntervalSeconds: 0.3,
      sensorIntervalSeconds: 0.2,
    }),
  ]);
  await useProfile(profile);
  const { registerDevice } = await tenant.data<{ registerDevice: { id: string } }>(
    'network',
    'mutation ($input: RegisterDeviceInput!) { registerDevice(input: $input) { ... on Device { id } } }',
    { input: { name: 'box', snmp: { host: '127.0.0.1', port: agent.port, community: 'public' } } },
  );
  deviceId = registerDevice.id;
});
afterAll(async () => {
  await tenant?.[Symbol.asyncDispose]();
  await engine.close();
  await lab?.close();
});

async function useProfile(content: object): Promise<void> {
  const add = (more: object) =>
    tenant.data<{ addDeviceProfile: { fingerprint: string } }>(
      'network',
      'mutation ($input: AddDeviceProfileInput!) { addDeviceProfile(input: $input) { ... on AddDeviceProfileResult { fingerprint } } }',
      { input: { content: JSON.stringify(content), ...more } },
    );
  const { addDeviceProfile } = await add({ mode: 'PLAN' });
  await add({ mode: 'APPLY', fingerprint: addDeviceProfile.fingerprint });
}

interface SensorAnswer {
  readonly id: string;
  readonly name: string;
  readonly value: number;
  readonly severity: string | null;
  readonly fresh: boolean;
  readonly readAt: string;
  readonly alarms: readonly { readonly rule: { readonly id: string }; readonly evidence: string }[];
}
const fields =
  'id kind class name value unit text severity highWarning highCritical fresh readAt source alarms { rule { id } evidence }';
async function sensors(args = ''): Promise<readonly SensorAnswer[]> {
  const { device } = await tenant.data<{ device: { sensors: readonly SensorAnswer[] } }>(
    'network',
    `query ($id: ID!) { device(id: $id) { sensors${args} { ${fields} } } }`,
    { id: deviceId },
  );
  return device.sensors;
}
const sensor = async (name: string) => (await sensors()).find((one) => one.name === name);
const alarmsOf = (name: string, wanted: readonly string[]) =>
  tenant.eventually(
    () => sensor(name),
    (one) => one !== undefined && one.alarms.map(({ rule }) => rule.id).join() === wanted.join(),
  );
/** Several readings have been taken since now. */
async function readings(count: number, name = 'board'): Promise<void> {
  for (let i = 0; i < count; i++) {
    const before = (await sensor(name))?.readAt;
    await tenant.eventually(
      () => sensor(name),
      (one) => one?.readAt !== before,
    );
  }
}

test('a tenant’s own profile: sensors, states, radios and a line card’s optics are read, each in its plan', async () => {
  const read = await tenant.eventually(sensors, (all) => all.length === 5);
  expect(read).toMatchObject([
    { kind: 'SENSOR', class: 'dbm', name: 'onu 1', value: -21.5, unit: 'dBm', fresh: true },
    { class: 'state', name: 'fan', value: 2, text: 'failed', severity: 'CRITICAL' },
    { class: 'state', name: 'supply', value: 1, text: 'ok', severity: 'OK', unit: null },
    { class: 'temperature', name: 'board', value: 41.5, unit: '°C', highWarning: 60, highCritical: 70 },
    { kind: 'RADIO', class: 'rssi', name: 'link', value: -61, unit: 'dBm', source: `snmp:${branch}.4.0` },
  ]);
  expect(await sensors('(kind: RADIO)')).toHaveLength(1);
  expect(await sensors('(class: "state")')).toHaveLength(2);
  const { device } = await tenant.data<{ device: { polling: { plan: readonly object[] } } }>(
    'network',
    'query ($id: ID!) { device(id: $id) { polling { plan { kind protocol everySeconds } } } }',
    { id: deviceId },
  );
  expect(device.polling.plan).toEqual(
    expect.arrayContaining([
      { kind: 'SENSORS', protocol: 'SNMP', everySeconds: 0.2 },
      { kind: 'LINE_SENSORS', protocol: 'SNMP', everySeconds: expect.closeTo(2.4, 5) },
    ]),
  );
});

test('a part that fails is an alarm and an event; one that was found broken calls nobody', async () => {
  await tenant.eventually(
    () => sensor('supply'),
    (one) => one?.severity === 'OK',
  );
  const stream = await tenant.subscribe(
    'network',
    `subscription { networkEvents(types: [SENSOR_STATE_CHANGED]) { __typename ... on SensorStateChanged { fromSeverity toSeverity
      text sensor { name } device { name } } } }`,
  );
  supply.value = 2;
  const failed = await alarmsOf('supply', ['alr_part_critical']);
  expect(failed?.alarms[0]?.evidence).toBe('supply is failed');
  const first = (await stream.next()).value as { data: { networkEvents: object } };
  expect(first.data.networkEvents).toEqual({
    __typename: 'SensorStateChanged',
    fromSeverity: 'OK',
    toSeverity: 'CRITICAL',
    text: 'failed',
    sensor: { name: 'supply' },
    device: { name: 'box' },
  });
  await stream.return?.();
  supply.value = 3;
  await alarmsOf('supply', ['alr_part_warning']);
  supply.value = 1;
  await alarmsOf('supply', []);
  expect(await sensor('fan')).toMatchObject({ severity: 'CRITICAL', alarms: [] });
});

test('the device’s own limits: raised beyond, kept just inside, cleared well inside', async () => {
  board.value = 650;
  const warned = await alarmsOf('board', ['alr_limit_warning']);
  expect(warned?.alarms[0]?.evidence).toMatch(/^board at 65 °C; its limits are –, –, 60, 70$/);
  board.value = 750;
  await alarmsOf('board', ['alr_limit_critical']);
  // 2 % inside of 70, so the critical one stays.
  board.value = 690;
  await readings(4);
  expect((await sensor('board'))?.alarms.map(({ rule }) => rule.id)).toEqual(['alr_limit_critical']);
  board.value = 415;
  await alarmsOf('board', []);
});

test('a rule of one’s own on a class of sensors, with hysteresis; it ends with its rule', async () => {
  const update = (input: object) => changeAlarmRule(tenant, { id: 'alr_temperature', ...input });
  await update({ raiseAbove: 50, clearBelow: 45 });
  board.value = 510;
  await alarmsOf('board', ['alr_temperature']);
  board.value = 470;
  await readings(4);
  expect((await sensor('board'))?.alarms).toHaveLength(1);
  board.value = 440;
  await alarmsOf('board', []);
  board.value = 510;
  await alarmsOf('board', ['alr_temperature']);
  await update({ enabled: false });
  await alarmsOf('board', []);
  await update({ enabled: true, raiseAbove: 85, clearBelow: 80 });
});

test('history in a bounded number of points; a window that makes no sense is refused', async () => {
  const now = tenant.services.clock.now();
  await tenant.eventually(
    () => sensor('board'),
    (board) => board?.fresh === true,
  );
  const history = (from: number, to: number, points: number) =>
    tenant.ask(
      'network',
      `query ($id: ID!, $from: DateTime!, $to: DateTime!, $points: Int) { device(id: $id) { sensors(class: "temperature") {
        history(from: $from, to: $to, points: $points) { resolutionSeconds points { at mean min max } } } } }`,
      { id: deviceId, from: new Date(from).toISOString(), to: new Date(to).toISOString(), points },
    );
  const { data } = (await history(now - 3_600_000, now + 60_000, 20)) as {
    data: {
      device: {
        sensors: [{ history: { resolutionSeconds: number; points: { min: number; max: number }[] } }];
      };
    };
  };
  const [{ history: told }] = data.device.sensors;
  expect(told.resolutionSeconds).toBe(300);
  expect(told.points.length).toBeGreaterThan(0);
  expect(told.points.length).toBeLessThanOrEqual(20);
  expect(Math.max(...told.points.map(({ max }) => max))).toBe(75);
  for (const [from, to, points] of [
    [now, now - 1, 20],
    [now - 1, now, 1],
    [now - 1, now, 2_001],
  ] as const)
    expect((await history(from, to, points)).errors?.[0]?.message).toMatch(/window|points/);
});

test('means and extremes over hours and days, each once, also after an outage', async () => {
  const { database, clock } = tenant.services;
  const sensorId = (await sensor('link'))?.id ?? '';
  const start = Math.floor(clock.now() / 86_400_000) * 86_400_000 - 100 * 86_400_000;
  await database.deleteFrom('network.sensorSampleProgress').execute();
  await database
    .insertInto('network.sensorSample')
    .values(
      [0, 10, 50, 70].map((minute) => ({
        sensorId,
        at: new Date(start + minute * 60_000),
        value: -60 - minute / 10,
      })),
    )
    .execute();
  for (let i = 0; i < 2; i++)
    await database.transaction().execute((transaction) => rollUpSensors(transaction, clock.now()));
  const { data } = await tenant.ask(
    'network',
    `query ($id: ID!, $from: DateTime!, $to: DateTime!) { device(id: $id) { sensors(kind: RADIO) { history(from: $from, to: $to, points: 24) {
      resolutionSeconds points { mean min max } } } } }`,
    { id: deviceId, from: new Date(start).toISOString(), to: new Date(start + 23 * 3_600_000).toISOString() },
  );
  expect(data).toMatchObject({
    device: {
      sensors: [
        {
          history: {
            resolutionSeconds: 3_600,
            points: [
              { mean: -62, min: -65, max: -60 },
              { mean: -67, min: -67, max: -67 },
            ],
          },
        },
      ],
    },
  });
  const [day] = await database
    .selectFrom('network.sensorSampleDay')
    .selectAll()
    .where('sensorId', '=', sensorId)
    .execute();
  expect(day).toMatchObject({ samples: 4, mean: -63.25, min: -67, max: -60 });
});

test('what the device answers without is gone, with its alarms; when it breaks off nothing is', async () => {
  supply.value = 2;
  await alarmsOf('supply', ['alr_part_critical']);
  agent.setQuirk('loop', true);
  await readings(3, 'supply');
  expect((await sensors()).map(({ name }) => name)).toContain('board');
  agent.setQuirk('loop', false);
  await useProfile({ ...profile, sensors: profile.sensors.filter(({ name }) => name !== 'supply') });
  await tenant.eventually(sensors, (all) => !all.some(({ name }) => name === 'supply'));
  expect((await sensors('(gone: true)')).find(({ name }) => name === 'supply')).toMatchObject({
    fresh: false,
    alarms: [],
  });
});

test('who may not read the network sees no sensor', async () => {
  const { errors } = await tenant.ask(
    'network',
    'query ($id: ID!) { device(id: $id) { sensors { id } } }',
    { id: deviceId },
    principalWith('billing:read'),
  );
  expect(errors?.[0]?.message).toMatch(/network:read/);
});
