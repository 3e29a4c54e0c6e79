/** What accounting said about one session. Octets are the subscriber's; null is unknown. */
export interface SessionNews {
  readonly nasId: string;
  readonly deviceId: string | null;
  /** The NAS's own id of the session (Acct-Session-Id). */
  readonly nativeId: string;
  readonly username: string;
  /** Known when our own Class came back; otherwise found by the login name. */
  readonly serviceId: string | null;
  readonly status: 'START' | 'INTERIM' | 'STOP';
  /** When it happened, milliseconds since the epoch. */
  readonly at: number;
  readonly address: string | null;
  readonly mac: string | null;
  readonly sessionTimeSeconds: number | null;
  readonly downstreamOctets: bigint | null;
  readonly upstreamOctets: bigint | null;
  /** The NAS counts with 32 bits only. */
  readonly wraps: boolean;
  /** RFC 2866 §5.10 by name, for `STOP`. */
  readonly terminateCause: string | null;
}

/** A session as it is kept. Times in milliseconds since the epoch. */
export interface SessionState {
  readonly id: string;
  readonly nasId: string;
  readonly nativeId: string;
  readonly username: string;
  readonly serviceId: string | null;
  readonly deviceId: string | null;
  readonly address: string | null;
  readonly mac: string | null;
  readonly startedAt: number;
  readonly updatedAt: number;
  readonly stoppedAt: number | null;
  readonly terminateCause: string | null;
  readonly sessionTimeSeconds: number;
  readonly downstreamOctets: bigint;
  readonly upstreamOctets: bigint;
}

/** Closed by us because nothing was heard of it; a later word of it opens it again. */
export const staleCause = 'Stale';
/** Closed because the NAS used its id again, or said that it restarted. */
export const restartCause = 'NAS-Reboot';
/** Closed because the same line logged in again. */
const replacedCause = 'Replaced';

/** Silent for so many interim intervals, a session does not stand in the way of a login. */
export const silentIntervals = 2.5;

/** NAS clocks count whole seconds: differences below this say nothing about order. */
const slackMilliseconds = 2_000;

export interface Outcome {
  /** The session before the one this is about, closed by it: the NAS used its id again. */
  readonly closed: SessionState | null;
  readonly session: SessionState;
  readonly effect: 'STARTED' | 'UPDATED' | 'STOPPED' | 'NONE';
}

/**
 * What a piece of news does to the newest session of its key. Duplicates, disorder and lost packets are absorbed:
 * counters only grow, a late Start does not reopen, an Interim or Stop without a Start creates the session.
 * @param newId makes the id of a session that begins.
 */
export function applyNews(current: SessionState | null, news: SessionNews, newId: () => string): Outcome {
  if (current === null) return begin(null, news, newId());
  const startedAt = startOf(news);
  if (current.stoppedAt === null) {
    // An id that starts over after the last word of its bearer is another session.
    if (startedAt > current.updatedAt + slackMilliseconds) {
      const lost = { ...current, stoppedAt: current.updatedAt, terminateCause: restartCause };
      return begin(lost, news, newId());
    }
    return goOn(current, news);
  }
  if (startedAt > current.stoppedAt + slackMilliseconds) return begin(null, news, newId());
  const counted = count(current, news);
  const awake =
    news.status === 'INTERIM' && current.terminateCause === staleCause && news.at > current.updatedAt;
  if (awake) {
    return {
      closed: null,
      session: { ...counted, stoppedAt: null, terminateCause: null },
      effect: 'UPDATED',
    };
  }
  const cause =
    news.status === 'STOP' && current.terminateCause === staleCause
      ? { stoppedAt: news.at, terminateCause: news.terminateCause ?? 'Unknown' }
      : {};
  return { closed: null, session: { ...counted, ...cause }, effect: 'NONE' };
}

/** Whether anything of a session that is kept is different. */
export function differs(a: SessionState, b: SessionState): boolean {
  return (
    a.updatedAt !== b.updatedAt ||
    a.downstreamOctets !== b.downstreamOctets ||
    a.upstreamOctets !== b.upstreamOctets ||
    a.sessionTimeSeconds !== b.sessionTimeSeconds ||
    a.stoppedAt !== b.stoppedAt ||
    a.terminateCause !== b.terminateCause ||
    a.serviceId !== b.serviceId ||
    a.address !== b.address ||
    a.mac !== b.mac
  );
}

/**
 * A live session of a service that has just logged in elsewhere, ended by that: it was of the same line, or silent for so
 * long that it did not stand in the way. Null when both go on.
 */
export function replacedBy(
  session: SessionState,
  started: SessionState,
  staleAfterMilliseconds: number,
): SessionState | null {
  if (session.stoppedAt !== null || session.id === started.id) return null;
  const sameLine = session.mac === started.mac;
  if (!sameLine && started.updatedAt - session.updatedAt <= staleAfterMilliseconds) return null;
  return {
    ...session,
    stoppedAt: session.updatedAt,
    terminateCause: sameLine ? replacedCause : staleCause,
  };
}

