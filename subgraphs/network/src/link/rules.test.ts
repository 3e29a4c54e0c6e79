import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Topology } from '../topology/rules.ts';
import { Directory, type Heard, type KnownSystem } from './match.ts';
import { gatewaysOf, orient } from './orient.ts';
import { graceMilliseconds, type Half, linksOf, stateOf } from './rules.ts';

const names = { device: (id: string) => id, port: (id: string | null) => id ?? 'a port' };
const now = 10 * graceMilliseconds;
const half = (from: string, fromPort: string | null, to: string, toPort: string | null): Half => ({
  from,
  fromPort,
  to,
  toPort,
  seenAt: now,
  goneSince: null,
});
const system = (name: string, more: Partial<KnownSystem> = {}): KnownSystem => ({
  deviceId: `dev_${name}`,
  name,
  chassis: null,
  systemName: null,
  addresses: [],
  resolvedMacs: [],
  ports: ['p1', 'p2'].map((port, i) => ({
    id: `${name}:${port}`,
    stableKey: `name:${port}`,
    name: port,
    alias: null,
    mac: `02:00:00:00:0${name.length}:0${i}`,
  })),
  ...more,
});
const heard = (more: Partial<Heard>): Heard => ({
  deviceId: 'dev_me',
  portName: 'p1',
  chassis: null,
  port: null,
  portDescription: null,
  systemName: null,
  addresses: [],
  ...more,
});

test('who is heard: chassis before addresses before names; what is odd is named', () => {
  const core = system('core', { chassis: '02:cc:00:00:00:01', systemName: 'shared' });
  const edge = system('edges', { systemName: 'shared', addresses: ['192.0.2.7'] });
  const directory = new Directory([core, edge, system('me')]);
  const mac = (value: string) => ({ kind: 'mac', value }) as const;
  expect(
    directory.whoIs(
      heard({ chassis: mac('02:cc:00:00:00:01'), port: { kind: 'interfaceName', value: 'p2' } }),
    ),
  ).toEqual({ deviceId: 'dev_core', interfaceId: 'core:p2', problem: null });
  expect(directory.whoIs(heard({ port: mac('02:00:00:00:05:01') }))).toMatchObject({
    deviceId: 'dev_edges',
    interfaceId: 'edges:p2',
  });
  expect(directory.whoIs(heard({ addresses: ['192.0.2.7'], portDescription: 'p1' }))).toMatchObject({
    deviceId: 'dev_edges',
    interfaceId: 'edges:p1',
  });
  expect(directory.whoIs(heard({ systemName: 'Shared' }))).toEqual({
    deviceId: null,
    interfaceId: null,
    problem: 'p1 hears one of core, edges',
  });
  expect(directory.whoIs(heard({ systemName: 'me' })).problem).toBe('p1 hears the device itself: a loop');
  expect(directory.whoIs(heard({ chassis: mac('02:cc:00:00:00:01'), systemName: 'me' }))).toMatchObject({
    deviceId: 'dev_core',
    problem: 'core calls itself me, which is the name of me',
  });
  const radio = system('radio', { addresses: ['192.0.2.9'], resolvedMacs: ['02:dd:00:00:00:01'] });
  const known = new Directory([core, edge, radio, system('me')]);
  expect(known.whoIs(heard({ chassis: mac('02:dd:00:00:00:01') })).deviceId).toBe('dev_radio');
  // Somebody answers for the addresses of two: that MAC address tells neither.
  const twin = system('twins', { resolvedMacs: ['02:dd:00:00:00:01'] });
  expect(
    new Directory([radio, twin]).whoIs(heard({ chassis: mac('02:dd:00:00:00:01') })).deviceId,
  ).toBeNull();
  expect(directory.whoIs(heard({ systemName: 'stranger' }))).toEqual({
    deviceId: null,
    interfaceId: null,
    problem: null,
  });
});

test('both ends make a link certain, one end proposes it, and open ports fit what the other end names', () => {
  const links = linksOf(
    [
      half('a', 'a1', 'b', 'b1'),
      half('b', 'b1', 'a', null),
      half('c', 'c1', 'a', 'a2'),
      half('b', 'b2', 'a', 'a3'),
    ],
    now,
    names,
  );
  expect(links.map((link) => [link.a, link.aPort, link.b, link.bPort, stateOf(link, null, null)])).toEqual([
    ['a', 'a1', 'b', 'b1', 'CONFIRMED'],
    ['a', 'a3', 'b', 'b2', 'PROPOSED'],
    ['a', 'a2', 'c', 'c1', 'PROPOSED'],
  ]);
});

