import { describeShaping, describeSlowed } from '../access/rules.ts';
import { deciding, holdsOf } from '../garden/rules.ts';
import { brokenLimit, describeLimits, type Line } from '../login-limit/rules.ts';
import { describeTerms } from '../login-term/rules.ts';
import type { LoginFacts, RejectReason } from './login-facts.ts';
import { kicksOldest, otherLines, sessionsToEnd, tooMany } from './simultaneous-use.ts';

/** One question of a login. */
interface Check {
  readonly name: string;
  /** The reason to refuse, or null to go on. */
  readonly refuse: (facts: LoginFacts) => RejectReason | null;
  /** The facts it looked at, in words. */
  readonly tell: (facts: LoginFacts) => string;
}

/** In this order; the first refusal decides. */
export const checks: readonly Check[] = [
  {
    name: 'nas',
    refuse: ({ nas }) => (nas.enabled ? null : 'NAS_DISABLED'),
    tell: ({ nas }) => describeNas(nas),
  },
  {
    name: 'user',
    refuse: ({ access }) => (access === null ? 'UNKNOWN_USER' : null),
    tell: ({ access, username }) =>
      access === null ? `No open service has the login name ${username}` : `${username} belongs to a service`,
  },
  {
    name: 'attempts',
    refuse: ({ attempts, now }) => (attempts !== null && now < attempts.until ? 'BACKING_OFF' : null),
    tell: ({ attempts, now }) =>
      attempts === null
        ? 'No wrong password from this line'
        : `${attempts.failures} wrong passwords in a row from this line` +
          (now < attempts.until
            ? `; none is looked at for ${Math.ceil((attempts.until - now) / 1000)} s`
            : ''),
  },
  {
    name: 'password',
    refuse: (facts) => {
      const answer = facts.password();
      if (answer === 'UNSUPPORTED') return 'METHOD_UNSUPPORTED';
      return answer === 'WRONG' ? 'BAD_PASSWORD' : null;
    },
    tell: (facts) =>
      ({
        RIGHT: 'The password is right',
        WRONG: 'The password is wrong',
        UNSUPPORTED: 'Neither a password nor CHAP, MS-CHAP or EAP was offered',
        NOT_ASKED: 'The password is not part of this question',
      })[facts.password()],
  },
  {
    name: 'speed',
    refuse: ({ access }) => (access?.shaping == null ? 'NOT_READY' : null),
    tell: ({ access }) => `${speedSource(access)} gives ${describeShaping(access?.shaping ?? null)}`,
  },
  {
    name: 'locks',
    refuse: ({ access, garden }) =>
      access === null || access.mode === 'OPEN'
        ? null
        : access.locks.length === 0
          ? access.mode === 'BLOCKED' && !access.capBlocked
            ? 'BLOCKED'
            : null
          : deciding(holdsOf(access.locks, false), garden),
    tell: ({ access }) =>
      access === null || access.locks.length === 0
        ? `No lock${access?.mode === 'BLOCKED' && !access.capBlocked ? ', but its access is blocked' : ''}`
        : `Locked for ${access.locks.join(', ')}`,
  },
  {
    name: 'cap',
    refuse: ({ access }) => (access?.capBlocked === true ? 'DATA_CAP_USED' : null),
    tell: ({ access }) =>
      access?.capBlocked === true ? 'The data cap is used up' : 'No data cap stands in the way',
  },
  {
    name: 'terms',
    refuse: ({ standing }) => standing?.reason ?? null,
    tell: ({ access, standing }) =>
      standing === null
        ? 'No terms limit its time or volume'
        : `${describeTerms(access?.terms ?? null)}; ${standing.nearest}`,
  },
  {
    name: 'line',
    refuse: (facts) =>
      facts.access?.limits == null ? null : brokenLimit(facts.access.limits, lineOf(facts)),
    tell: (facts) => describeLimits(facts.access?.limits ?? null, lineOf(facts)),
  },
  {
    name: 'sessions',
    refuse: (facts) => (tooMany(facts) > 0 && !kicksOldest(facts) ? 'SESSION_LIMIT' : null),
    tell: (facts) =>
      `${facts.live.length} live sessions, ${otherLines(facts).length} of them from other lines and fresh; ` +
      `${facts.access?.simultaneousSessions ?? 1} allowed` +
      (tooMany(facts) > 0 && kicksOldest(facts)
        ? `; ends the oldest, ${sessionsToEnd(facts).join(', ')}`
        : ''),
  },
];

/** For people. */
export function describeNas({ name, enabled }: { readonly name: string; readonly enabled: boolean }): string {
  return `The NAS is ${name}, ${enabled ? 'enabled' : 'disabled'}`;
}

function speedSource(access: LoginFacts['access']): string {
  if (access === null || access.shaping === null) return 'The plan';
  const slowed = describeSlowed(access.slowed);
  const full =
    access.override !== null
      ? 'What somebody set'
      : access.throttle === null
        ? 'The plan'
        : 'The used-up data cap';
  return slowed === null ? full : `${full}, ${slowed},`;
}

function lineOf({ nas, mac, portId, circuitId }: LoginFacts): Line {
  return { nasId: nas.id, mac, portId, circuitId };
}
