import { systemClock } from '@dotmac/device';
import { expect, test } from 'vitest';
import { checkProfile } from '../profile/check.ts';
import { parseWalk } from '../walk/parse.ts';
import { structureOf } from './columns.ts';
import { learn } from './learn.ts';

/** A box of a maker that no profile knows (number 60606): names beside values, a column of units, texts with units. */
const walk = parseWalk(`1.3.6.1.2.1.1.1.0|4|SNMP agent of Wx-4410 outdoor unit
1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.60606.7
1.3.6.1.2.1.1.3.0|67|123456
1.3.6.1.2.1.1.5.0|4|hill-top
1.3.6.1.4.1.60606.1.1.0|4|Wx-4410
1.3.6.1.4.1.60606.1.2.0|4|4.1.17
1.3.6.1.4.1.60606.1.3.0|4|WX44A0012345
1.3.6.1.4.1.60606.1.4.0|4|41.5 C
1.3.6.1.4.1.60606.2.1.1.1.1|2|1
1.3.6.1.4.1.60606.2.1.1.1.2|2|2
1.3.6.1.4.1.60606.2.1.1.1.3|2|3
1.3.6.1.4.1.60606.2.1.1.2.1|4|board temperature
1.3.6.1.4.1.60606.2.1.1.2.2|4|modem temperature
1.3.6.1.4.1.60606.2.1.1.2.3|4|12V rail
1.3.6.1.4.1.60606.2.1.1.3.1|2|385
1.3.6.1.4.1.60606.2.1.1.3.2|2|512
1.3.6.1.4.1.60606.2.1.1.3.3|2|12080
1.3.6.1.4.1.60606.2.1.1.4.1|2|1
1.3.6.1.4.1.60606.2.1.1.4.2|2|1
1.3.6.1.4.1.60606.2.1.1.4.3|2|1
1.3.6.1.4.1.60606.2.2.1.2.1|4|input
1.3.6.1.4.1.60606.2.2.1.2.2|4|load
1.3.6.1.4.1.60606.2.2.1.5.1|4|54.2
1.3.6.1.4.1.60606.2.2.1.5.2|4|1.9
1.3.6.1.4.1.60606.2.2.1.6.1|4|VDC
1.3.6.1.4.1.60606.2.2.1.6.2|4|A`).objects;

test('a walk of an unknown device becomes a draft that reads it, each guess with its reason', async () => {
  const lesson = await learn(walk, systemClock);
  expect(lesson.recognised.identity).toMatchObject({ sysName: 'hill-top', os: null });
  expect(checkProfile(lesson.profile)).toEqual([]);
  expect(lesson.profile).toMatchObject({ evidence: 'recordings', match: { enterprise: [60606] } });
  expect(lesson.gained.sensors).toBe(6);
  const reasons = Object.fromEntries(
    lesson.guessed.map(({ oid, as, why }) => [oid.slice(18), `${as}: ${why}`]),
  );
  expect(reasons).toMatchObject({
    '1.1.0': 'model: "Wx-4410" stands in sysDescr too',
    '1.3.0': 'serial: "WX44A0012345" has the form of a serial number',
    '1.4.0': 'temperature: its text is "41.5 C"',
    '2.1.1.3': expect.stringMatching(
      /temperature: values from 38\.5 to 51\.2 .*divided by 10; voltage: "12V rail"/,
    ),
    '2.2.1.5': expect.stringMatching(/^voltage, current: .*VDC, A/),
  });
  expect(lesson.undecided).toEqual([
    { oid: '1.3.6.1.4.1.60606.2.1.1.4', why: expect.stringMatching(/a state\?$/) },
  ]);
});

test('what a device that is known gives already is not guessed again', async () => {
  const known = parseWalk(`1.3.6.1.2.1.1.1.0|4|RouterOS RB4011
1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.14988.1
1.3.6.1.4.1.14988.1.1.3.10.0|2|410`).objects;
  const lesson = await learn(known, systemClock);
  expect(lesson).toMatchObject({ profile: null, guessed: [], recognised: { readings: { sensors: 1 } } });
  expect(lesson.recognised.profiles).toContain('mikrotik');
});

test('a MIB that its maker bought is recognised in a walk by its signs', async () => {
  const fastpath = parseWalk(`1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.32999.100.1
1.3.6.1.4.1.32999.10.1.1.1.4.1.0|2|40000
1.3.6.1.4.1.32999.10.1.1.1.4.2.0|2|128000
1.3.6.1.4.1.32999.10.1.1.1.4.9.0|4|5 Secs ( 12.5%)   60 Secs ( 11.0%)  300 Secs ( 10.1%)`).objects;
  const { recognised, guessed } = await learn(fastpath, systemClock);
  expect(recognised.profiles).toContain('fastpath-layout');
  expect(guessed).toEqual([]);
});

test('tables are told from groups of scalars by their indexes', () => {
  const { scalars, tables } = structureOf(walk.filter(({ oid }) => oid.startsWith('1.3.6.1.4.1.')));
  expect(scalars.map(({ oid }) => oid.slice(18))).toEqual(['1.1.0', '1.2.0', '1.3.0', '1.4.0']);
  expect(tables.map(({ entry, columns }) => [entry.slice(18), columns.length])).toEqual([
    ['2.1.1', 4],
    ['2.2.1', 3],
  ]);
});
