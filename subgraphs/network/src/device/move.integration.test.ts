import { afterAll, beforeAll, expect, test } from 'vitest';
import { type PolledTower, startPolledTower } from '../testing/polled-tower.ts';

let isp: PolledTower;
let tenant: PolledTower['tenant'];
let id = '';
beforeAll(async () => {
  isp = await startPolledTower();
  ({ tenant, deviceId: id } = isp);
});
afterAll(() => isp?.[Symbol.asyncDispose]());

interface Answer {
  readonly __typename: string;
  readonly id: string;
  readonly fingerprint: string;
}
async function mutate(field: string, input: object, selection: string): Promise<Answer> {
  const type = `${field.charAt(0).toUpperCase()}${field.slice(1)}Input`;
  const data = await tenant.data<Record<string, Answer>>(
    'network',
    `mutation ($input: ${type}!) { ${field}(input: $input) { __typename ... on Failure { message } ${selection} } }`,
    { input },
  );
  return data[field] as Answer;
}
const effects =
  '... on AlarmEffects { fingerprint wouldRaiseCount wouldRaise { device { name } } wouldEndCount wouldEnd { rule { name } } }';
async function planned(field: string, input: object, selection = '') {
  const plan = await mutate(field, { ...input, mode: 'PLAN' }, `${effects} ${selection}`);
  const { fingerprint } = plan;
  return {
    plan,
    apply: () => mutate(field, { ...input, mode: 'APPLY', fingerprint }, `${effects} ${selection}`),
  };
}

test('a device that is moved comes under the rules of its new site; PLAN says so, and nothing has happened yet', async () => {
  const look = async () =>
    (
      await tenant.data<{
        device: {
          state: string;
          site: { name: string } | null;
          alarms: { rule: { name: string } }[];
        };
      }>('network', 'query ($id: ID!) { device(id: $id) { state site { name } alarms { rule { name } } } }', {
        id,
      })
    ).device;
  const { id: hill } = await mutate('createSite', { name: 'Hill' }, '... on Site { id }');
  // The router's processors are at 14 % in the mean, and go up and down with the hour.
  const rule = await planned('addAlarmRule', {
    name: 'Busy on the hill',
    metric: 'PROCESSOR_PERCENT',
    severity: 'WARNING',
    raiseAbove: 5,
    clearBelow: 4,
    scope: { siteId: hill },
  });
  expect(rule.plan).toMatchObject({ wouldRaiseCount: 0 });
  await rule.apply();

  const there = await planned(
    'moveDevice',
    { id, siteId: hill },
    '... on MoveDeviceResult { device { site { name } } }',
  );
  expect(there.plan).toMatchObject({
    __typename: 'MoveDeviceResult',
    device: { site: { name: 'Hill' } },
    wouldRaiseCount: 1,
    wouldRaise: [{ device: { name: 'tower' } }],
    wouldEndCount: 0,
  });
  expect(await look()).toMatchObject({ site: null, alarms: [] });
  expect(await mutate('moveDevice', { id, siteId: hill, mode: 'APPLY' }, '')).toMatchObject({
    __typename: 'ValidationError',
  });
  expect(await there.apply()).toMatchObject({ device: { site: { name: 'Hill' } } });
  await tenant.eventually(look, ({ alarms }) => alarms.length === 1);
  expect(await look()).toMatchObject({
    site: { name: 'Hill' },
    alarms: [{ rule: { name: 'Busy on the hill' } }],
  });
  // It stands there now: the plan of before is nobody's.
  expect(await there.apply()).toMatchObject({ __typename: 'StalePlanError' });

  const away = await planned('moveDevice', { id });
  expect(away.plan).toMatchObject({
    wouldRaiseCount: 0,
    wouldEndCount: 1,
    wouldEnd: [{ rule: { name: 'Busy on the hill' } }],
  });
  await away.apply();
  expect(await tenant.eventually(look, ({ alarms }) => alarms.length === 0)).toMatchObject({ site: null });
});

test.each([
  ['dev_none', { id: 'dev_none' }],
  ['sit_none', { siteId: 'sit_none' }],
])('a move that names %s, which there is not, is refused by it', async (name, input) => {
  expect(await mutate('moveDevice', { id, ...input, mode: 'PLAN' }, '')).toMatchObject({
    __typename: 'NotFoundError',
    message: expect.stringContaining(name),
  });
});
