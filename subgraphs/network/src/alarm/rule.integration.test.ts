import { principalWith } from '@dotmac/harness';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type PolledTower, startPolledTower } from '../testing/polled-tower.ts';

let isp: PolledTower;
let tenant: PolledTower['tenant'];
let tower = '';
beforeAll(async () => {
  isp = await startPolledTower();
  ({ tenant, deviceId: tower } = isp);
});
afterAll(() => isp?.[Symbol.asyncDispose]());

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
const removal = async (input: object) =>
  (
    await tenant.data<{
      removeAlarmRule: {
        __typename: string;
        reason?: string;
        fingerprint: string;
        wouldRaiseCount: number;
        wouldEndCount: number;
      };
    }>(
      'network',
      `mutation ($input: RemoveAlarmRuleInput!) { removeAlarmRule(input: $input) { __typename
        ... on RemoveAlarmRuleResult { fingerprint wouldRaiseCount wouldEndCount } ... on ConflictError { reason } } }`,
      { input },
    )
  ).removeAlarmRule;
const remove = async (id: string) => {
  const { fingerprint, ...plan } = await removal({ id, mode: 'PLAN' });
  return fingerprint === undefined ? plan : removal({ id, mode: 'APPLY', fingerprint });
};
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
  expect(await add({ ...busy, mode: 'APPLY' })).toEqual({
    __typename: 'ValidationError',
    field: 'input.fingerprint',
  });
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
  expect(await removal({ id: rule.id, mode: 'PLAN' })).toMatchObject({
    wouldRaiseCount: 0,
    wouldEndCount: 1,
  });
  expect((await removal({ id: rule.id, mode: 'APPLY' })).__typename).toBe('ValidationError');
  expect((await removal({ id: rule.id, mode: 'APPLY', fingerprint: 'of another' })).__typename).toBe(
    'StalePlanError',
  );
  expect((await remove(rule.id)).__typename).toBe('RemoveAlarmRuleResult');
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

const refusal = '... on ConflictError { reason }';
const effects = 'fingerprint wouldRaiseCount wouldEndCount wouldEnd { rule { name } }';
type Answer = Readonly<Record<string, unknown>> & { readonly fingerprint: string };
async function mutate(field: string, input: object, selection: string): Promise<Answer> {
  const type = `${field.charAt(0).toUpperCase()}${field.slice(1)}Input`;
  const data = await tenant.data<Record<string, Answer>>(
    'network',
    `mutation ($input: ${type}!) { ${field}(input: $input) { __typename ${selection} } }`,
    { input },
  );
  return data[field] as Answer;
}
const planned = async (field: string, input: object, result: string) => {
  const selection = `... on ${result} { ${effects} }`;
  const plan = await mutate(field, { ...input, mode: 'PLAN' }, selection);
  const { fingerprint } = plan;
  return { plan, apply: () => mutate(field, { ...input, mode: 'APPLY', fingerprint }, selection) };
};
const states = (name: string, wanted: readonly string[]) =>
  tenant.eventually(
    () => alarmsOf(name),
    (found) => found.toSorted().join() === wanted.toSorted().join(),
  );

