import { silentIntervals } from '../session/rules.ts';
import type { LiveSession, LoginFacts } from './login-facts.ts';

const nothing: readonly never[] = [];

/** Sessions that stand in the way: not of the same line, which this login replaces, and not stale. */
export function otherLines(facts: LoginFacts): readonly LiveSession[] {
  const { live, now } = facts;
  // Who is not online needs no reading of the line.
  const mac = live.length === 0 ? undefined : facts.mac;
  if (mac === undefined) return nothing;
  return live.filter(
    (session) => session.mac !== mac && now - session.updatedAt <= session.staleAfterMilliseconds,
  );
}

/** How many of them are one too many, this login counted. */
export function tooMany(facts: LoginFacts): number {
  return Math.max(0, otherLines(facts).length - (facts.access?.simultaneousSessions ?? 1) + 1);
}

export function kicksOldest({ access }: LoginFacts): boolean {
  return access?.limits?.kickOldest === true;
}

/** The sessions that an accepted login pushes out, the oldest first. */
export function sessionsToEnd(facts: LoginFacts): string[] {
  if (!kicksOldest(facts)) return [];
  return otherLines(facts)
    .toSorted((a, b) => a.startedAt - b.startedAt)
    .slice(0, tooMany(facts))
    .map(({ id }) => id);
}

/** How long a session may be silent before it no longer stands in the way of a login. */
export function loginStaleMilliseconds(interimIntervalSeconds: number): number {
  return silentIntervals * interimIntervalSeconds * 1000;
}
