import { expect, test } from 'vitest';
import { rungNames, type ServiceFacts } from './facts.ts';
import { firstFailing, ladderOf } from './rules.ts';

const now = 1_000_000_000;
const tower = {
  id: 'tower',
  name: 'tower',
  state: 'ONLINE',
  source: 'poll over snmp',
  polledAt: now - 1_000,
} as const;
const core = { ...tower, id: 'core', name: 'core' };
const online: ServiceFacts = {
  now,
  locks: [],
  slowed: null,
  closed: false,
  session: {
    startedAt: now - 3_600_000,
    updatedAt: now - 60_000,
    stoppedAt: null,
    terminateCause: null,
    nas: 'bng-1',
    interimSeconds: 300,
  },
  rejection: null,
  equipment: null,
  device: tower,
  above: [core],
  cutOffBy: (down) => new Set(down.has('core') ? ['core', 'tower'] : down),
  incident: null,
  pollFreshMilliseconds: 150_000,
  linkFreshMilliseconds: { WIRELESS: 750_000, OPTICAL: 9_000_000 },
};
const rung = (name: string, facts: Partial<ServiceFacts>) =>
  ladderOf({ ...online, ...facts }).find((one) => one.name === name);
const failing = (facts: Partial<ServiceFacts>) =>
  firstFailing(ladderOf({ ...online, ...facts }))?.name ?? null;

test('a service that works fails nowhere, and what nobody observes is said to be unknown', () => {
  expect(ladderOf(online).map((one) => one.name)).toEqual([...rungNames]);
  expect(failing({})).toBeNull();
  expect(rung('CPE', {})).toMatchObject({ passes: null, freshness: 'UNKNOWN', observedAt: null });
});

test('the first rung that fails is marked, whatever fails above it', () => {
  expect(failing({ locks: ['BILLING'], session: null })).toBe('LOCK');
  expect(failing({ rejection: { reason: 'WRONG_PASSWORD', at: now }, session: null })).toBe('AAA');
  const stopped = {
    ...online.session,
    stoppedAt: now,
    terminateCause: 'Lost-Carrier',
  } as ServiceFacts['session'];
  expect(failing({ session: stopped })).toBe('SESSION');
  expect(failing({ device: { ...tower, state: 'OFFLINE' } })).toBe('ACCESS_NODE');
  expect(failing({ above: [{ ...core, state: 'OFFLINE' }] })).toBe('BACKHAUL');
  expect(failing({ incident: { id: 'inc_1', kind: 'OUTAGE', summary: 'tower is down', at: now } })).toBe(
    'INCIDENT',
  );
});

test('stale is unknown, never up and never down', () => {
  const silent = { ...online.session, updatedAt: now - 3_600_000 } as ServiceFacts['session'];
  expect(rung('SESSION', { session: silent })).toMatchObject({ passes: null, freshness: 'STALE' });
  for (const state of ['ONLINE', 'OFFLINE'] as const)
    expect(rung('ACCESS_NODE', { device: { ...tower, state, polledAt: now - 200_000 } })).toMatchObject({
      passes: null,
      freshness: 'STALE',
    });
  expect(rung('AAA', { rejection: { reason: 'UNKNOWN_USER', at: now - 3_000_000 } })).toMatchObject({
    passes: null,
    freshness: 'STALE',
  });
  // A refusal from before the session that is live is history.
  expect(rung('AAA', { rejection: { reason: 'WRONG_PASSWORD', at: now - 7_200_000 } })).toMatchObject({
    value: 'ACCEPTED',
    passes: true,
  });
});

const link = {
  medium: 'WIRELESS',
  at: tower,
  levels: 'signal -63 dBm',
  seenAt: now - 60_000,
  goneSince: null,
  source: 'snmp:registrations',
} as const;
const cpe = (equipment: Partial<NonNullable<ServiceFacts['equipment']>>, facts: Partial<ServiceFacts> = {}) =>
  rung('CPE', { ...facts, equipment: { link: null, alarm: null, device: null, ...equipment } });

test('equipment that is registered lets the service work; with a level that is wrong nobody knows', () => {
  expect(cpe({ link })).toMatchObject({
    value: 'REGISTERED at tower: signal -63 dBm',
    passes: true,
    source: 'snmp:registrations',
    observedAt: now - 60_000,
    freshness: 'FRESH',
  });
  expect(cpe({ link, alarm: 'signal -84.0 dBm' })).toMatchObject({
    value: 'REGISTERED at tower: signal -63 dBm; alarm: signal -84.0 dBm',
    passes: null,
    freshness: 'FRESH',
  });
  // A radio is asked every five minutes, optical equipment every hour.
  const hourAgo = { ...link, seenAt: now - 3_600_000 };
  expect(cpe({ link: hourAgo })).toMatchObject({ passes: null, freshness: 'STALE' });
  expect(cpe({ link: { ...hourAgo, medium: 'OPTICAL' } })).toMatchObject({
    passes: true,
    freshness: 'FRESH',
  });
  expect(cpe({ link: { ...link, at: { ...tower, state: 'OFFLINE' } } })).toMatchObject({
    freshness: 'STALE',
  });
});

test('equipment that is missed fails the service for as long as the one who misses it answers', () => {
  const gone = { ...link, goneSince: now - 600_000 };
  expect(cpe({ link: gone })).toMatchObject({
    value: 'NOT_REGISTERED at tower',
    passes: false,
    observedAt: now - 600_000,
  });
  expect(failing({ equipment: { link: gone, alarm: null, device: null } })).toBe('CPE');
  for (const at of [
    { ...tower, state: 'OFFLINE' },
    { ...tower, polledAt: now - 200_000 },
  ] as const)
    expect(cpe({ link: { ...gone, at } })).toMatchObject({ passes: null, freshness: 'STALE' });
});

test('equipment with a management address speaks for itself, unless its word is old', () => {
  const device = { ...tower, id: 'cpe', name: 'ada’s router' };
  expect(cpe({ device })).toMatchObject({
    value: 'ada’s router: ONLINE',
    passes: true,
    source: 'poll over snmp',
  });
  expect(cpe({ device: { ...device, state: 'OFFLINE' }, link })).toMatchObject({ passes: false });
  const old = { ...device, polledAt: now - 200_000 };
  expect(cpe({ device: old, link })).toMatchObject({
    value: expect.stringContaining('REGISTERED'),
    passes: true,
  });
  expect(cpe({ device: old })).toMatchObject({ value: 'UNKNOWN', passes: null, freshness: 'STALE' });
});

test('a monitoring fault puts the access node in doubt', () => {
  const incident = { id: 'inc_1', kind: 'MONITORING_FAULT', summary: 'tower does not answer', at: now };
  expect(rung('ACCESS_NODE', { device: { ...tower, state: 'OFFLINE' }, incident })?.passes).toBeNull();
});
