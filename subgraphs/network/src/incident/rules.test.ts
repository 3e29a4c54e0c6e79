import { expect, test } from 'vitest';
import { Topology } from '../topology/rules.ts';
import { type DeviceFacts, findOutages, type SessionWord } from './rules.ts';

/** core ← tower ← ap-1, ap-2; ap-2 has a second way over hill. */
const links = [
  { childId: 'tower', parentId: 'core' },
  { childId: 'hill', parentId: 'core' },
  { childId: 'ap-1', parentId: 'tower' },
  { childId: 'ap-2', parentId: 'tower' },
  { childId: 'ap-2', parentId: 'hill' },
];
const fine: Omit<DeviceFacts, 'id'> = {
  seenAt: 1_000,
  silentSince: null,
  missedPolls: 0,
  askedAt: 3_000,
  maintenance: false,
  polled: true,
  reach: null,
};
const gone = (silentSince: number, missedPolls = 3) => ({ silentSince, missedPolls });
function find(changes: Record<string, Partial<DeviceFacts>>, words: readonly SessionWord[] = []) {
  const ids = ['core', 'tower', 'hill', 'ap-1', 'ap-2'];
  return findOutages({
    topology: new Topology(links),
    devices: new Map(ids.map((id) => [id, { id, ...fine, seenAt: 2_000, ...changes[id] }])),
    words: new Map(words.map((word) => [word.deviceId, word])),
    doubtedSince: new Map(ids.map((id) => [id, 2_900])),
    answersSince: 0,
  }).findings;
}

test('nothing silent, nothing found', () => {
  expect(find({})).toEqual([]);
});

test('the root is the topmost silent device; what hangs on it alone is its child', () => {
  const [finding, ...others] = find({ tower: gone(1_500), 'ap-1': gone(1_400, 1) });
  expect(others).toEqual([]);
  expect(finding).toMatchObject({
    kind: 'OUTAGE',
    rootId: 'tower',
    confirmed: true,
    startedAt: 1_400,
    childIds: ['ap-1'],
  });
  expect(finding?.cutOffIds.toSorted()).toEqual(['ap-1', 'tower']);
});

test('a device with another way is no child, and not affected', () => {
  const findings = find({ tower: gone(1_500), 'ap-1': { seenAt: 1_400 }, 'ap-2': gone(1_600) });
  expect(findings.map((one) => one.rootId)).toEqual(['tower', 'ap-2']);
  const both = find({ tower: gone(1_500), hill: gone(1_500), 'ap-1': gone(1_600), 'ap-2': gone(1_600) });
  expect(both.map((one) => one.rootId)).toEqual(['hill', 'tower']);
  expect(both.flatMap((one) => one.childIds).toSorted()).toEqual(['ap-1', 'ap-2']);
});

test('one live session heard of since forbids "down": the monitoring is at fault', () => {
  const word = { deviceId: 'ap-1', username: 'survivor', at: 1_501 };
  expect(find({ tower: gone(1_500), 'ap-1': gone(1_500) }, [word])).toMatchObject([
    { kind: 'MONITORING_FAULT', rootId: 'ap-1', proof: { by: 'SESSION', username: 'survivor' } },
    { kind: 'MONITORING_FAULT', rootId: 'tower', cutOffIds: [] },
  ]);
  // Heard of before it fell silent, it says nothing.
  expect(find({ tower: gone(1_500), 'ap-1': gone(1_500) }, [{ ...word, at: 1_500 }])).toMatchObject([
    { kind: 'OUTAGE', rootId: 'tower' },
  ]);
});

test('an answering child vetoes, unless it has another way', () => {
  expect(find({ tower: gone(1_500), 'ap-1': { seenAt: 1_600 } })).toMatchObject([
    { kind: 'MONITORING_FAULT', rootId: 'tower', proof: { by: 'DEVICE', deviceId: 'ap-1' } },
  ]);
  expect(find({ tower: gone(2_500), 'ap-2': { seenAt: 2_600 } })).toMatchObject([
    { kind: 'OUTAGE', rootId: 'tower' },
  ]);
});

test('a silent device that something speaks for is asked again before anything follows', () => {
  expect(find({ tower: { ...gone(1_500), askedAt: 2_900 }, 'ap-1': { seenAt: 1_600 } })).toEqual([]);
});

test('what was never seen and what is in maintenance is nobody’s incident; nor is what hangs on planned work', () => {
  expect(find({ tower: { ...gone(1_500), seenAt: null } })).toEqual([]);
  expect(find({ tower: { ...gone(2_500), maintenance: true }, 'ap-1': gone(2_600) })).toEqual([]);
});

test('while a device above has not been heard of since, the finding is pending', () => {
  expect(find({ 'ap-1': gone(2_500, 1) })).toMatchObject([
    { rootId: 'ap-1', pending: true, confirmed: false },
  ]);
  expect(find({ 'ap-1': gone(1_500, 1) })).toMatchObject([{ rootId: 'ap-1', pending: false }]);
});

test('a parent that cannot be asked is judged by all that hangs on it', () => {
  const mast = { polled: false, seenAt: null };
  const silent = { 'ap-1': gone(1_500), 'ap-2': gone(1_600) };
  const only = (changes: Record<string, Partial<DeviceFacts>>) =>
    findOutages({
      topology: new Topology(links.slice(0, 4)),
      devices: new Map(
        ['core', 'tower', 'ap-1', 'ap-2'].map((id) => [id, { id, ...fine, seenAt: 2_000, ...changes[id] }]),
      ),
      words: new Map(),
      doubtedSince: new Map(),
      answersSince: 0,
    }).findings;
  expect(only({ tower: mast, ...silent })).toMatchObject([{ rootId: 'tower', startedAt: 1_500 }]);
  expect(only({ tower: mast, 'ap-1': gone(1_500) })).toMatchObject([{ rootId: 'ap-1' }]);
});
