import { AsyncLocalStorage } from 'node:async_hooks';
import type { KyselyPlugin } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestNetwork, type TestNetwork } from '../testing/network.ts';
import type { TestService } from '../testing/subscribers.ts';

/** Counts the queries of one operation. */
const counted = new AsyncLocalStorage<{ queries: number }>();
const counter: KyselyPlugin = {
  transformQuery({ node }) {
    const count = counted.getStore();
    if (count !== undefined) count.queries++;
    return node;
  },
  transformResult: async ({ result }) => result,
};

let isp: TestNetwork;
beforeAll(async () => {
  isp = await startTestNetwork((services) => ({
    ...services,
    database: services.database.withPlugin(counter),
  }));
});
afterAll(() => isp?.[Symbol.asyncDispose]());

interface LadderAnswer {
  readonly rungs: readonly {
    readonly name: string;
    readonly value: string;
    readonly passes: boolean | null;
    readonly freshness: string;
  }[];
  readonly firstFailing: { readonly name: string; readonly value: string } | null;
}

async function ladders(services: readonly TestService[]): Promise<LadderAnswer[]> {
  const data = await isp.tenant.data<{ _entities: { serviceState: LadderAnswer }[] }>(
    'network',
    `query ($r: [_Any!]!) { _entities(representations: $r) { ... on Service { serviceState {
      rungs { name value passes source observedAt freshness } firstFailing { name value } } } } }`,
    { r: services.map(({ serviceId: id }) => ({ __typename: 'Service', id })) },
  );
  return data._entities.map((one) => one.serviceState);
}

test('each service shows its first failing rung', async () => {
  const [online, locked, refused] = [await isp.order(), await isp.order(), await isp.order()];
  await isp.online(online);
  await isp.lock(locked, ['BILLING']);
  await isp.settled(locked.serviceId, 1);
  const { accepted } = await isp.nas.login(refused.username, 'not his password', { mac: refused.mac });
  expect(accepted).toBe(false);
  const [first, second, third] = await isp.tenant.eventually(
    () => ladders([online, locked, refused]),
    (answers) => answers[2]?.firstFailing?.name === 'AAA',
  );
  expect(first?.rungs).toMatchObject([
    { name: 'LOCK', value: 'OPEN', passes: true },
    { name: 'AAA', value: 'ACCEPTED', passes: true },
    { name: 'SESSION', value: 'ONLINE', passes: true, freshness: 'FRESH' },
    { name: 'CPE', passes: null, freshness: 'UNKNOWN' },
    { name: 'ACCESS_NODE', value: expect.stringContaining('bng-1') },
    { name: 'BACKHAUL', value: 'NO_LINK_KNOWN', passes: null },
    { name: 'INCIDENT', value: 'NONE', passes: true },
  ]);
  expect(first?.firstFailing).toBeNull();
  expect(second?.firstFailing).toEqual({ name: 'LOCK', value: 'BILLING' });
  expect(third?.firstFailing).toEqual({ name: 'AAA', value: 'REJECTED: BAD_PASSWORD' });
});

test('many services cost as many queries as few', async () => {
  const services: TestService[] = [];
  for (let i = 0; i < 12; i++) services.push(await isp.order());
  for (const service of services) await isp.online(service);
  const cost = async (count: number) => {
    const asked = { queries: 0 };
    await counted.run(asked, () => ladders(services.slice(0, count)));
    return asked.queries;
  };
  const few = await cost(2);
  expect(await cost(12)).toBe(few);
  expect(few).toBeLessThanOrEqual(10);
});