function startOf({ status, at, sessionTimeSeconds }: SessionNews): number {
  return status === 'START' ? at : at - (sessionTimeSeconds ?? 0) * 1000;
}

function begin(closed: SessionState | null, news: SessionNews, id: string): Outcome {
  const { nasId, nativeId, username, serviceId, deviceId, address, mac, at } = news;
  const stopped = news.status === 'STOP';
  const session: SessionState = {
    id,
    nasId,
    nativeId,
    username,
    serviceId,
    deviceId,
    address,
    mac,
    startedAt: startOf(news),
    updatedAt: at,
    stoppedAt: stopped ? at : null,
    terminateCause: stopped ? (news.terminateCause ?? 'Unknown') : null,
    sessionTimeSeconds: news.sessionTimeSeconds ?? 0,
    downstreamOctets: news.downstreamOctets ?? 0n,
    upstreamOctets: news.upstreamOctets ?? 0n,
  };
  return { closed, session, effect: stopped ? 'STOPPED' : 'STARTED' };
}

function goOn(current: SessionState, news: SessionNews): Outcome {
  const session = count(current, news);
  if (news.status === 'STOP') {
    const stoppedAt = Math.max(news.at, current.updatedAt);
    return {
      closed: null,
      session: { ...session, stoppedAt, terminateCause: news.terminateCause ?? 'Unknown' },
      effect: 'STOPPED',
    };
  }
  const grew =
    session.downstreamOctets !== current.downstreamOctets ||
    session.upstreamOctets !== current.upstreamOctets ||
    session.updatedAt !== current.updatedAt ||
    session.address !== current.address;
  return { closed: null, session, effect: grew ? 'UPDATED' : 'NONE' };
}

/** Counters are monotone maxima; a 32-bit counter that went back in newer news has wrapped once. */
function count(current: SessionState, news: SessionNews): SessionState {
  const newer = news.at > current.updatedAt;
  const total = (known: bigint, said: bigint | null) => {
    if (said === null) return known;
    const value = news.wraps ? unwrapped(known, said, newer) : said;
    return value > known ? value : known;
  };
  return {
    ...current,
    serviceId: current.serviceId ?? news.serviceId,
    address: newer ? (news.address ?? current.address) : (current.address ?? news.address),
    mac: current.mac ?? news.mac,
    updatedAt: Math.max(current.updatedAt, news.at),
    sessionTimeSeconds: Math.max(current.sessionTimeSeconds, news.sessionTimeSeconds ?? 0),
    downstreamOctets: total(current.downstreamOctets, news.downstreamOctets),
    upstreamOctets: total(current.upstreamOctets, news.upstreamOctets),
  };
}

function unwrapped(known: bigint, said: bigint, newer: boolean): bigint {
  const wrap = 2n ** 32n;
  const base = known - (known % wrap) + said;
  return base < known && newer ? base + wrap : base;
}

/** The names of RFC 2866 §5.10. */
const terminateCauses = [
  'User-Request',
  'Lost-Carrier',
  'Lost-Service',
  'Idle-Timeout',
  'Session-Timeout',
  'Admin-Reset',
  'Admin-Reboot',
  'Port-Error',
  'NAS-Error',
  'NAS-Request',
  'NAS-Reboot',
  'Port-Unneeded',
  'Port-Preempted',
  'Port-Suspended',
  'Service-Unavailable',
  'Callback',
  'User-Error',
  'Host-Request',
] as const;

export function terminateCauseName(code: number | null): string | null {
  return code === null ? null : (terminateCauses[code - 1] ?? `Cause-${code}`);
}

/** An EUI-48 as people and NASes write it (`AA-BB-…`, `aabb.ccdd.eeff`, `AABBCC…`) in our form; null for anything else. */
export function normaliseMac(text: string | null): string | null {
  if (text === null) return null;
  // By hand: this is on the path of every packet, where the regular expressions cost as much as the signature.
  let canonical = '';
  let digits = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 0x3a || code === 0x2d || code === 0x2e) continue;
    const digit = hexDigitOf(code);
    if (digit === '') return null;
    if (digits > 0 && digits % 2 === 0) canonical += ':';
    canonical += digit;
    digits++;
  }
  return digits === 12 ? canonical : null;
}

function hexDigitOf(code: number): string {
  const value =
    code >= 0x30 && code <= 0x39
      ? code - 0x30
      : (code | 0x20) >= 0x61 && (code | 0x20) <= 0x66
        ? (code | 0x20) - 0x57
        : 16;
  return '0123456789abcdef'.charAt(value);
}
