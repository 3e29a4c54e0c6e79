import { expect, test } from 'vitest';
import { Topology } from '../topology/rules.ts';
import { accessLineOf, placeOf, replaces, type Sighting } from './rules.ts';

const topology = new Topology([
  { childId: 'tower', parentId: 'core' },
  { childId: 'ap', parentId: 'tower' },
  { childId: 'ap2', parentId: 'tower' },
]);
const now = 1_000_000_000;
const seen = (via: Sighting['via'], deviceId: string, more: Partial<Sighting> = {}): Sighting => ({
  via,
  deviceId,
  interfaceId: null,
  portName: `${deviceId}-1`,
  source: 'test',
  at: now,
  ...more,
});

test('a registration counts more than a bridge, a bridge more than words', () => {
  const all = [
    seen('NAS_PORT', 'core'),
    seen('CIRCUIT_ID', 'tower'),
    seen('FORWARDING', 'ap2'),
    seen('WIRELESS', 'ap'),
  ];
  for (const expected of ['ap', 'ap2', 'tower', 'core']) {
    expect(placeOf(all, topology)).toMatchObject({ deviceId: expected, alternatives: [] });
    all.pop();
  }
  expect(placeOf([], topology)).toBeNull();
});

test('of bridges on the way the lowest; side by side none, and the next kind decides with the doubt told', () => {
  expect(
    placeOf([seen('FORWARDING', 'core'), seen('FORWARDING', 'ap'), seen('FORWARDING', 'tower')], topology),
  ).toMatchObject({ deviceId: 'ap', portName: 'ap-1' });
  const twins = [seen('FORWARDING', 'ap'), seen('FORWARDING', 'ap2')];
  expect(placeOf(twins, topology)).toMatchObject({ deviceId: null, alternatives: ['ap', 'ap2'] });
  expect(placeOf([...twins, seen('NAS_PORT', 'core')], topology)).toMatchObject({
    deviceId: 'core',
    via: 'NAS_PORT',
    alternatives: ['ap', 'ap2'],
  });
  const ring = new Topology([
    { childId: 'ap', parentId: 'ap2' },
    { childId: 'ap2', parentId: 'ap' },
  ]);
  expect(placeOf(twins, ring)).toMatchObject({ deviceId: null, alternatives: ['ap', 'ap2'] });
  expect(
    placeOf([seen('FORWARDING', 'ap'), seen('FORWARDING', 'ap', { portName: 'x' })], topology),
  ).toMatchObject({
    deviceId: 'ap',
    interfaceId: null,
    portName: 'ap-1 or x',
  });
});

test('who moved is where he was seen last', () => {
  const moved = [seen('WIRELESS', 'ap', { at: now - 3_600_000 }), seen('WIRELESS', 'ap2')];
  expect(placeOf(moved, topology)).toMatchObject({ deviceId: 'ap2' });
});

test('a weaker word does not displace a stronger one until it is old', () => {
  const place = (sighting: Sighting) =>
    placeOf([sighting], topology) as NonNullable<ReturnType<typeof placeOf>>;
  const radio = place(seen('WIRELESS', 'ap'));
  const nas = (at: number) => place(seen('NAS_PORT', 'core', { at }));
  expect(replaces(radio, nas(now + 3_600_000))).toBe(false);
  expect(replaces(radio, nas(now + 25 * 3_600_000))).toBe(true);
  expect(replaces(nas(now), radio)).toBe(true);
  expect(replaces(null, nas(now))).toBe(true);
});

test('circuit identifiers as access nodes write them', () => {
  expect(accessLineOf('olt-1 eth 0/1/4:100')).toEqual({ node: 'olt-1', port: '0/1/4' });
  expect(accessLineOf('DSLAM7 atm 1/12:8.35')).toEqual({ node: 'DSLAM7', port: '1/12' });
  expect(accessLineOf('OLT-2 xpon 0/3/0/7:HWTC0A1B2C3D.100')).toEqual({ node: 'OLT-2', port: '0/3/0/7' });
  expect(accessLineOf('switch-9:ge-0/0/3')).toEqual({ node: 'switch-9', port: 'ge-0/0/3' });
  expect(accessLineOf('0004c0')).toBeNull();
  expect(accessLineOf('')).toBeNull();
});
