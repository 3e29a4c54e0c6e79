import type { ShapingPayload, SlowedPayload } from '@dotmac/schema';
import { type AccessMode, describeShaping, describeSlowed } from '../access/rules.ts';
import { deciding, type Garden, type GardenReason, holdsOf, isAdmitted } from '../garden/rules.ts';
import {
  brokenLimit,
  describeLimits,
  type LimitReason,
  type Line,
  type LoginLimits,
} from '../login-limit/rules.ts';
import { describeTerms, type LoginTerms, type Standing } from '../login-term/rules.ts';
import { silentIntervals } from '../session/rules.ts';
import type { Attempts } from './backoff.ts';

/** Why a login is refused. Stable: stored in events and shown to the NOC. */
export type RejectReason =
  | 'NAS_DISABLED'
  | 'UNKNOWN_USER'
  | 'METHOD_UNSUPPORTED'
  | 'BAD_PASSWORD'
  | 'BACKING_OFF'
  | 'VOUCHER_EXPIRED'
  | 'NOT_READY'
  | 'BLOCKED'
  | GardenReason
  | LimitReason
  | 'SESSION_LIMIT'
  | 'NO_ADDRESS'
  | 'REPLY_IMPOSSIBLE';

/** A session as far as logging in again is concerned. */
export interface LiveSession {
  readonly id: string;
  readonly mac: string | null;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  readonly updatedAt: number;
  /** Silent for longer than this, it no longer counts. */
  readonly staleAfterMilliseconds: number;
}

/** Everything a decision depends on. */
export interface LoginFacts {
  readonly now: number;
  readonly username: string;
  /** Undefined when a question does not name the line: then it is taken for the one that is online. */
  readonly mac: string | null | undefined;
  readonly nas: { readonly id: string; readonly name: string; readonly enabled: boolean };
  /** Where on the NAS; undefined when a question does not say it. Read from the packet only when somebody is held to it. */
  readonly portId: Line['portId'];
  readonly circuitId: Line['circuitId'];
  readonly access: {
    readonly mode: AccessMode;
    readonly locks: readonly string[];
    readonly shaping: ShapingPayload | null;
    readonly throttle: ShapingPayload | null;
    readonly slowed: SlowedPayload | null;
    readonly override: ShapingPayload | null;
    readonly capBlocked: boolean;
    readonly address: string | null;
    readonly simultaneousSessions: number;
    readonly limits: LoginLimits | null;
    readonly terms: LoginTerms | null;
  } | null;
  /** How its terms stand; null without terms. */
  readonly standing: Standing | null;
  /** Which refusals are an accept into the walled garden. */
  readonly garden: Garden;
  /** Wrong passwords of this line so far. */
  readonly attempts: Attempts | null;
  /** `NOT_ASKED` when a decision is only explained. */
  readonly password: () => 'RIGHT' | 'WRONG' | 'UNSUPPORTED' | 'NOT_ASKED';
  readonly live: readonly LiveSession[];
}

interface Check {
  readonly name: string;
  /** The reason to refuse, or null to go on. */
  readonly refuse: (facts: LoginFacts) => RejectReason | null;
  /** The facts it looked at, in words. */
  readonly tell: (facts: LoginFacts) => string;
}

/** In this order; the first refusal decides. */
const checks: readonly Check[] = [
  {
    name: 'nas',
    refuse: ({ nas }) => (nas.enabled ? null : 'NAS_DISABLED'),
    tell: ({ nas }) => `The NAS is ${nas.name}, ${nas.enabled ? 'enabled' : 'disabled'}`,
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
        UNSUPPORTED: 'Neither PAP nor CHAP was offered',
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
      access === null || access.locks.length === 0 ? 'No lock' : `Locked for ${access.locks.join(', ')}`,
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
      (tooMany(facts) > 0 && kicksOldest(facts) ? '; the oldest is ended' : ''),
  },
];

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

const nothing: readonly never[] = [];

