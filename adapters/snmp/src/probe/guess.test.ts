import { systemClock } from '@dotmac/device';
import { expect, test } from 'vitest';
import { walkSession } from '../walk/agent.ts';
import { parseWalk } from '../walk/parse.ts';
import { probeDevice } from './device.ts';
import { unknownMaker } from './guess.ts';

/** A box of a maker that no profile knows (number 60606). */
const walk = parseWalk(`1.3.6.1.2.1.1.1.0|4|SNMP agent of an outdoor unit
1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.60606.7
1.3.6.1.2.1.1.3.0|67|123456
1.3.6.1.2.1.1.5.0|4|hill-top
1.3.6.1.4.1.60606.1.2.0|4|4.1.17
1.3.6.1.4.1.60606.1.3.0|4|WX44A0012345
1.3.6.1.4.1.60606.1.4.0|4|41.5 C
1.3.6.1.4.1.60606.1.5.0|2|77`).objects;
const options = { maxMilliseconds: 10_000 };
const session = () => walkSession(walk, systemClock);

test('of an unknown maker, what says what it is is taken, and marked as guessed', async () => {
  const report = await probeDevice(session(), options, [], true);
  expect(report.identity).toMatchObject({ version: '4.1.17', serial: 'WX44A0012345' });
  expect(report.sensors).toEqual([
    {
      class: 'temperature',
      oid: '1.3.6.1.4.1.60606.1.4.0',
      name: expect.any(String),
      value: 41.5,
      guessed: 'its text is "41.5 C"',
    },
  ]);
  expect(report.warnings).toEqual([
    expect.stringMatching(/^version is guessed from 1\.3\.6\.1\.4\.1\.60606\.1\.2\.0: /),
    expect.stringMatching(/^serial is guessed/),
    '1 sensors are guessed: no profile is known for enterprise 60606',
  ]);
});

test('nothing is guessed unless asked for, nor beside a profile of the maker', async () => {
  expect((await probeDevice(session(), options)).sensors).toEqual([]);
  const own = [{ id: 'mine', match: { enterprise: [60_606] } }];
  const { sensors, warnings } = await probeDevice(session(), options, own, true);
  expect({ sensors, warnings }).toEqual({ sensors: [], warnings: [] });
});

test('a maker is unknown when its objects are served and no profile is for it', () => {
  const standard = { id: 'standard', match: { always: true } } as const;
  expect(unknownMaker('1.3.6.1.4.1.60606.7', [60_606], [standard])).toBe(60_606);
  expect(unknownMaker('1.3.6.1.4.1.60606.7', [], [standard])).toBeNull();
  expect(unknownMaker('1.3.6.1.4.1.8072.3.2.10', [2021, 60_606], [standard])).toBe(60_606);
  expect(unknownMaker('1.3.6.1.4.1.8072.3.2.10', [60_605, 60_606], [standard])).toBeNull();
  expect(unknownMaker('1.3.6.1.4.1.60606.7', [60_606], [{ id: 'x', match: { os: ['x'] } }])).toBeNull();
});
