import { DriverRegistry } from '@dotmac/device';
import { startTestRuntime, type TestRuntime } from '@dotmac/harness';
import type { TenantDatabase } from '@dotmac/migrations';
import { newId } from '@dotmac/platform';
import * as radius from '@dotmac/radius';
import type { TenantEvents } from '@dotmac/schema';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type NetworkServices, network } from '../index.ts';
import { rollUp } from './rollup.ts';

let tenant: TestRuntime<TenantDatabase, TenantEvents>;
let services: NetworkServices;
const interfaceId = 'ifc_traffic';
const minute = 60_000;
/** A whole hour, some hours ago. */
let start = 0;

beforeAll(async () => {
  tenant = await startTestRuntime<TenantDatabase, TenantEvents>('tenant', (given) => {
    services = given;
    return [network(given, { drivers: new DriverRegistry([]), radius })];
  });
  const { database, clock } = services;
  start = Math.floor(clock.now() / 3_600_000) * 3_600_000 - 30 * 3_600_000;
  const at = new Date(start);
  const deviceId = newId('dev', clock);
  await database
    .insertInto('network.device')
    .values({
      id: deviceId,
      name: 'edge',
      state: 'ONLINE',
      stateSource: 'test',
      stateEvidence: 'test',
      stateSince: at,
      createdAt: at,
    })
    .execute();
  await database
    .insertInto('network.interface')
    .values({ id: interfaceId, deviceId, stableKey: 'name:sfp1', name: 'sfp1', seenAt: at })
    .execute();
  // 100 minutes of 1, 2, … 100 Mbit/s in, and a tenth of it out; the second half hour was not measured.
  await database
    .insertInto('network.interfaceRate')
    .values(
      Array.from({ length: 100 }, (_, i) => i)
        .filter((i) => i < 30 || i >= 60)
        .map((i) => ({
          interfaceId,
          at: new Date(start + i * minute),
          inBitsPerSecond: `${(i + 1) * 1_000_000}`,
          outBitsPerSecond: `${(i + 1) * 100_000}`,
        })),
    )
    .execute();
  // The module rolls up to now by itself, when there is nothing yet: before this or after it, not in between.
  await database.transaction().execute(async (transaction) => {
    await sql`lock table network.interface_rate_progress in exclusive mode`.execute(transaction);
    await transaction.deleteFrom('network.interfaceRateProgress').execute();
    await rollUp(transaction, clock.now());
  });
});
afterAll(() => tenant?.[Symbol.asyncDispose]());

interface Traffic {
  resolutionSeconds: number;
  points: { at: string; inBitsPerSecond: string; inMaxBitsPerSecond: string; outBitsPerSecond: string }[];
  percentile95: { inBitsPerSecond: string; outBitsPerSecond: string; samples: number } | null;
}
const ask = (from: number, to: number, points: number) =>
  tenant.ask(
    'network',
    `query ($id: ID!, $from: DateTime!, $to: DateTime!, $points: Int!) {
      _entities(representations: [{ __typename: "Interface", id: $id }]) { ... on Interface { traffic(from: $from, to: $to, points: $points) {
        resolutionSeconds points { at inBitsPerSecond inMaxBitsPerSecond outBitsPerSecond }
        percentile95 { inBitsPerSecond outBitsPerSecond samples } } } } }`,
    { id: interfaceId, from: new Date(from).toISOString(), to: new Date(to).toISOString(), points },
  );
async function traffic(from: number, to: number, points: number): Promise<Traffic> {
  const { data, errors } = await ask(from, to, points);
  expect(errors).toBeUndefined();
  return (data as { _entities: { traffic: Traffic }[] })._entities[0]?.traffic as Traffic;
}

test('means and peaks over five minutes and hours; what was not measured has no point', async () => {
  const fine = await traffic(start, start + 100 * minute, 21);
  expect(fine.resolutionSeconds).toBe(300);
  expect(fine.points).toHaveLength(14);
  expect(fine.points[0]).toEqual({
    at: new Date(start).toISOString(),
    inBitsPerSecond: '3000000',
    inMaxBitsPerSecond: '5000000',
    outBitsPerSecond: '300000',
  });
  expect(fine.points[6]?.at).toBe(new Date(start + 60 * minute).toISOString());
  const coarse = await traffic(start, start + 4 * 60 * minute, 5);
  expect(coarse.resolutionSeconds).toBe(3_600);
  expect(coarse.points.map((point) => [point.inBitsPerSecond, point.inMaxBitsPerSecond])).toEqual([
    ['15500000', '30000000'],
    ['80500000', '100000000'],
  ]);
});

test('the 95th percentile is that of the means over five minutes', async () => {
  const { percentile95 } = await traffic(start, start + 100 * minute, 300);
  // Of 14 means the 14th: 0.95 * 14 = 13.3.
  expect(percentile95).toEqual({ inBitsPerSecond: '98000000', outBitsPerSecond: '9800000', samples: 14 });
  expect((await traffic(start - 3_600_000, start, 300)).percentile95).toBeNull();
});

test('rolling up again changes nothing, and goes on where it stopped', async () => {
  const { database, clock } = services;
  const rows = () => database.selectFrom('network.interfaceRateHour').selectAll().orderBy('at').execute();
  const before = await rows();
  await database.transaction().execute((transaction) => rollUp(transaction, clock.now()));
  expect(await rows()).toEqual(before);
});

test('parts are dropped when their time is over, and rates of a time without a part are kept', async () => {
  const { database, clock } = services;
  const later = clock.now() + 20 * 86_400_000;
  const value = { interfaceId, inBitsPerSecond: '7', outBitsPerSecond: '7' };
  await database
    .insertInto('network.interfaceRate')
    .values({ ...value, at: new Date(later) })
    .execute();
  await database.transaction().execute((transaction) => rollUp(transaction, later + 2 * minute));
  const left = await database.selectFrom('network.interfaceRate').selectAll().execute();
  expect(left).toEqual([expect.objectContaining({ at: new Date(later), inBitsPerSecond: '7' })]);
});

test.each([
  ['a window that ends before it begins', 0, -1, 300, /must end after/],
  ['too many points', 0, minute, 2_001, /Between 2 and 2000/],
  ['one point', 0, minute, 1, /Between 2 and 2000/],
])('%s is refused', async (_, from, to, points, message) => {
  const { errors } = await ask(start + from, start + to, points);
  expect(errors?.[0]?.message).toMatch(message);
});