/** Sessions that stand in the way: not of the same line, which this login replaces, and not stale. */
function otherLines(facts: LoginFacts): readonly LiveSession[] {
  const { live, now } = facts;
  // Who is not online needs no reading of the line.
  const mac = live.length === 0 ? undefined : facts.mac;
  if (mac === undefined) return nothing;
  return live.filter(
    (session) => session.mac !== mac && now - session.updatedAt <= session.staleAfterMilliseconds,
  );
}

/** How many of them are one too many, this login counted. */
function tooMany(facts: LoginFacts): number {
  return Math.max(0, otherLines(facts).length - (facts.access?.simultaneousSessions ?? 1) + 1);
}

function kicksOldest({ access }: LoginFacts): boolean {
  return access?.limits?.kickOldest === true;
}

function lineOf({ nas, mac, portId, circuitId }: LoginFacts): Line {
  return { nasId: nas.id, mac, portId, circuitId };
}

/** The sessions that an accepted login pushes out, the oldest first. */
export function sessionsToEnd(facts: LoginFacts): string[] {
  if (!kicksOldest(facts)) return [];
  return otherLines(facts)
    .toSorted((a, b) => a.startedAt - b.startedAt)
    .slice(0, tooMany(facts))
    .map(({ id }) => id);
}

/** What a login comes to. */
export interface LoginDecision {
  /** Why it is refused, or null to accept it. */
  readonly reason: RejectReason | null;
  /** Why an accept leads into the walled garden only, or null. */
  readonly garden: GardenReason | null;
}
const open: LoginDecision = { reason: null, garden: null };

/** The first refusal decides; one that the tenant admits to the walled garden lets the others be asked still. */
export function decideLogin(facts: LoginFacts): LoginDecision {
  let garden: GardenReason | null = null;
  for (const check of checks) {
    const reason = check.refuse(facts);
    if (reason === null) continue;
    if (!isAdmitted(reason, facts.garden)) return { reason, garden: null };
    garden ??= reason;
  }
  return garden === null ? open : { reason: null, garden };
}

export interface ExplainedStep {
  readonly check: string;
  readonly passed: boolean;
  readonly fact: string;
}

/** The same decision, check by check up to the one that decides. */
export function explainDecision(facts: LoginFacts): LoginDecision & { readonly steps: ExplainedStep[] } {
  const steps: ExplainedStep[] = [];
  let garden: GardenReason | null = null;
  for (const check of checks) {
    const reason = check.refuse(facts);
    const fact = check.tell(facts);
    if (reason === null) steps.push({ check: check.name, passed: true, fact });
    else if (isAdmitted(reason, facts.garden)) {
      garden ??= reason;
      steps.push({
        check: check.name,
        passed: true,
        fact: `${fact}: ${reason} leads into the walled garden`,
      });
    } else {
      steps.push({ check: check.name, passed: false, fact });
      return { steps, reason, garden: null };
    }
  }
  return { steps, reason: null, garden };
}

/** How long a session may be silent before it no longer stands in the way of a login. */
export function loginStaleMilliseconds(interimIntervalSeconds: number): number {
  return silentIntervals * interimIntervalSeconds * 1000;
}

/** ±10 %, so that a restarted NAS does not send everything at once. `random` is 0 to 1. */
export function jitteredInterval(seconds: number, random: number): number {
  return Math.round(seconds * (0.9 + 0.2 * random));
}

/**
 * Our session token, sent as `Class` and returned in accounting (RFC 2865 §5.25), is this and 16 random hexadecimal
 * digits. In the walled garden it names the reason. Opaque to everybody else. In parts, which are never joined on the packet path.
 */
export function sessionTokenPrefix(serviceId: string, garden: GardenReason | null = null): readonly string[] {
  return garden === null ? ['1:', serviceId, ':'] : ['1:', serviceId, ':', garden, ':'];
}

/** The service in a returned `Class` (hexadecimal), or null when it is not one of ours. */
export function serviceOfToken(classes: readonly string[]): string | null {
  for (const hex of classes) {
    const match = /^1:([\w-]{1,64}):(?:[A-Z_]{1,32}:)?[0-9a-f]{16}$/.exec(
      Buffer.from(hex, 'hex').toString('latin1'),
    );
    if (match?.[1] !== undefined) return match[1];
  }
  return null;
}
