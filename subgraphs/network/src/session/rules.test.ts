import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  applyNews,
  normaliseMac,
  type SessionNews,
  type SessionState,
  staleCause,
  terminateCauseName,
} from './rules.ts';

const news = (status: SessionNews['status'], at: number, more: Partial<SessionNews> = {}): SessionNews => ({
  nasId: 'nas_1',
  deviceId: null,
  nativeId: '81000001',
  username: 'ada',
  serviceId: 'svc_1',
  status,
  at: at * 1000,
  address: '100.64.0.9',
  mac: 'cc:2d:e0:a3:3d:d5',
  sessionTimeSeconds: at - 100,
  downstreamOctets: 0n,
  upstreamOctets: 0n,
  wraps: false,
  terminateCause: null,
  ...more,
});

/** Applies news one after the other; what a database would hold in the end. */
function live(list: readonly SessionNews[]): SessionState[] {
  const sessions = new Map<string, SessionState>();
  let current: SessionState | null = null;
  let number = 0;
  for (const one of list) {
    const outcome = applyNews(current, one, () => `ses_${++number}`);
    if (outcome.closed !== null) sessions.set(outcome.closed.id, outcome.closed);
    sessions.set(outcome.session.id, outcome.session);
    current = outcome.session;
  }
  return [...sessions.values()];
}

describe('a session told of out of order', () => {
  const start = news('START', 100);
  const interim = news('INTERIM', 400, { downstreamOctets: 4_000n });
  const stop = news('STOP', 700, { downstreamOctets: 7_000n, terminateCause: 'User-Request' });

  test('an Interim or a Stop without a Start makes the session', () => {
    expect(applyNews(null, interim, () => 'ses_1')).toMatchObject({
      effect: 'STARTED',
      session: { startedAt: 100_000, downstreamOctets: 4_000n },
    });
    expect(applyNews(null, stop, () => 'ses_1')).toMatchObject({
      effect: 'STOPPED',
      session: { stoppedAt: 700_000 },
    });
  });

  test('whatever the order and however often repeated, it ends as one session with the highest counters', () => {
    fc.assert(
      fc.property(
        fc
          .shuffledSubarray([start, interim, stop, start, interim, stop], { minLength: 1 })
          .filter((list) => list.includes(stop)),
        (list) => {
          const sessions = live(list);
          expect(sessions).toHaveLength(1);
          expect(sessions[0]).toMatchObject({ stoppedAt: 700_000, downstreamOctets: 7_000n });
        },
      ),
    );
  });
});

test('counters never go back', () => {
  const octets = fc.array(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(octets, fc.boolean(), (list, wraps) => {
      let current: SessionState | null = null;
      for (const [index, downstreamOctets] of list.entries()) {
        const before: bigint = current?.downstreamOctets ?? 0n;
        const told = news('INTERIM', 100 + index * 300, {
          downstreamOctets: wraps ? downstreamOctets % 2n ** 32n : downstreamOctets,
          wraps,
        });
        current = applyNews(current, told, () => 'ses_1').session;
        expect(current.downstreamOctets).toBeGreaterThanOrEqual(before);
      }
    }),
  );
});

test('a NAS that counts with 32 bits wraps, and a repetition does not count twice', () => {
  const first = applyNews(null, news('START', 100), () => 'ses_1').session;
  const high = news('INTERIM', 400, { downstreamOctets: 4_294_967_000n, wraps: true });
  const low = news('INTERIM', 700, { downstreamOctets: 704n, wraps: true });
  const once = applyNews(applyNews(first, high, () => 'x').session, low, () => 'x').session;
  expect(once.downstreamOctets).toBe(4_294_968_000n);
  expect(applyNews(once, low, () => 'x')).toMatchObject({
    effect: 'NONE',
    session: { downstreamOctets: 4_294_968_000n },
  });
});

test('a NAS that restarted uses its ids again: the old session ends, another begins', () => {
  const old = applyNews(null, news('START', 100), () => 'ses_1').session;
  const outcome = applyNews(old, news('START', 900, { sessionTimeSeconds: 0 }), () => 'ses_2');
  expect(outcome).toMatchObject({
    closed: { id: 'ses_1', stoppedAt: 100_000, terminateCause: 'NAS-Reboot' },
    session: { id: 'ses_2', stoppedAt: null },
    effect: 'STARTED',
  });
});

test('a session closed as stale opens again when it is heard of', () => {
  const live = applyNews(null, news('START', 100), () => 'ses_1').session;
  const stale = { ...live, stoppedAt: live.updatedAt, terminateCause: staleCause };
  expect(applyNews(stale, news('INTERIM', 4_000), () => 'ses_2')).toMatchObject({
    session: { id: 'ses_1', stoppedAt: null },
    effect: 'UPDATED',
  });
});

test('MAC addresses in every form NASes write them', () => {
  for (const text of ['CC-2D-E0-A3-3D-D5', 'cc2d.e0a3.3dd5', 'cc:2d:e0:a3:3d:d5', 'CC2DE0A33DD5'])
    expect(normaliseMac(text)).toBe('cc:2d:e0:a3:3d:d5');
  expect(normaliseMac('+1 555 0100')).toBeNull();
  expect(normaliseMac(null)).toBeNull();
});

test('terminate causes by name, unknown ones by number', () => {
  expect(terminateCauseName(1)).toBe('User-Request');
  expect(terminateCauseName(11)).toBe('NAS-Reboot');
  expect(terminateCauseName(99)).toBe('Cause-99');
  expect(terminateCauseName(null)).toBeNull();
});
