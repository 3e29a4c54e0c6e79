import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Topology } from './rules.ts';

const tower = new Topology([
  { childId: 'tower', parentId: 'core' },
  { childId: 'ap', parentId: 'tower' },
  { childId: 'ap', parentId: 'hill' },
  { childId: 'cpe', parentId: 'ap' },
]);

test('the way leads from the device up, nearest first', () => {
  expect(tower.pathFrom('cpe')).toEqual(['cpe', 'ap', 'tower', 'hill', 'core']);
  expect(tower.below('core')).toEqual(['core', 'tower', 'ap', 'cpe']);
});

test('a second way saves; without it everything below is cut off', () => {
  expect([...tower.cutOffBy(new Set(['tower']))]).toEqual(['tower']);
  expect([...tower.cutOffBy(new Set(['tower', 'hill']))].toSorted()).toEqual(['ap', 'cpe', 'hill', 'tower']);
});

test('a link that closes a circle is recognised', () => {
  expect(tower.wouldCircle({ childId: 'core', parentId: 'cpe' })).toBe(true);
  expect(tower.wouldCircle({ childId: 'cpe', parentId: 'core' })).toBe(false);
  expect(tower.wouldCircle({ childId: 'ap', parentId: 'ap' })).toBe(true);
});

test('more that is down never cuts off less; who is not cut off has a way that avoids it', () => {
  const id = fc.integer({ min: 0, max: 9 });
  const links = fc
    .array(fc.tuple(id, id))
    .map((pairs) => pairs.flatMap(([a, b]) => (a <= b ? [] : [{ childId: `${a}`, parentId: `${b}` }])));
  fc.assert(
    fc.property(links, fc.array(id), id, (list, down, more) => {
      const topology = new Topology(list);
      const few = topology.cutOffBy(new Set(down.map(String)));
      const many = topology.cutOffBy(new Set([...down, more].map(String)));
      for (const one of few) expect(many).toContain(one);
      for (const { childId } of list) {
        if (few.has(childId)) continue;
        expect(topology.parentsOf(childId).some((parent) => !few.has(parent))).toBe(true);
      }
    }),
    { numRuns: 200 },
  );
});