test('contradictions are named; radios that do not hear each other are none', () => {
  const segment = ['a', 'b', 'c'].flatMap((from) =>
    ['a', 'b', 'c'].filter((to) => to !== from).map((to) => half(from, `${from}1`, to, `${to}1`)),
  );
  for (const link of linksOf(segment, now, names)) {
    expect(stateOf(link, null, null)).toBe('CONFLICT');
    expect(link.conflict).toMatch(/who hear each other: something between them is not registered/);
    expect(stateOf(link, 'CONFIRMED', 'CONFLICT')).toBe('CONFIRMED');
  }
  const radios = ['x', 'y', 'z'].flatMap((cpe) => [
    half('ap', 'wlan1', cpe, `${cpe}1`),
    half(cpe, `${cpe}1`, 'ap', 'wlan1'),
  ]);
  expect(linksOf(radios, now, names).map((link) => stateOf(link, null, null))).toEqual(
    Array(3).fill('CONFIRMED'),
  );
  const [wrong] = linksOf([half('a', 'a1', 'b', 'b1'), half('b', 'b1', 'c', 'c1')], now, names);
  expect(wrong?.conflict).toBe('a a1 hears b b1, which hears c');
});

test('what neither end hears any more is stale after a while; one end that is silent takes nothing back', () => {
  const gone = (one: Half, since: number): Half => ({ ...one, goneSince: since });
  const both = [half('a', 'a1', 'b', 'b1'), half('b', 'b1', 'a', 'a1')];
  const states = (list: readonly Half[]) =>
    linksOf(list, now, names).map((link) => stateOf(link, null, 'CONFIRMED'));
  expect(states(both.map((one) => gone(one, now - 1)))).toEqual(['CONFIRMED']);
  expect(states([gone(both[0] as Half, 1), both[1] as Half])).toEqual(['CONFIRMED']);
  expect(states(both.map((one) => gone(one, 1)))).toEqual(['STALE']);
  const [stale] = linksOf(
    both.map((one) => gone(one, 1)),
    now,
    names,
  );
  expect(stateOf(stale as never, 'REJECTED', 'STALE')).toBe('REJECTED');
});

test('directions lead to the gateway; a ring gives second ways; what persons said stays', () => {
  const ring = [
    ['core', 'a'],
    ['a', 'b'],
    ['b', 'c'],
    ['c', 'd'],
    ['d', 'core'],
  ] as const;
  const links = orient(ring, [], new Set(['core']));
  expect(links.map(({ childId, parentId }) => `${childId}>${parentId}`).toSorted()).toEqual([
    'a>core',
    'b>a',
    'b>c',
    'c>b',
    'c>d',
    'd>core',
  ]);
  const ways = new Topology(links);
  expect([...ways.cutOffBy(new Set(['a']))]).toEqual(['a']);
  expect([...ways.cutOffBy(new Set(['a', 'd']))].toSorted()).toEqual(['a', 'b', 'c', 'd']);
  const manual = [{ childId: 'b', parentId: 'x' }];
  expect(orient(ring, manual, new Set(['core'])).some(({ childId }) => childId === 'b')).toBe(false);
  expect(orient([['m', 'n']], [], new Set(['core']))).toEqual([]);
  expect(gatewaysOf(['g'], manual, ['n'])).toEqual(new Set(['g']));
  expect(gatewaysOf([], manual, ['n'])).toEqual(new Set(['x']));
  expect(gatewaysOf([], [], ['n', 'n'])).toEqual(new Set(['n']));
  expect(gatewaysOf([], [], ['n', 'm'])).toEqual(new Set());
});

test('whatever is cabled: everybody whom a gateway reaches has a way out, and no gateway has a parent', () => {
  const id = fc.integer({ min: 0, max: 12 }).map(String);
  fc.assert(
    fc.property(
      fc.array(
        fc.tuple(id, id).filter(([a, b]) => a !== b),
        { maxLength: 40 },
      ),
      (edges) => {
        const gateways = new Set(['0']);
        const ways = new Topology(orient(edges, [], gateways));
        expect(ways.parentsOf('0')).toEqual([]);
        for (const [a] of edges) {
          const up = ways.pathFrom(a);
          const reached = up.includes('0');
          const connected = reach(edges, '0').has(a);
          expect(reached).toBe(connected);
        }
      },
    ),
    { numRuns: 200 },
  );
});

function reach(edges: readonly (readonly [string, string])[], from: string): Set<string> {
  const found = new Set([from]);
  for (const id of found)
    for (const [a, b] of edges) {
      if (a === id) found.add(b);
      if (b === id) found.add(a);
    }
  return found;
}
