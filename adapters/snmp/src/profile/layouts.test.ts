import { systemClock } from '@dotmac/device';
import { expect, test } from 'vitest';
import type { SnmpValue } from '../codec/value.ts';
import { walkSession } from '../walk/agent.ts';
import { layoutProfiles, profilesFor } from './catalogue.ts';
import { layoutsOf } from './layouts.ts';
import { readProfiles } from './read.ts';

/** A number that no profile knows. */
const MAKER = 32_999;
const text = (value: string): SnmpValue => ({ type: 'octets', value: Buffer.from(value) });
const number = (value: number): SnmpValue => ({ type: 'integer', value });

async function read(objects: Readonly<Record<string, SnmpValue>>, sysObjectId: string) {
  const walk = Object.entries(objects).map(([oid, value]) => ({ oid: `1.3.6.1.4.1.${oid}`, value }));
  const session = walkSession(walk, systemClock);
  const enterprises = [...new Set(walk.map(({ oid }) => Number(oid.split('.')[6])))];
  const family = profilesFor({ os: null, sysObjectId }, enterprises);
  const placed = await layoutsOf(session, layoutProfiles(), { sysObjectId, enterprises }, family, {});
  return { placed, ...(await readProfiles(session, placed, new Map(), {})) };
}

test('FASTPATH below the number of a maker that nobody knows', async () => {
  const switching = `${MAKER}.10.1.1.1.4`;
  const objects = {
    [`${switching}.1.0`]: number(40_000),
    [`${switching}.2.0`]: number(128_000),
    [`${switching}.9.0`]: text('    5 Secs ( 12.5%)   60 Secs ( 11.0%)  300 Secs ( 10.1%)'),
  };
  const { processors, memory } = await read(objects, `1.3.6.1.4.1.${MAKER}.100.1`);
  expect(processors.map(({ usagePercent }) => usagePercent)).toEqual([12.5]);
  expect(memory).toMatchObject([{ totalBytes: 131_072_000n }]);
});

test('a MIB repeated for each product, with its optical modules', async () => {
  const product = `${MAKER}.10.1.27`;
  const objects = {
    [`${product}.1.1.3.1.8.1`]: number(1),
    [`${product}.1.2.11.1.2.25`]: text('38.98 degrees C normal'),
    [`${product}.1.2.11.1.6.25`]: text('-2.99 dBm normal'),
    [`${product}.1.39.2.1.0`]: number(31),
    [`${product}.1.39.3.1.0`]: number(268_435_456),
    [`${product}.1.39.3.3.0`]: number(100_000_000),
  };
  const { processors, sensors } = await read(objects, `1.3.6.1.4.1.${product}.101`);
  expect(processors).toMatchObject([{ usagePercent: 31 }]);
  expect(sensors).toContainEqual(
    expect.objectContaining({ class: 'dbm', oid: `1.3.6.1.4.1.${product}.1.2.11.1.6.25`, value: -2.99 }),
  );
});

test('one sign alone places nothing', async () => {
  const { placed } = await read({ [`${MAKER}.10.1.1.1.4.9.0`]: text('( 5.0%)') }, `1.3.6.1.4.1.${MAKER}.1`);
  expect(placed).toEqual([]);
});

test('what a profile of the family reads already is left to it', async () => {
  const { placed, processors } = await read(
    { '4526.10.1.1.1.4.2.0': number(128_000), '4526.10.1.1.1.4.9.0': text('( 5.0%)') },
    '1.3.6.1.4.1.4526.100.1.1',
  );
  expect(placed).toHaveLength(1);
  expect(processors).toEqual([]);
});
