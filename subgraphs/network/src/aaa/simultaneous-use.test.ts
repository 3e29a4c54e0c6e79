import fc from 'fast-check';
import { expect, test } from 'vitest';
import { noLimits } from '../login-limit/rules.ts';
import { replacedBy, type SessionState } from '../session/rules.ts';
import type { LoginFacts } from './login-facts.ts';
import { otherLines, sessionsToEnd, tooMany } from './simultaneous-use.ts';

const staleAfterMilliseconds = 750_000;
const now = 2_000_000;
const mac = fc.constantFrom('mine', 'second', 'third', null);
const sessions = fc.array(
  fc.record({
    mac,
    startedAt: fc.integer({ min: 0, max: now }),
    // About the limit as well as far from it.
    updatedAt: fc.oneof(
      fc.integer({ min: 0, max: now }),
      fc.integer({ min: -2, max: 2 }).map((by) => now - staleAfterMilliseconds + by),
    ),
  }),
  { maxLength: 6 },
);

function factsOf(
  live: readonly { readonly mac: string | null; readonly startedAt: number; readonly updatedAt: number }[],
  own: string | null,
  simultaneousSessions: number,
  kickOldest: boolean,
): LoginFacts {
  return {
    now,
    mac: own,
    access: { simultaneousSessions, limits: { ...noLimits, kickOldest } },
    live: live.map((session, index) => ({ ...session, id: `ses_${index}`, staleAfterMilliseconds })),
  } as unknown as LoginFacts;
}

/** What is left once the login has begun a session and whoever it pushes out has gone. */
function stayingOf(facts: LoginFacts): string[] {
  const pushed = new Set(sessionsToEnd(facts));
  const begun = { id: 'new', mac: facts.mac, updatedAt: now } as SessionState;
  return facts.live.flatMap((session) => {
    const state = { ...session, stoppedAt: null } as unknown as SessionState;
    const ended = replacedBy(state, begun, staleAfterMilliseconds);
    return ended === null && !pushed.has(session.id) ? [session.id] : [];
  });
}

test('who is let in is never one too many, and nobody is refused who would not be', () => {
  fc.assert(
    fc.property(sessions, mac, fc.integer({ min: 1, max: 3 }), fc.boolean(), (live, own, allowed, kick) => {
      const facts = factsOf(live, own, allowed, kick);
      const isLetIn = tooMany(facts) === 0 || kick;
      const staying = stayingOf(facts).length + 1;
      expect(isLetIn).toBe(staying <= allowed);
    }),
  );
});

test('what stands in the way of a login is what its Start would not end: the same line is replaced, the silent are closed', () => {
  fc.assert(
    fc.property(sessions, mac, (live, own) => {
      const facts = factsOf(live, own, 1, false);
      expect(otherLines(facts).map(({ id }) => id)).toEqual(stayingOf(facts));
    }),
  );
});
