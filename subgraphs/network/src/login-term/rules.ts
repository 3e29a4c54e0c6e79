import { ValidationError } from '@dotmac/schema';

/** Why its terms keep a service offline. Stable: stored in events, sent in `Reply-Message` and shown to the NOC. */
export const termReasons = [
  'EXPIRED',
  'VOUCHER_USED',
  'OUTSIDE_HOURS',
  'TIME_QUOTA_USED',
  'VOLUME_QUOTA_USED',
] as const;
export type TermReason = (typeof termReasons)[number];

/** What limits a service in time and volume; null limits nothing. */
export interface LoginTerms {
  /** ISO 8601, the first instant without it. */
  readonly validUntil: string | null;
  /** Online time of one session, of a local day and of a calendar month, in seconds. */
  readonly sessionSeconds: number | null;
  readonly daySeconds: number | null;
  readonly monthSeconds: number | null;
  /** Octets of both directions in a local day and in a calendar month, as decimal text. */
  readonly dayOctets: string | null;
  readonly monthOctets: string | null;
  /** Octets of both directions in all. */
  readonly totalOctets: string | null;
  /** The part of the local day in which it may be online, `HH:MM` both; a part that ends before it begins ends tomorrow. */
  readonly hours: { readonly from: string; readonly to: string } | null;
  /** It is a voucher's: its end is `VOUCHER_USED`. */
  readonly voucher: boolean;
}

export const noTerms: LoginTerms = {
  validUntil: null,
  sessionSeconds: null,
  daySeconds: null,
  monthSeconds: null,
  dayOctets: null,
  monthOctets: null,
  totalOctets: null,
  hours: null,
  voucher: false,
};

/** The local day and month of an instant, in milliseconds since the epoch, half-open. */
export interface Span {
  readonly dayStart: number;
  readonly dayEnd: number;
  readonly monthStart: number;
  readonly monthEnd: number;
}

/** What a service had used at an instant. */
export interface Used {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly span: Span;
  readonly daySeconds: number;
  readonly monthSeconds: number;
  readonly dayOctets: bigint;
  readonly monthOctets: bigint;
  readonly totalOctets: bigint;
  /** Sessions that were up and go on using time. */
  readonly online: number;
}

/** Whether terms let a service be online at an instant, and how long that lasts. Instants in milliseconds since the epoch. */
export interface Standing {
  readonly reason: TermReason | null;
  /** When that changes by itself; null: not foreseen. */
  readonly until: number | null;
  /** What ends first, or what has ended, for people. */
  readonly nearest: string;
}

/** Whether anything of it must be counted. */
export function hasQuota(terms: LoginTerms): boolean {
  const { daySeconds, monthSeconds, dayOctets, monthOctets, totalOctets } = terms;
  return [daySeconds, monthSeconds, dayOctets, monthOctets, totalOctets].some((quota) => quota !== null);
}

/** The local day and month around an instant; a day begins with its first instant, which need not be midnight. */
export function spanAt(now: number, timeZone: string): Span {
  const today = Temporal.Instant.fromEpochMilliseconds(Math.floor(now))
    .toZonedDateTimeISO(timeZone)
    .toPlainDate();
  const begin = (date: Temporal.PlainDate) => date.toZonedDateTime(timeZone).epochMilliseconds;
  const first = today.with({ day: 1 });
  return {
    dayStart: begin(today),
    dayEnd: begin(today.add({ days: 1 })),
    monthStart: begin(first),
    monthEnd: begin(first.add({ months: 1 })),
  };
}

