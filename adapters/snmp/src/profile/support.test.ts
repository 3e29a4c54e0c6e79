import { expect, test } from 'vitest';
import { supportEntries } from './support.ts';

test('support is counted from the profiles: states apart from measured values', () => {
  const [entry] = supportEntries([
    {
      id: 'box',
      match: { enterprise: [9999] },
      evidence: 'recordings',
      identity: { serial: [{ oid: '1.3.6.1.4.1.9999.1.0' }] },
      sensors: [
        { class: 'state', oid: '1.3.6.1.4.1.9999.2.0', name: 'fan', states: { 1: ['ok', 'ok'] } },
        { class: 'temperature', column: '1.3.6.1.4.1.9999.3.1.2', name: 'probe {index}' },
        { class: 'voltage', oid: '1.3.6.1.4.1.9999.4.0', name: 'supply' },
      ],
    },
  ]);
  expect(entry).toEqual({
    profile: 'box',
    enterprises: [9999],
    standard: false,
    identity: ['serial'],
    processors: 0,
    memory: 0,
    sensors: 2,
    states: 1,
    wireless: 0,
    evidence: 'recordings',
  });
});

test('every profile is listed once, in order', () => {
  const ids = supportEntries().map(({ profile }) => profile);
  expect(ids).toEqual([...new Set(ids)].sort());
  expect(ids).toContain('mikrotik');
});
