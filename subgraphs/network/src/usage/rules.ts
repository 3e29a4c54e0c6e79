/** A piece of usage: one local hour of the tenant. */
export interface HourOfUse {
  /** ISO date in the tenant's zone. */
  readonly day: string;
  /** 0 to 23; an hour that a clock change repeats is one. */
  readonly hour: number;
  readonly octets: bigint;
}

/** Longer than this between two words of a session, nobody knows when its octets flowed: they count where they were told. */
const longestSpreadMilliseconds = 2 * 86_400_000;

/**
 * Octets that flowed evenly between two instants (milliseconds since the epoch), by local hour. The sum is exact: what
 * division leaves goes to the last hour.
 */
export function spreadOverHours(octets: bigint, from: number, to: number, timeZone: string): HourOfUse[] {
  if (octets === 0n) return [];
  const begin = from >= to || to - from > longestSpreadMilliseconds ? to : from;
  const parts: HourOfUse[] = [];
  let left = octets;
  for (let at = begin; ; ) {
    const { next, ...about } = localHourAt(Math.floor(at), timeZone);
    if (next >= to) {
      parts.push({ ...about, octets: left });
      return parts.filter((part) => part.octets > 0n);
    }
    const share = (octets * BigInt(Math.floor(next - at))) / BigInt(Math.ceil(to - begin));
    parts.push({ ...about, octets: share });
    left -= share;
    at = next;
  }
}

/** The local hour of an instant, and when the next begins. */
interface LocalHour {
  readonly day: string;
  readonly hour: number;
  readonly next: number;
}

/** Every zone's clock differs from UTC by quarters of an hour and changes at one: within one, the local hour is the same. */
const quarterMilliseconds = 15 * 60_000;
const mostQuarters = 1_000;
/** By zone and quarter: thousands of sessions tell of the same few hours. */
const knownHours = new Map<string, Map<number, LocalHour>>();

function localHourAt(at: number, timeZone: string): LocalHour {
  let hours = knownHours.get(timeZone);
  if (hours === undefined) {
    hours = new Map();
    knownHours.set(timeZone, hours);
  }
  const quarter = Math.floor(at / quarterMilliseconds);
  const known = hours.get(quarter);
  if (known !== undefined) return known;
  const local = Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(timeZone);
  const hour = { day: local.toPlainDate().toString(), hour: local.hour, next: endOfHour(local) };
  if (hours.size >= mostQuarters) hours.clear();
  hours.set(quarter, hour);
  return hour;
}

/**
 * The next full hour on the wall, or the change of the clock should it come first: where clocks change by half an hour
 * (Lord Howe), the hour before the change is not over when the wall says so, and one after it has no beginning.
 */
function endOfHour(local: Temporal.ZonedDateTime): number {
  const { minute, second, millisecond } = local;
  const full = local.epochMilliseconds + 3_600_000 - ((minute * 60 + second) * 1000 + millisecond);
  const change = local.getTimeZoneTransition('next')?.epochMilliseconds ?? full;
  return Math.min(full, change);
}

/** What a session's counters say beyond what is counted; never below zero, should a counter ever go back. */
export function uncounted(total: bigint, counted: bigint): bigint {
  return total > counted ? total - counted : 0n;
}

/** The event log hears of a day that grows at most this often; of one that is complete, at once. */
export const tellMilliseconds = 15 * 60_000;
