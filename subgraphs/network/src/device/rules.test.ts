import type { ValidationError } from '@dotmac/schema';
import { describe, expect, test } from 'vitest';
import { judgePoll, managementAddressesOf, type PollOutcome } from './rules.ts';

const silent = (liveSessions = 0): PollOutcome => ({
  kind: 'SILENT',
  source: 'snmp',
  failure: 'no answer',
  liveSessions,
  reach: null,
});

describe('the state that follows from polls', () => {
  test('one missed poll is a suspicion, three in a row are offline, one answer is online', () => {
    let state = judgePoll({ state: 'ONLINE', missedPolls: 0 }, silent());
    expect(state).toMatchObject({
      state: 'ONLINE',
      missedPolls: 1,
      evidence: expect.stringContaining('suspected'),
    });
    state = judgePoll(state, silent());
    expect(state).toMatchObject({ state: 'ONLINE', missedPolls: 2 });
    state = judgePoll(state, silent());
    expect(state).toMatchObject({ state: 'OFFLINE', missedPolls: 3 });
    expect(judgePoll(state, { kind: 'ANSWERED', source: 'snmp' })).toMatchObject({
      state: 'ONLINE',
      missedPolls: 0,
    });
  });

  test('a device through which somebody is online is not offline', () => {
    expect(judgePoll({ state: 'ONLINE', missedPolls: 2 }, silent(1))).toMatchObject({
      state: 'DEGRADED',
      evidence: expect.stringContaining('1 sessions go on'),
    });
  });

  test('a device whose host answers something else is not offline; where that is silent too, it is told', () => {
    const reach = {
      host: '192.0.2.1',
      method: 'FPING',
      detail: '2 of 2 echoes came back',
      observedAt: 0,
    } as const;
    const before = { state: 'ONLINE', missedPolls: 2 } as const;
    expect(
      judgePoll(before, {
        ...silent(),
        reach: { ...reach, verdict: 'REACHABLE', rttMilliseconds: 1.234 },
      } as PollOutcome),
    ).toMatchObject({
      state: 'DEGRADED',
      evidence: expect.stringContaining('its host answers ping (fping) in 1.2 ms: 2 of 2 echoes'),
    });
    expect(
      judgePoll(before, {
        ...silent(),
        reach: { ...reach, verdict: 'SILENT', rttMilliseconds: null },
      } as PollOutcome),
    ).toMatchObject({
      state: 'OFFLINE',
      evidence: expect.stringContaining('does not answer ping (fping) either'),
    });
  });

  test('a device that answers but refuses is degraded, never offline', () => {
    const refused = { kind: 'PARTIAL', source: 'routeros', failure: 'AUTH_FAILED' } as const;
    expect(judgePoll({ state: 'OFFLINE', missedPolls: 9 }, refused)).toMatchObject({
      state: 'DEGRADED',
      missedPolls: 0,
    });
  });

  test('maintenance stays, and what is seen is kept as evidence', () => {
    expect(judgePoll({ state: 'MAINTENANCE', missedPolls: 5 }, silent())).toMatchObject({
      state: 'MAINTENANCE',
      missedPolls: 6,
    });
  });
});

describe('management addresses', () => {
  test('credentials take the form of their drivers', () => {
    const [snmp, routeros] = managementAddressesOf({
      snmp: {
        host: '192.0.2.1',
        user: { name: 'noc', authPassword: 'long enough', privPassword: 'and this' },
      },
      routeros: { host: 'bng-1.example.net', username: 'dotmac', password: 'p' },
    });
    expect(snmp).toMatchObject({
      port: 161,
      credential: { version: '3', level: 'authPriv', authProtocol: 'sha256', privProtocol: 'aes128' },
    });
    expect(routeros).toMatchObject({ port: 8728, credential: { transport: { kind: 'plain' } } });
  });

  test.each([
    [{ snmp: { host: '192.0.2.1' } }, 'input.snmp'],
    [{ snmp: { host: 'no host', community: 'public' } }, 'input.snmp.host'],
    [{ snmp: { host: '192.0.2.1', port: 0, community: 'public' } }, 'input.snmp.port'],
    [{ snmp: { host: '192.0.2.1', user: { name: 'a', privPassword: 'x' } } }, 'input.snmp.user.authPassword'],
  ])('%j is refused, naming %s', (input, field) => {
    expect(() => managementAddressesOf(input)).toThrow(expect.objectContaining({ field }) as ValidationError);
  });
});
