import { expect, test } from 'vitest';
import type { SnmpValue } from '../codec/value.ts';
import { profiles, profilesFor } from './catalogue.ts';
import { checkProfile } from './check.ts';
import { sensorReadings } from './interpret.ts';
import type { Profile } from './schema.ts';

test.each(profiles().map((profile) => [profile.id, profile] as const))(
  'profile %s conforms',
  (_, profile) => {
    expect(checkProfile(profile)).toEqual([]);
  },
);

test('ids are unique', () => {
  const ids = profiles().map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
});

test('standard profiles apply to everything, others by maker or system', () => {
  const ids = (os: string | null, sysObjectId: string | null) =>
    profilesFor({ os, sysObjectId }).map((profile: Profile) => profile.id);
  expect(ids(null, null)).toEqual(['standard', 'ups-mib']);
  expect(ids(null, '1.3.6.1.4.1.14988.1')).toContain('mikrotik');
  expect(ids(null, '1.3.6.1.4.1.149880.1')).not.toContain('mikrotik');
  expect(ids('pmp', '1.3.6.1.4.1.161.19.250.256')).toContain('cambium-pmp');
  const linux = { os: 'linux', sysObjectId: '1.3.6.1.4.1.8072.3.2.10' };
  expect(profilesFor(linux, [318, 2021]).map(({ id }) => id)).toContain('apc');
});

test("an operator's profile is used beside ours, and instead of ours with the same id", () => {
  const own: Profile = { id: 'mikrotik', match: { enterprise: [14988] }, sensors: [] };
  const chosen = profilesFor({ os: null, sysObjectId: '1.3.6.1.4.1.14988.1' }, [], [own]);
  expect(chosen.filter(({ id }) => id === 'mikrotik')).toEqual([own]);
});

test('a host interface that is down is its port that is down, and no failed device besides', () => {
  const standard = profiles().find(({ id }) => id === 'standard');
  const [status, description] = ['1.3.6.1.2.1.25.3.2.1.5', '1.3.6.1.2.1.25.3.2.1.3'] as const;
  const source = standard?.sensors?.find(({ column }) => column === status);
  if (source === undefined) throw new Error('hrDeviceStatus is not read');
  const described: Record<string, string> = {
    '262148': 'network interface swp3',
    '97': 'Standard Ethernet Network Interface',
    '1025': 'GenuineIntel: Intel Xeon',
  };
  const cells = (value: (index: string) => SnmpValue) =>
    new Map(Object.keys(described).map((index) => [index, value(index)]));
  const columns = new Map([
    [status, cells(() => ({ type: 'integer', value: 5 }))],
    [description, cells((index) => ({ type: 'octets', value: Buffer.from(described[index] ?? '') }))],
  ]);
  const read = sensorReadings(
    source,
    { scalars: new Map(), columns, entityNames: new Map() },
    standard?.states,
  );
  expect(read).toMatchObject([{ name: 'GenuineIntel: Intel Xeon', value: 5, severity: 'critical' }]);
});
