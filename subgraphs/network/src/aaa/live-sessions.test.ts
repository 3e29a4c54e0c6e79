import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { SessionState } from '../session/rules.ts';
import { keyText } from '../session/store.ts';
import { LiveSessions } from './live-sessions.ts';

const session = (n: number, service: number | null, updatedAt: number, stopped: boolean): SessionState => ({
  id: `ses_${n}`,
  nasId: 'nas_1',
  nativeId: `${n}`,
  username: 'ada',
  serviceId: service === null ? null : `svc_${service}`,
  deviceId: null,
  address: null,
  mac: null,
  startedAt: 0,
  updatedAt,
  stoppedAt: stopped ? updatedAt : null,
  terminateCause: stopped ? 'User-Request' : null,
  sessionTimeSeconds: 0,
  downstreamOctets: 0n,
  upstreamOctets: 0n,
});

test('of each service those are live that were heard of and have not ended, in the order of their newest word', () => {
  const word = fc.record({
    n: fc.integer({ min: 0, max: 5 }),
    what: fc.constantFrom('live', 'live', 'stopped', 'forgotten'),
  });
  fc.assert(
    fc.property(fc.array(word, { maxLength: 40 }), (words) => {
      const live = new LiveSessions();
      const expected = new Map<string, SessionState>();
      for (const [at, { n, what }] of words.entries()) {
        // A session stays with its service; the last has none.
        const one = session(n, n === 5 ? null : n % 2, at, what === 'stopped');
        const given = live.ofService(`svc_${n % 2}`);
        const before = [...given];
        if (what === 'forgotten') live.forget(keyText(one));
        else live.take(one);
        expect(given).toEqual(before);
        expected.delete(one.id);
        if (what === 'live') expected.set(one.id, one);
        for (const service of ['svc_0', 'svc_1'])
          expect(live.ofService(service)).toEqual(
            [...expected.values()].filter(({ serviceId }) => serviceId === service),
          );
        expect(live.ofKey(keyText(one))).toEqual(expected.get(one.id) ?? null);
      }
    }),
  );
});

test('what is told while they are read is newer than what was read', () => {
  const live = new LiveSessions();
  const [ended, moved, quiet, begun, forgotten] = [0, 1, 2, 3, 4].map((n) => session(n, n, 1, false));
  if (!(ended && moved && quiet && begun && forgotten)) throw new Error('Five sessions are not five');
  live.take(session(9, 9, 0, false));
  live.begin();
  const read = [ended, moved, quiet, forgotten];
  const interim = session(1, 1, 2, false);
  live.take(session(0, 0, 2, true));
  live.take(interim);
  live.take(begun);
  live.forget(keyText(forgotten));
  expect(live.replace(read)).toEqual([quiet]);
  const now = (n: number) => live.ofService(`svc_${n}`);
  expect([0, 1, 2, 3, 4, 9].map(now)).toEqual([[], [interim], [quiet], [begun], [], []]);

  live.begin();
  expect(live.replace([quiet])).toEqual([quiet]);
  expect(now(1)).toEqual([]);
});
