import { DriverRegistry, systemClock } from '@dotmac/device';
import { principalWith, startTestRuntime, type TestRuntime } from '@dotmac/harness';
import { startSnmpAgents, towerRouter } from '@dotmac/lab/snmp';
import type { TenantDatabase } from '@dotmac/migrations';
import * as radius from '@dotmac/radius';
import type { TenantEvents } from '@dotmac/schema';
import { SnmpEngine, snmpDriver } from '@dotmac/snmp';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { network } from '../index.ts';

const engine = new SnmpEngine({ clock: systemClock });
let lab: Awaited<ReturnType<typeof startSnmpAgents>>;
let tenant: TestRuntime<TenantDatabase, TenantEvents>;

beforeAll(async () => {
  lab = await startSnmpAgents([towerRouter], { clock: systemClock });
  tenant = await startTestRuntime<TenantDatabase, TenantEvents>('tenant', (services) => [
    network(services, {
      drivers: new DriverRegistry([snmpDriver(engine)]),
      radius,
      pollIntervalSeconds: 0.2,
    }),
  ]);
  const { registerDevice } = await tenant.data<{ registerDevice: { id: string } }>(
    'network',
    'mutation ($input: RegisterDeviceInput!) { registerDevice(input: $input) { ... on Device { id } } }',
    {
      input: { name: 'tower', snmp: { host: '127.0.0.1', port: lab.agents[0]?.port, community: 'public' } },
    },
  );
  await tenant.eventually(
    () =>
      tenant.data<{ device: { processorPercent: number | null } }>(
        'network',
        'query ($id: ID!) { device(id: $id) { processorPercent } }',
        { id: registerDevice.id },
      ),
    ({ device }) => device.processorPercent !== null,
  );
});
afterAll(async () => {
  await tenant?.[Symbol.asyncDispose]();
  await engine.close();
  await lab?.close();
});

interface Added {
  readonly __typename: string;
  readonly rule: { readonly id: string; readonly builtIn: boolean };
  readonly wouldRaiseCount: number;
  readonly wouldRaise: readonly { readonly device: { readonly name: string }; readonly evidence: string }[];
  readonly fingerprint: string;
  readonly field?: string;
  readonly reason?: string;
}
const addRule = `mutation ($input: AddAlarmRuleInput!) { addAlarmRule(input: $input) { __typename
  ... on AddAlarmRuleResult { fingerprint wouldRaiseCount wouldRaise { device { name } evidence } rule { id builtIn } }
  ... on ValidationError { field } ... on ConflictError { reason } } }`;
const add = async (input: object) =>
  (await tenant.data<{ addAlarmRule: Added }>('network', addRule, { input })).addAlarmRule;
const removeRule = `mutation ($id: ID!) { removeAlarmRule(input: { id: $id }) { __typename ... on ConflictError { reason } } }`;
const remove = async (id: string) =>
  (
    await tenant.data<{ removeAlarmRule: { __typename: string; reason?: string } }>('network', removeRule, {
      id,
    })
  ).removeAlarmRule;
interface Alarm {
  readonly state: string;
  readonly rule: { readonly name: string };
}
const alarmsOf = async (name: string) =>
  (
    await tenant.data<{ alarms: { edges: { node: Alarm }[] } }>(
      'network',
      '{ alarms(first: 100) { edges { node { state rule { name } } } } }',
    )
  ).alarms.edges.flatMap(({ node }) => (node.rule.name === name ? [node.state] : []));

// The router's processors are at 14 % in the mean, and go up and down with the hour.
const busy = {
  name: 'Busier than the rest',
  metric: 'PROCESSOR_PERCENT',
  severity: 'WARNING',
  raiseAbove: 5,
  clearBelow: 4,
};

test('a rule of its own says beforehand what it would raise, raises it, and takes it along when it is removed', async () => {
  const plan = await add({ ...busy, mode: 'PLAN' });
  expect(plan).toMatchObject({
    wouldRaiseCount: 1,
    wouldRaise: [{ device: { name: 'tower' }, evidence: expect.stringMatching(/^processor at \d+ %$/) }],
  });
  expect(await add({ ...busy, raiseAbove: 60, mode: 'PLAN' })).toMatchObject({ wouldRaiseCount: 0 });
  expect(await alarmsOf(busy.name)).toEqual([]);
  expect(await add({ ...busy, mode: 'APPLY' })).toEqual({ __typename: 'StalePlanError' });
  expect(await add({ ...busy, raiseAbove: 6, mode: 'APPLY', fingerprint: plan.fingerprint })).toEqual({
    __typename: 'StalePlanError',
  });
  const { rule } = await add({ ...busy, mode: 'APPLY', fingerprint: plan.fingerprint });
  expect(rule.builtIn).toBe(false);
  await tenant.eventually(
    () => alarmsOf(busy.name),
    (states) => states.length === 1 && states[0] === 'ACTIVE',
  );
  expect(await add({ ...busy, mode: 'PLAN' })).toEqual({
    __typename: 'ConflictError',
    reason: 'DUPLICATE_RULE',
  });
  expect((await remove(rule.id)).__typename).toBe('AlarmRule');
  // The alarm ends, and still knows by which rule it was raised; the name is free.
  await tenant.eventually(
    () => alarmsOf(busy.name),
    (states) => states.length === 1 && states[0] === 'CLEARED',
  );
  expect((await remove(rule.id)).__typename).toBe('NotFoundError');
  expect((await add({ ...busy, mode: 'PLAN' })).__typename).toBe('AddAlarmRuleResult');
});

test('what comes with DotMac is not removed; a wrong rule is refused by its field', async () => {
  expect(await remove('alr_processor')).toEqual({ __typename: 'ConflictError', reason: 'BUILT_IN' });
  expect(await add({ ...busy, clearBelow: 9, mode: 'PLAN' })).toEqual({
    __typename: 'ValidationError',
    field: 'input.clearBelow',
  });
  // The database holds what it is told of every metric.
  const others = [
    { metric: 'INTERFACE_DOWN', raiseAbove: null, clearBelow: null },
    { metric: 'SENSOR_STATE_CRITICAL', raiseAbove: null, clearBelow: null },
    { metric: 'SENSOR_VALUE', sensorClass: 'temperature' },
    { metric: 'MEMORY_PERCENT' },
    { metric: 'CUSTOMER_SIGNAL_FALL_DB' },
    { metric: 'CUSTOMER_SNR_DB', raiseAbove: null, clearBelow: null, raiseBelow: 9, clearAbove: 10 },
  ];
  for (const other of others) {
    const wanted = { ...busy, ...other, name: `Own ${other.metric}` };
    const { fingerprint } = await add({ ...wanted, mode: 'PLAN' });
    const applied = await add({ ...wanted, mode: 'APPLY', fingerprint });
    expect(applied.__typename, other.metric).toBe('AddAlarmRuleResult');
  }
});

test('who may only read adds and removes nothing', async () => {
  const principal = principalWith('network:read');
  for (const [operation, variables] of [
    [addRule, { input: { ...busy, name: 'Of a reader', mode: 'PLAN' } }],
    [removeRule, { id: 'alr_processor' }],
  ] as const) {
    const { errors } = await tenant.ask('network', operation, variables, principal);
    expect(errors?.[0]?.message).toContain('network:write');
  }
});
