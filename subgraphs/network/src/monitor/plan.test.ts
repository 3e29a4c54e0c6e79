import type { Capability, CapabilityId } from '@dotmac/device';
import { expect, test } from 'vitest';
import { dueReadings, pollingPlan, type ReadingKind } from './plan.ts';

const can = (...ids: CapabilityId[]): Capability[] =>
  ids.map((id) => ({ id, level: 'full', modes: ['read'], evidence: 'probed' }));

test('a plan holds what the device has, ports over one protocol, the identity once an hour', () => {
  const plan = pollingPlan(
    [
      { protocol: 'routeros', capabilities: can('inventory.read', 'health.read', 'interfaces.read') },
      { protocol: 'snmp', capabilities: can('inventory.read', 'interfaces.read') },
    ],
    60_000,
  );
  expect(plan).toEqual([
    { kind: 'identity', protocol: 'routeros', everyMilliseconds: 3_600_000, always: false },
    { kind: 'health', protocol: 'routeros', everyMilliseconds: 60_000, always: true },
    { kind: 'identity', protocol: 'snmp', everyMilliseconds: 3_600_000, always: false },
    { kind: 'interfaces', protocol: 'snmp', everyMilliseconds: 60_000, always: true },
  ]);
  expect(pollingPlan([{ protocol: 'snmp', capabilities: [] }], 60_000)).toEqual([]);
});

test('what is read seldom waits for its time, give or take; state and counters are read with every poll', () => {
  const plan = pollingPlan(
    [{ protocol: 'snmp', capabilities: can('inventory.read', 'health.read') }],
    60_000,
  );
  const readAt = new Map<ReadingKind, number>([
    ['identity', 1_000_000],
    ['health', 1_000_000],
  ]);
  const due = (now: number) => [...dueReadings(plan, 'snmp', readAt, now)];
  expect(due(1_001_000)).toEqual(['health']);
  expect(due(1_000_000 + 3_000_000)).toEqual(['health']);
  expect(due(1_000_000 + 3_599_000)).toEqual(['identity', 'health']);
  expect([...dueReadings(plan, 'routeros', readAt, 9e9)]).toEqual([]);
  expect([...dueReadings(plan, 'snmp', new Map(), 0)]).toEqual(['identity', 'health']);
});
