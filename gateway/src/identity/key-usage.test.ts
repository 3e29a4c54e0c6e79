import { silentLogger } from '@dotmac/platform';
import { afterEach, expect, test } from 'vitest';
import { KeyUsage } from './key-usage.ts';

const started: KeyUsage[] = [];
afterEach(async () => {
  for (const usage of started.splice(0)) await usage.stop();
});

function usage() {
  const time = { now: 1_000_000 };
  const written: [string, number][][] = [];
  const database = { away: false };
  const made = new KeyUsage({
    async write(usedAt) {
      if (database.away) throw new Error('away');
      written.push([...usedAt]);
    },
    clock: { now: () => time.now },
    logger: silentLogger,
  });
  started.push(made);
  return { usage: made, time, written, database };
}

test('a key in use is written at most once a minute, many keys at once', async () => {
  const { usage: keys, time, written } = usage();
  keys.used('a');
  time.now += 1;
  keys.used('a');
  keys.used('b');
  await keys.flush();
  expect(written).toEqual([
    [
      ['a', 1_000_001],
      ['b', 1_000_001],
    ],
  ]);
  time.now += 30_000;
  keys.used('a');
  await keys.flush();
  expect(written).toHaveLength(1);
  time.now += 30_000;
  keys.used('a');
  await keys.flush();
  expect(written[1]).toEqual([['a', 1_060_001]]);
  await keys.flush();
  expect(written).toHaveLength(2);
});

test('what could not be written is written later, a newer use first', async () => {
  const { usage: keys, time, written, database } = usage();
  database.away = true;
  keys.used('a');
  keys.used('b');
  const flushing = keys.flush();
  time.now += 5;
  keys.used('a');
  await flushing;
  database.away = false;
  await keys.flush();
  expect(new Map(written[0])).toEqual(
    new Map([
      ['a', 1_000_005],
      ['b', 1_000_000],
    ]),
  );
});
