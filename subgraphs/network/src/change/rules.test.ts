import type { Capability, CapabilityId, Verification } from '@dotmac/device';
import { describe, expect, test } from 'vitest';
import { ladder, type Means, verdict, witnesses } from './rules.ts';

const means = (
  protocol: string,
  level: Capability['level'],
  modes: Capability['modes'],
  ...ids: CapabilityId[]
): Means => ({
  protocol,
  capabilities: ids.map((id) => ({ id, level, modes, evidence: 'probed' })),
});
const coa = means('coa', 'full', ['plan', 'apply'], 'sessions.disconnect', 'shaping.coa', 'walledGarden');
const relogin = means(
  'relogin',
  'emulated',
  ['plan', 'apply'],
  'sessions.disconnect',
  'shaping.coa',
  'walledGarden',
);
const config = means(
  'config',
  'full',
  ['read', 'plan', 'apply'],
  'accessList',
  'shaping.queue',
  'sessions.read',
  'sessions.disconnect',
);
const watching = means('watching', 'full', ['read'], 'interfaces.read', 'accessList', 'shaping.queue');
const names = (list: readonly Means[]) => list.map((one) => one.protocol);

describe('the ladder', () => {
  test('changes the live session first, then the configuration, and drops the session last', () => {
    expect(names(ladder([relogin, config, coa], 'OPEN'))).toEqual(['coa', 'config', 'relogin']);
  });
  test('ends a session with what touches least', () => {
    expect(names(ladder([config, coa], 'BLOCKED'))).toEqual(['coa', 'config']);
  });
  test('leaves out what can only look', () => {
    expect(ladder([watching], 'WALLED_GARDEN')).toEqual([]);
  });
});

test('who can look into the device is asked before who can only tell from accounting', () => {
  expect(names(witnesses([coa, config]))).toEqual(['config', 'coa']);
});

test('the first who saw something decides; otherwise it stays unverified', () => {
  const say = (state: Verification['state'], evidence: string): Verification => ({
    state,
    evidence,
    source: 'test',
    observedAt: 0,
  });
  expect(verdict([say('UNVERIFIED', 'a'), say('DIVERGED', 'b'), say('VERIFIED', 'c')])?.evidence).toBe('b');
  expect(verdict([say('UNVERIFIED', 'a'), say('UNVERIFIED', 'b')])).toMatchObject({
    state: 'UNVERIFIED',
    evidence: 'b',
  });
  expect(verdict([])).toBeNull();
});
