import { expect, test } from 'vitest';
import { encodeOid } from '../codec/oid.ts';
import { forProduct, profiles, profilesFor } from './catalogue.ts';
import { objectsOf } from './read.ts';
import type { Profile } from './schema.ts';

const sensorClasses = new Set(
  (
    'temperature voltage current power power_consumed power_factor frequency fanspeed humidity load percent charge ' +
    'runtime dbm signal snr count pressure bitrate delay state measured tv_signal signal_loss quality_factor ' +
    'chromatic_dispersion ber airflow waterflow cooling loss eer'
  ).split(' '),
);
const wirelessClasses = new Set(
  (
    'frequency channel power rssi rsrp rsrq sinr snr ssr noise-floor mse xpi rate capacity utilization quality ccq ' +
    'clients ap-count errors error-rate distance cell'
  ).split(' '),
);
const allowed: Readonly<Record<string, ReadonlySet<string>>> = {
  profile: new Set([
    'id',
    'evidence',
    'match',
    'identity',
    'processors',
    'memory',
    'sensors',
    'wireless',
    'states',
  ]),
  sensor: new Set(
    'class oid column name nameColumn multiplier divisor absent variant states entitySensors text convert when exponentColumn precisionColumn signedScaleColumn divisorColumn bits textIndex'.split(
      ' ',
    ),
  ),
};

function unknownKeys(kind: string, object: object): string[] {
  return Object.keys(object).filter((key) => !allowed[kind]?.has(key));
}

test.each(profiles.map((profile) => [profile.id, profile] as const))(
  'profile %s has the shape of its schema',
  (_, profile) => {
    expect(unknownKeys('profile', profile)).toEqual([]);
    expect(Object.keys(profile.match).length).toBeGreaterThan(0);
    const sources = [...(profile.sensors ?? []), ...(profile.wireless ?? [])];
    for (const source of sources) {
      expect(unknownKeys('sensor', source)).toEqual([]);
      expect([source.oid, source.column].filter((it) => it !== undefined)).toHaveLength(1);
      if (source.oid !== undefined) expect(source.oid).toMatch(/\.0$/);
      const { variant } = source;
      const cases =
        variant === undefined ? [] : 'names' in variant ? variant.names : Object.values(variant.cases);
      for (const { states, class: kind } of [source, ...cases]) {
        const meanings = typeof states === 'string' ? profile.states?.[states] : states;
        if (kind === 'state') expect(Object.keys(meanings ?? {}).length, source.name).toBeGreaterThan(0);
      }
    }
    for (const { class: kind } of profile.sensors ?? []) expect(sensorClasses).toContain(kind);
    for (const { class: kind } of profile.wireless ?? []) expect(wirelessClasses).toContain(kind);
    const { scalars, tables } = objectsOf([forProduct(profile, '1.3.6.1.4.1.171.10.37.52.1')]);
    for (const oid of [...scalars, ...[...tables.values()].flatMap((columns) => [...columns])])
      encodeOid(oid.replace(/^\{\d+\}/, '1.3.6.1.4.1'));
    const patterns = [...(profile.identity?.model ?? []), ...(profile.identity?.version ?? [])];
    for (const { pattern } of patterns) if (pattern !== undefined) new RegExp(pattern, 'i');
  },
);

test('ids are unique, and so are the readings of a profile', () => {
  const ids = profiles.map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
  for (const { id, sensors = [], wireless = [] } of profiles) {
    const keys = [...sensors, ...wireless].map(
      (source) => `${id} ${source.class} ${source.oid ?? source.column}`,
    );
    expect(new Set(keys).size).toBe(keys.length);
  }
});

test('standard profiles apply to everything, others by maker or system', () => {
  const ids = (os: string | null, sysObjectId: string | null) =>
    profilesFor({ os, sysObjectId }).map((profile: Profile) => profile.id);
  expect(ids(null, null)).toEqual(['standard', 'ups-mib', 'standard-hardware']);
  expect(ids(null, '1.3.6.1.4.1.14988.1')).toContain('mikrotik');
  expect(ids(null, '1.3.6.1.4.1.149880.1')).not.toContain('mikrotik');
  expect(ids('pmp', '1.3.6.1.4.1.161.19.250.256')).toContain('cambium-pmp');
  const linux = { os: 'linux', sysObjectId: '1.3.6.1.4.1.8072.3.2.10' };
  expect(profilesFor(linux, [318, 2021]).map(({ id }) => id)).toContain('apc-hardware');
});
