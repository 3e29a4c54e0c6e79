import { type DeviceSensor, type OperationContext, systemClock } from '@dotmac/device';
import { type SnmpDeviceDescription, startSnmpAgents } from '@dotmac/lab/snmp';
import { afterAll, expect, onTestFinished, test } from 'vitest';
import { SnmpEngine } from '../engine/engine.ts';
import { snmpDriver } from './driver.ts';
import { ProfileShelf } from './shelf.ts';

const engine = new SnmpEngine({ clock: systemClock });
afterAll(() => engine.close());
const context: OperationContext = {
  clock: systemClock,
  signal: new AbortController().signal,
  priority: 'poll',
  operationId: 'test',
};
const branch = '1.3.6.1.4.1.64999';

async function device(description: Partial<SnmpDeviceDescription>, own: readonly object[] = []) {
  const lab = await startSnmpAgents(
    [{ id: 'device', sysDescr: 'box', sysObjectId: `${branch}.7`, sysName: 'box', ...description }],
    { clock: systemClock, maxReplyOctets: 700 },
  );
  onTestFinished(() => lab.close());
  const shelf = new ProfileShelf();
  shelf.use(own);
  const session = snmpDriver(engine, shelf).open(
    { id: 'device', host: '127.0.0.1', port: lab.agents[0]?.port ?? 0 },
    { version: '2c', community: 'public' },
  );
  const read = async (model: 'sensor' | 'lineSensor' = 'sensor') => {
    const sensors: DeviceSensor[] = [];
    for await (const { value } of session.read(model, context)) sensors.push(value);
    return sensors;
  };
  const can = async () =>
    (await session.probe(context)).capabilities.flatMap(({ id }) => (id.includes('ensors') ? [id] : []));
  return { read, can, agent: lab.agents[0] };
}

const integer = (value: number) => ({ type: 'integer' as const, value });
const string = (value: string) => ({ type: 'string' as const, value });

test('sensors, states and radios of a profile that a tenant added', async () => {
  const profile = {
    id: 'box',
    match: { enterprise: [64_999] },
    sensors: [
      {
        class: 'temperature',
        column: `${branch}.1.1.2`,
        nameColumn: `${branch}.1.1.3`,
        name: 'board {index}',
        divisor: 10,
        limits: { highWarning: `${branch}.1.1.4`, highCritical: `${branch}.1.1.5` },
      },
      {
        class: 'state',
        oid: `${branch}.2.0`,
        name: 'supply',
        states: { 1: ['ok', 'ok'], 2: ['failed', 'critical'] },
      },
      { class: 'voltage', oid: `${branch}.3.0`, name: 'not there' },
    ],
    wireless: [{ class: 'rssi', oid: `${branch}.4.0`, name: 'link' }],
  };
  const { read, can } = await device(
    {
      objects: {
        [`${branch}.1.1.2.5`]: integer(415),
        [`${branch}.1.1.3.5`]: string('board'),
        [`${branch}.1.1.4.5`]: integer(600),
        [`${branch}.1.1.5.5`]: integer(700),
        [`${branch}.2.0`]: integer(2),
        [`${branch}.4.0`]: integer(-61),
      },
    },
    [profile],
  );
  expect(await can()).toEqual(['sensors.read']);
  expect(await read()).toEqual([
    {
      key: `sensor temperature ${branch}.1.1.2 board`,
      kind: 'sensor',
      class: 'temperature',
      name: 'board',
      value: 41.5,
      unit: '°C',
      severity: null,
      text: null,
      limits: { lowCritical: null, lowWarning: null, highWarning: 60, highCritical: 70 },
    },
    expect.objectContaining({ class: 'state', value: 2, severity: 'critical', text: 'failed', unit: null }),
    expect.objectContaining({ kind: 'radio', class: 'rssi', value: -61, unit: 'dBm' }),
  ]);
  expect(await read('lineSensor')).toEqual([]);
});

test('a transceiver’s own thresholds, in the scale of its sensor; an index that moves is the same sensor', async () => {
  const table = '1.3.6.1.4.1.9.9.91.1.1.1.1';
  const limits = '1.3.6.1.4.1.9.9.91.1.2.1.1';
  const transceiver = (index: number) => ({
    [`1.3.6.1.2.1.47.1.1.1.1.7.${index}`]: string('Te1/0/1 Receive Power Sensor'),
    [`${table}.1.${index}`]: integer(14),
    [`${table}.2.${index}`]: integer(9),
    [`${table}.3.${index}`]: integer(1),
    [`${table}.4.${index}`]: integer(-52),
    [`${table}.5.${index}`]: integer(1),
    // Severity, relation and value: high alarm, high warning, low alarm, low warning.
    ...Object.fromEntries(
      [
        [20, 4, 20],
        [10, 4, -10],
        [20, 2, -139],
        [10, 2, -99],
      ].flatMap(([severity = 0, relation = 0, value = 0], i) => [
        [`${limits}.2.${index}.${i + 1}`, integer(severity)],
        [`${limits}.3.${index}.${i + 1}`, integer(relation)],
        [`${limits}.4.${index}.${i + 1}`, integer(value)],
      ]),
    ),
  });
  const sysObjectId = '1.3.6.1.4.1.9.1.516';
  const before = await (await device({ sysObjectId, objects: transceiver(1042) })).read();
  const power = before.find(({ class: kind }) => kind === 'dbm');
  expect(power).toMatchObject({
    name: 'Te1/0/1 Receive Power Sensor',
    value: -5.2,
    unit: 'dBm',
    limits: { lowCritical: -13.9, lowWarning: -9.9, highWarning: -1, highCritical: 2 },
  });
  const after = await (await device({ sysObjectId, objects: transceiver(2042) })).read();
  expect(after.find(({ class: kind }) => kind === 'dbm')?.key).toBe(power?.key);
});

test('optics of a line card are read apart: by the profile’s word, or when there turn out to be that many', async () => {
  const optics = (care: object) => ({
    id: 'box',
    match: { enterprise: [64_999] },
    sensors: [{ class: 'dbm', column: `${branch}.9.1.2`, name: 'onu {index}', divisor: 100, ...care }],
  });
  const objects = Object.fromEntries(
    Array.from({ length: 300 }, (_, i) => [`${branch}.9.1.2.${i + 1}`, integer(-2000 - i)]),
  );
  const gentle = await device({ objects }, [optics({ care: 'hourly' })]);
  expect(await gentle.can()).toEqual(['lineSensors.read']);
  expect(await gentle.read()).toEqual([]);
  expect(await gentle.read('lineSensor')).toHaveLength(300);

  const many = await device({ objects }, [optics({})]);
  expect(await many.can()).toEqual(['sensors.read']);
  expect(await many.read()).toHaveLength(300);
  expect(await many.can()).toEqual(['lineSensors.read']);
});

test('a table that breaks off gives what there is, and says so; a device without sensors has none', async () => {
  const optics = {
    id: 'box',
    match: { enterprise: [64_999] },
    sensors: [{ class: 'dbm', column: `${branch}.9.1.2`, name: 'onu {index}' }],
  };
  const objects = Object.fromEntries(
    Array.from({ length: 60 }, (_, i) => [`${branch}.9.1.2.${i + 1}`, integer(-20)]),
  );
  const { read, agent } = await device({ objects }, [optics]);
  expect(await read()).toHaveLength(60);
  agent?.setQuirk('loop', true);
  await expect(read()).rejects.toMatchObject({ code: 'PARTIAL_FAILURE' });
  const bare = await device({});
  expect(await bare.can()).toEqual([]);
  expect(await bare.read()).toEqual([]);
});
