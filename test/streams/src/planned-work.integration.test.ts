import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Graph, graphOf, subscribersOf } from './graph.ts';
import { type Stack, startStack } from './stack.ts';

let stack: Stack;
let graph: Graph;
beforeAll(async () => {
  stack = await startStack({ demo: true });
  graph = graphOf(stack.url, await stack.token('OWNER'));
});
afterAll(() => stack?.[Symbol.asyncDispose]());

test('planned work says whom it concerns by name and what they pay in a month, and applies as it was planned', async () => {
  const { id: deviceId } = await graph.mutate('registerDevice', { name: 'tower' }, '... on Device { id }');
  const [ada] = await subscribersOf(graph, { secret: 'planned-work', coaPort: 3799 }, ['ada']);
  await graph.mutate('attachService', { serviceId: ada?.serviceId, deviceId }, '');
  const now = Date.now();
  const schedule = async (asked: object) => {
    const { data } = await graph.ask(
      `mutation ($input: ScheduleMaintenanceInput!) { scheduleMaintenance(input: $input) { __typename ... on Failure { message }
        ... on MaintenanceWindow { fingerprint coveredDevices { name } affectedServices { edges { node { customer { name } } } }
          revenueAtRisk { amount currency } device { maintenanceWindows { because } } } } }`,
      {
        input: {
          deviceId,
          startsAt: new Date(now).toISOString(),
          endsAt: new Date(now + 86_400_000).toISOString(),
          because: 'new antenna',
          ...asked,
        },
      },
    );
    return data.scheduleMaintenance as { readonly fingerprint: string };
  };
  const concerned = {
    coveredDevices: [{ name: 'tower' }],
    affectedServices: { edges: [{ node: { customer: { name: 'Ada' } } }] },
    revenueAtRisk: [{ amount: '4500', currency: 'USD' }],
  };
  const plan = await schedule({ mode: 'PLAN' });
  expect(plan).toMatchObject({ ...concerned, device: { maintenanceWindows: [] } });
  expect(await schedule({ mode: 'APPLY', fingerprint: 'another' })).toMatchObject({
    __typename: 'StalePlanError',
  });
  expect(await schedule({ mode: 'APPLY', fingerprint: plan.fingerprint })).toMatchObject({
    ...concerned,
    device: { maintenanceWindows: [{ because: 'new antenna' }] },
  });
});
