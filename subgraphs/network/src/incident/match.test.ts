import { expect, test } from 'vitest';
import { matchIncidents, type OpenIncident } from './match.ts';
import type { Finding } from './rules.ts';

const finding = (rootId: string, more: Partial<Finding> = {}): Finding => ({
  kind: 'OUTAGE',
  rootId,
  confirmed: true,
  pending: false,
  startedAt: 0,
  childIds: [],
  cutOffIds: [rootId],
  proof: null,
  ...more,
});
const incident = (id: string, rootDeviceId: string, more: Partial<OpenIncident> = {}): OpenIncident => ({
  id,
  rootDeviceId,
  state: 'CONFIRMED',
  clearingSince: null,
  deviceIds: [rootDeviceId],
  ...more,
});
const about = { now: 1_000, patience: 100, canEnd: () => true };

test('a root without an incident opens one, unless the cause may lie above or it is but a lost poll', () => {
  const found = [
    finding('a'),
    finding('b', { pending: true }),
    finding('c', { kind: 'MONITORING_FAULT', confirmed: false }),
    finding('d', { kind: 'MONITORING_FAULT' }),
  ];
  expect(matchIncidents([], found, about).opened.map((one) => one.rootId)).toEqual(['a', 'd']);
});

test('an incident moves up to the root that explains it; further ones merge into it', () => {
  const tower = finding('tower', { childIds: ['ap-1', 'ap-2'], cutOffIds: ['tower', 'ap-1', 'ap-2'] });
  const { continued, merged, opened } = matchIncidents(
    [incident('first', 'ap-1'), incident('second', 'ap-2')],
    [tower],
    about,
  );
  expect(continued).toMatchObject([{ incident: { id: 'first' }, finding: { rootId: 'tower' } }]);
  expect(merged).toMatchObject([{ incident: { id: 'second' } }]);
  expect(opened).toEqual([]);
});

test('when the root is back and a child is not, the child opens nothing; after a while it takes the incident over', () => {
  const back = incident('one', 'tower', { clearingSince: 950, deviceIds: ['tower', 'ap-1'] });
  const early = matchIncidents([back], [finding('ap-1')], about);
  expect(early).toMatchObject({ opened: [], held: [{ id: 'one' }], ended: [] });
  const late = matchIncidents([{ ...back, clearingSince: 900 }], [finding('ap-1')], about);
  expect(late).toMatchObject({
    opened: [],
    continued: [{ incident: { id: 'one' }, finding: { rootId: 'ap-1' } }],
  });
});

test('without a finding an incident ends when its root has answered, and stays otherwise', () => {
  const one = incident('one', 'tower');
  expect(matchIncidents([one], [], about).ended).toEqual([one]);
  expect(matchIncidents([one], [], { ...about, canEnd: () => false }).held).toEqual([one]);
});