/** Whether an instant lies in the permitted part of the day, and until when that holds. */
export function hoursAt(
  hours: NonNullable<LoginTerms['hours']>,
  now: number,
  timeZone: string,
): { readonly open: boolean; readonly until: number } {
  const today = Temporal.Instant.fromEpochMilliseconds(Math.floor(now))
    .toZonedDateTimeISO(timeZone)
    .toPlainDate();
  const at = (date: Temporal.PlainDate, time: string) =>
    date.toZonedDateTime({ timeZone, plainTime: Temporal.PlainTime.from(time) }).epochMilliseconds;
  let opensNext = Number.POSITIVE_INFINITY;
  for (const days of [-1, 0, 1]) {
    const date = today.add({ days });
    const opens = at(date, hours.from);
    const closes = at(hours.to > hours.from ? date : date.add({ days: 1 }), hours.to);
    if (now >= opens && now < closes) return { open: true, until: closes };
    if (opens > now) opensNext = Math.min(opensNext, opens);
  }
  return { open: false, until: opensNext };
}

/** A quota counted in a span that begins anew. */
interface Quota {
  readonly name: string;
  readonly reason: TermReason;
  readonly limit: number;
  readonly used: number;
  readonly renewedAt: number;
  /** Whether it goes on being used by time. */
  readonly time: boolean;
}

/** What had been used, carried on to a later instant: who was online then has used the time since. */
function quotasOf(terms: LoginTerms, used: Used, now: number, span: Span): Quota[] {
  const sameDay = used.span.dayStart === span.dayStart;
  const sameMonth = used.span.monthStart === span.monthStart;
  const since = (start: number) => (used.online * Math.max(0, now - Math.max(start, used.at))) / 1000;
  const quotas: Quota[] = [];
  const add = (name: string, limit: number | string | null, quota: Omit<Quota, 'name' | 'limit'>) => {
    if (limit !== null) quotas.push({ name, limit: Number(limit), ...quota });
  };
  add('online time of the day', terms.daySeconds, {
    reason: 'TIME_QUOTA_USED',
    used: (sameDay ? used.daySeconds : 0) + since(span.dayStart),
    renewedAt: span.dayEnd,
    time: true,
  });
  add('online time of the month', terms.monthSeconds, {
    reason: 'TIME_QUOTA_USED',
    used: (sameMonth ? used.monthSeconds : 0) + since(span.monthStart),
    renewedAt: span.monthEnd,
    time: true,
  });
  add('octets of the day', terms.dayOctets, {
    reason: 'VOLUME_QUOTA_USED',
    used: sameDay ? Number(used.dayOctets) : 0,
    renewedAt: span.dayEnd,
    time: false,
  });
  add('octets of the month', terms.monthOctets, {
    reason: 'VOLUME_QUOTA_USED',
    used: sameMonth ? Number(used.monthOctets) : 0,
    renewedAt: span.monthEnd,
    time: false,
  });
  add('octets in all', terms.totalOctets, {
    reason: terms.voucher ? 'VOUCHER_USED' : 'VOLUME_QUOTA_USED',
    used: Number(used.totalOctets),
    renewedAt: Number.POSITIVE_INFINITY,
    time: false,
  });
  return quotas;
}

/** Judges terms. Pure: `used` may be of some time ago; null stands for nothing. */
export function judge(
  terms: LoginTerms,
  used: Used | null,
  now: number,
  timeZone: string,
  span: Span = spanAt(now, timeZone),
): Standing {
  const validUntil = terms.validUntil === null ? null : Date.parse(terms.validUntil);
  if (validUntil !== null && now >= validUntil)
    return {
      reason: terms.voucher ? 'VOUCHER_USED' : 'EXPIRED',
      until: null,
      nearest: `valid until ${terms.validUntil}, which is over`,
    };
  const hours = terms.hours === null ? null : hoursAt(terms.hours, now, timeZone);
  if (hours !== null && !hours.open)
    return {
      reason: 'OUTSIDE_HOURS',
      until: hours.until,
      nearest: `allowed from ${terms.hours?.from} to ${terms.hours?.to}, again at ${textOf(hours.until)}`,
    };
  const quotas = used === null ? [] : quotasOf(terms, used, now, span);
  for (const { name, reason, limit, used: spent, renewedAt } of quotas)
    if (spent >= limit)
      return {
        reason,
        until: Number.isFinite(renewedAt) ? renewedAt : null,
        nearest: `${name}: ${Math.floor(spent)} of ${limit} are used, again at ${textOf(renewedAt)}`,
      };
  const ends: { readonly at: number; readonly name: string }[] = [];
  if (validUntil !== null) ends.push({ at: validUntil, name: 'validity' });
  if (hours !== null) ends.push({ at: hours.until, name: 'permitted hours' });
  for (const { name, limit, used: spent, renewedAt, time } of quotas)
    if (time) {
      const at = now + (limit - spent) * 1000;
      // A quota that lasts until it is renewed lasts as long again from there.
      ends.push({ at: at <= renewedAt ? at : renewedAt + limit * 1000, name });
    }
  const first = ends.reduce<(typeof ends)[number] | null>(
    (a, b) => (a === null || b.at < a.at ? b : a),
    null,
  );
  return first === null
    ? { reason: null, until: null, nearest: 'no end is foreseen' }
    : { reason: null, until: first.at, nearest: `${first.name} ends first, at ${textOf(first.at)}` };
}

