import { expect, test } from 'vitest';
import { profiles, profilesFor } from './catalogue.ts';
import { checkProfile } from './check.ts';
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