test('a rule for a group takes the place of one that holds everywhere, and gives it back', async () => {
  const wide = { ...busy, name: 'Busy anywhere' };
  const everywhere = await add({ ...wide, mode: 'PLAN' });
  const { rule } = await add({ ...wide, mode: 'APPLY', fingerprint: everywhere.fingerprint });
  await states(wide.name, ['ACTIVE']);

  const group = await mutate('createDeviceGroup', { name: 'Core' }, '... on DeviceGroup { id }');
  // A group without devices changes nothing: what it would do is seen when somebody puts one into it.
  const near = { ...busy, name: 'Busy core', raiseAbove: 60, clearBelow: 50, scope: { groupId: group.id } };
  const added = await planned('addAlarmRule', near, 'AddAlarmRuleResult');
  expect(added.plan).toMatchObject({ wouldRaiseCount: 0, wouldEndCount: 0 });
  expect(await added.apply()).toMatchObject({ __typename: 'AddAlarmRuleResult' });
  expect(await mutate('removeDeviceGroup', { id: group.id }, refusal)).toMatchObject({
    reason: 'GROUP_IN_USE',
  });

  const member = await planned(
    'setDevicesOfGroup',
    { id: group.id, deviceIds: [tower] },
    'SetDevicesOfGroupResult',
  );
  expect(member.plan).toMatchObject({
    wouldRaiseCount: 0,
    wouldEndCount: 1,
    wouldEnd: [{ rule: { name: wide.name } }],
  });
  expect(await alarmsOf(wide.name)).toEqual(['ACTIVE']);
  await member.apply();
  await states(wide.name, ['CLEARED']);
  // The world has moved: the plan of before is nobody's.
  expect(await member.apply()).toMatchObject({ __typename: 'StalePlanError' });

  const { rules } = await tenant.data<{ rules: { id: string; name: string; group: object | null }[] }>(
    'network',
    '{ rules: alarmRules { id name group { name devices { name groups { name } } } } }',
  );
  const core = rules.find(({ name }) => name === near.name);
  expect(core?.group).toEqual({ name: 'Core', devices: [{ name: 'tower', groups: [{ name: 'Core' }] }] });

  // Moved to the device with a limit it passes; then switched off: the wide rule holds again.
  const moved = await planned(
    'changeAlarmRule',
    { id: core?.id, scope: { deviceId: tower }, raiseAbove: 7, clearBelow: 6 },
    'ChangeAlarmRuleResult',
  );
  expect(moved.plan).toMatchObject({ wouldRaiseCount: 1, wouldEndCount: 0 });
  await moved.apply();
  await states(near.name, ['ACTIVE']);
  expect(await mutate('removeDeviceGroup', { id: group.id }, '... on DeviceGroup { id }')).toMatchObject({
    id: group.id,
  });
  const off = await planned('changeAlarmRule', { id: core?.id, enabled: false }, 'ChangeAlarmRuleResult');
  expect(off.plan).toMatchObject({ wouldRaiseCount: 1, wouldEndCount: 1 });
  await off.apply();
  await states(near.name, ['CLEARED']);
  await states(wide.name, ['CLEARED', 'ACTIVE']);
  await remove(rule.id);
});

test('a rule holds at one place that there is; what comes with DotMac holds everywhere', async () => {
  const scoped = (scope: object) => add({ ...busy, name: 'Somewhere', mode: 'PLAN', scope });
  expect(await scoped({ deviceId: tower, siteId: 'sit_x' })).toMatchObject({ field: 'input.scope' });
  for (const scope of [{ deviceId: 'dev_x' }, { siteId: 'sit_x' }, { groupId: 'dgr_x' }])
    expect((await scoped(scope)).__typename).toBe('NotFoundError');
  const change = { id: 'alr_processor', mode: 'PLAN', scope: { deviceId: tower } };
  expect(await mutate('changeAlarmRule', change, refusal)).toMatchObject({ reason: 'BUILT_IN' });
});

test('who may only read adds and removes nothing', async () => {
  const principal = principalWith('network:read');
  for (const [operation, variables] of [
    [addRule, { input: { ...busy, name: 'Of a reader', mode: 'PLAN' } }],
    ['mutation { removeAlarmRule(input: { id: "alr_processor", mode: PLAN }) { __typename } }', {}],
    ['mutation { moveDevice(input: { id: "dev_x", mode: PLAN }) { __typename } }', {}],
    ['mutation { changeAlarmRule(input: { id: "alr_processor", mode: PLAN }) { __typename } }', {}],
    ['mutation { createDeviceGroup(input: { name: "Mine" }) { __typename } }', {}],
    ['mutation { setDevicesOfGroup(input: { id: "dgr_x", deviceIds: [], mode: PLAN }) { __typename } }', {}],
    ['mutation { removeDeviceGroup(input: { id: "dgr_x" }) { __typename } }', {}],
  ] as const) {
    const { errors } = await tenant.ask('network', operation, variables, principal);
    expect(errors?.[0]?.message).toContain('network:write');
  }
});