/**
 * Seconds of the Session-Timeout that goes with a standing, null for none: a session ends when what it may do changes,
 * and what logs in after that is judged anew.
 */
export function sessionTimeout(terms: LoginTerms, { until }: Standing, now: number): number | null {
  const left = until === null ? null : (until - now) / 1000;
  const { sessionSeconds } = terms;
  if (left === null || sessionSeconds === null) return left ?? sessionSeconds;
  return Math.min(left, sessionSeconds);
}

function textOf(at: number): string {
  return Number.isFinite(at) ? new Date(at).toISOString() : 'an unknown time';
}

/** Terms as somebody asked for them. @throws ValidationError naming the field and what would be right. */
export function checkTerms(wanted: LoginTerms): LoginTerms | null {
  const seconds = (field: string, value: number | null, most: number) => {
    if (value !== null && (!Number.isInteger(value) || value < 60 || value > most))
      throw new ValidationError(field, `Between 60 and ${most} seconds`);
  };
  seconds('input.sessionSeconds', wanted.sessionSeconds, 31_536_000);
  seconds('input.daySeconds', wanted.daySeconds, 86_400);
  seconds('input.monthSeconds', wanted.monthSeconds, 31 * 86_400);
  for (const field of ['dayOctets', 'monthOctets', 'totalOctets'] as const) {
    const octets = wanted[field];
    if (octets !== null && (!/^[1-9]\d{0,17}$/.test(octets) || BigInt(octets) < 1_000_000n))
      throw new ValidationError(`input.${field}`, 'Between 1000000 and 999999999999999999 octets');
  }
  const { hours } = wanted;
  for (const [field, time] of [
    ['input.hoursFrom', hours?.from],
    ['input.hoursTo', hours?.to],
  ] as const)
    if (time !== undefined && !/^([01]\d|2[0-3]):[0-5]\d$/.test(time))
      throw new ValidationError(field, `"${time}" is no local time; right would be 08:00`);
  if (hours !== null && hours.from === hours.to)
    throw new ValidationError('input.hoursTo', 'A part of the day ends at another time than it begins');
  return JSON.stringify(wanted) === JSON.stringify(noTerms) ? null : wanted;
}

/** For people. */
export function describeTerms(terms: LoginTerms | null): string {
  if (terms === null) return 'no terms';
  const told = [
    terms.validUntil === null ? null : `valid until ${terms.validUntil}`,
    terms.sessionSeconds === null ? null : `${terms.sessionSeconds} s a session`,
    terms.daySeconds === null ? null : `${terms.daySeconds} s a day`,
    terms.monthSeconds === null ? null : `${terms.monthSeconds} s a month`,
    terms.dayOctets === null ? null : `${terms.dayOctets} octets a day`,
    terms.monthOctets === null ? null : `${terms.monthOctets} octets a month`,
    terms.totalOctets === null ? null : `${terms.totalOctets} octets in all`,
    terms.hours === null ? null : `from ${terms.hours.from} to ${terms.hours.to}`,
  ];
  return told.filter((one) => one !== null).join(', ') || 'no terms';
}
