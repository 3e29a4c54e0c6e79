import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { profilesOfFolder } from './catalogue.ts';
import { checkProfile } from './check.ts';
import { ProfileError } from './problem.ts';

const good = {
  id: 'box',
  match: { enterprise: [9999] },
  states: { fan: { 1: ['ok', 'ok'], 2: ['failed', 'critical'] } },
  memory: [{ name: 'RAM', scalar: true, total: '1.3.6.1.4.1.9999.1.1.0', free: '1.3.6.1.4.1.9999.1.2.0' }],
  sensors: [
    { class: 'temperature', oid: '1.3.6.1.4.1.9999.2.1.0', name: 'board', divisor: 10 },
    { class: 'state', column: '1.3.6.1.4.1.9999.3.1.2', name: 'fan {index}', states: 'fan' },
  ],
};
const [board, fan] = good.sensors;

test('a good profile has no problem', () => {
  expect(checkProfile(good)).toEqual([]);
});

test.each([
  ['a misspelt key', { ...good, sensor: [] }, '', /sensor/],
  ['no match', { ...good, match: {} }, 'match', /os or enterprise/],
  ['an OID with letters', { ...good, sensors: [{ ...board, oid: '1.3.x' }] }, 'sensors.0.oid', /no OID/],
  ['an unknown class', { ...good, sensors: [{ ...board, class: 'heat' }] }, 'sensors.0.class', /temperature/],
  ['a division by nothing', { ...good, sensors: [{ ...board, divisor: 0 }] }, 'sensors.0.divisor', /./],
  ['both scalar and column', { ...good, sensors: [{ ...fan, oid: '1.3.6.1.0' }] }, 'sensors.0', /either oid/],
  ['states nobody defined', { ...good, states: {} }, 'sensors.1.states', /enumeration/],
  ['a reading twice', { ...good, sensors: [board, board] }, 'sensors.1', /second time/],
  ['half a memory', { ...good, memory: [{ name: 'RAM', total: '1.3.6.1.2.1' }] }, 'memory.0', /two of/],
  ['a severity of its own', { ...good, states: { fan: { 1: ['ok', 'fine'] } } }, 'states.fan.1.1', /ok/],
  ['no object', [good], '', /object/],
])('%s is told with its place', (_, content, path, message) => {
  expect(checkProfile(content)).toContainEqual({ path, message: expect.stringMatching(message) });
});

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'profiles-'));
});
afterEach(() => rm(folder, { recursive: true }));

test("an operator's folder is read, and a bad file in it is named with all that is wrong", async () => {
  await writeFile(join(folder, 'box.json'), JSON.stringify(good));
  await writeFile(join(folder, 'readme.txt'), 'not a profile');
  expect(profilesOfFolder(folder)).toEqual([JSON.parse(JSON.stringify(good))]);
  await writeFile(join(folder, 'worse.json'), JSON.stringify({ ...good, id: 'Box', match: {} }));
  expect(() => profilesOfFolder(folder)).toThrow(ProfileError);
  expect(() => profilesOfFolder(folder)).toThrow(/worse\.json:\n {2}id .*\n {2}match/);
  await writeFile(join(folder, 'worse.json'), '{');
  expect(() => profilesOfFolder(folder)).toThrow(/worse\.json:\n {2}the file is no JSON/);
});
