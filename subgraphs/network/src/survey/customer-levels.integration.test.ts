import { afterAll, beforeAll, expect, test } from 'vitest';
import { changeAlarmRule } from '../testing/alarm-rules.ts';
import { customer, type SurveyedNetwork, startSurveyedNetwork } from '../testing/surveyed-network.ts';

let isp: SurveyedNetwork;
let tenant: SurveyedNetwork['tenant'];
beforeAll(async () => {
  isp = await startSurveyedNetwork();
  tenant = isp.tenant;
});
afterAll(() => isp?.[Symbol.asyncDispose]());

test('an ONU that somebody says is his: its place, its levels, and an alarm about too little light', async () => {
  const add = (serial: string) =>
    tenant.data<{ addCustomerEquipment: object }>(
      'network',
      `mutation ($input: AddCustomerEquipmentInput!) { addCustomerEquipment(input: $input) {
        __typename ... on CustomerEquipment { serial } } }`,
      { input: { serviceId: 'svc_cyd', serial } },
    );
  expect((await add('hwtc-0a1b2c3d')).addCustomerEquipment).toEqual({
    __typename: 'CustomerEquipment',
    serial: 'HWTC0A1B2C3D',
  });
  expect((await add('HWTC0A1B2C3D')).addCustomerEquipment).toMatchObject({ __typename: 'ConflictError' });
  expect((await add('!')).addCustomerEquipment).toMatchObject({ __typename: 'ValidationError' });
  const cyd = await tenant.eventually(
    () => isp.place('cyd'),
    ({ servedAt }) => servedAt?.via === 'OPTICAL',
  );
  expect(cyd.servedAt).toMatchObject({ device: { name: 'olt' }, interface: { name: 'eth2' } });

  // Optical equipment is read seldom.
  await changeAlarmRule(tenant, { id: 'alr_customer_light', raiseAfter: 1 });
  interface Levels {
    readonly customerLinks: { serial: string; rxPowerDbm: number; distanceMeters: number }[];
  }
  const { customerLinks } = await tenant.eventually(
    () => isp.service<Levels>('cyd', 'customerLinks { serial rxPowerDbm distanceMeters }'),
    (answer) => answer.customerLinks.length > 0,
  );
  expect(customerLinks).toEqual([{ serial: 'HWTC0A1B2C3D', rxPowerDbm: -28.5, distanceMeters: 1_840 }]);
  interface Alarms {
    readonly alarms: {
      edges: {
        node: { rule: { name: string }; service: { id: string } | null; evidence: string; severity: string };
      }[];
    };
  }
  const { alarms } = await tenant.eventually(
    () =>
      tenant.data<Alarms>(
        'network',
        '{ alarms(active: true) { edges { node { rule { name } service { id } evidence severity } } } }',
      ),
    ({ alarms: { edges } }) => edges.some(({ node }) => node.rule.name === 'Customer receives little light'),
  );
  expect(alarms.edges.map(({ node }) => node)).toContainEqual({
    rule: { name: 'Customer receives little light' },
    service: { id: 'svc_cyd' },
    evidence: 'receives -28.5 dBm',
    severity: 'MINOR',
  });
});

test('radio levels are kept per subscriber, in as many points as asked for; a weak one is an alarm with its owner', async () => {
  const from = new Date(tenant.services.clock.now() - 3_600_000).toISOString();
  const to = new Date(tenant.services.clock.now() + 3_600_000).toISOString();
  interface Levels {
    readonly levels: {
      at: string;
      samples: number;
      signalDbm: number;
      snrDb: number;
      downBitsPerSecond: string;
    }[];
    readonly customerLinks: object[];
  }
  const ask = () =>
    isp.service<Levels>(
      'ada',
      `levels(from: "${from}", to: "${to}", points: 10) { at samples signalDbm snrDb downBitsPerSecond } customerLinks { name signalDbm goneSince }`,
    );
  // Points are spans of the clock, and another may begin meanwhile.
  const answer = await tenant.eventually(
    ask,
    ({ levels }) => levels.reduce((sum, { samples }) => sum + samples, 0) >= 3,
  );
  expect(answer.levels.length).toBeLessThanOrEqual(2);
  expect(answer.levels[0]).toMatchObject({ signalDbm: -84, snrDb: 30, downBitsPerSecond: '130000000' });
  expect(answer.customerLinks).toEqual([{ name: 'ada', signalDbm: -84, goneSince: null }]);
  const weak = await tenant.eventually(
    () =>
      tenant.data<{
        device: {
          alarms: { rule: { name: string }; service: { id: string } }[];
          customerLinks: { mac: string; service: { id: string } | null }[];
        };
      }>(
        'network',
        'query ($id: ID!) { device(id: $id) { alarms { rule { name } service { id } } customerLinks { mac service { id } } } }',
        { id: isp.idOf('ap') },
      ),
    ({ device }) => device.alarms.length > 0,
  );
  expect(weak.device.alarms).toEqual([{ rule: { name: 'Customer radio weak' }, service: { id: 'svc_ada' } }]);
  expect(weak.device.customerLinks).toEqual([
    { mac: customer(1), service: { id: 'svc_ada' } },
    { mac: customer(9), service: null },
  ]);
  const bad = await tenant.ask(
    'network',
    `query ($r: [_Any!]!) { _entities(representations: $r) { ... on Service { levels(from: "${to}", to: "${from}") { at } } } }`,
    { r: [{ __typename: 'Service', id: 'svc_ada' }] },
  );
  expect(JSON.stringify(bad.errors)).toMatch(/must end after it begins/);
});
