import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Topology } from '../topology/rules.ts';
import { coveringWork } from './rules.ts';

const link = (childId: string, parentId: string) => ({ childId, parentId });
const work = (deviceId: string, hours: number) => ({ deviceId, endsAt: new Date(hours * 3_600_000) });
// A ring: the sector reaches the core by the north and by the south mast; the camera only by the sector.
const ring = new Topology([
  link('north', 'core'),
  link('south', 'core'),
  link('sector', 'north'),
  link('sector', 'south'),
  link('camera', 'sector'),
]);

test('work covers where it is done and what has no way around it', () => {
  const north = work('north', 2);
  expect(coveringWork(ring, 'north', [north])).toBe(north);
  expect(coveringWork(ring, 'sector', [north])).toBeNull();
  expect(coveringWork(ring, 'camera', [north])).toBeNull();
  const core = work('core', 1);
  expect(coveringWork(ring, 'camera', [core, north])).toBe(core);
});

test('works on both ways cover until the first of them ends; one at the device itself as long as it takes', () => {
  const [north, south, sector] = [work('north', 2), work('south', 5), work('sector', 9)];
  expect(coveringWork(ring, 'camera', [south, north])).toBe(north);
  expect(coveringWork(ring, 'camera', [south, sector, north])).toBe(sector);
});

test('whatever covers is one of the works, and more work never uncovers', () => {
  const works = fc.uniqueArray(
    fc
      .tuple(fc.constantFrom('core', 'north', 'south', 'sector', 'camera'), fc.integer({ min: 1, max: 9 }))
      .map(([deviceId, hours]) => work(deviceId, hours)),
    { selector: ({ deviceId }) => deviceId },
  );
  fc.assert(
    fc.property(works, fc.constantFrom('north', 'sector', 'camera'), (all, deviceId) => {
      const found = coveringWork(ring, deviceId, all);
      if (found !== null) expect(all).toContain(found);
      const some = coveringWork(ring, deviceId, all.slice(1));
      if (some !== null) expect(found).not.toBeNull();
    }),
  );
});
