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
    const local = Temporal.Instant.fromEpochMilliseconds(Math.floor(at)).toZonedDateTimeISO(timeZone);
    const next = local
      .round({ smallestUnit: 'hour', roundingMode: 'floor' })
      .add({ hours: 1 }).epochMilliseconds;
    const about = { day: local.toPlainDate().toString(), hour: local.hour };
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

/** What a session's counters say beyond what is counted; never below zero, should a counter ever go back. */
export function uncounted(total: bigint, counted: bigint): bigint {
  return total > counted ? total - counted : 0n;
}

/** The event log hears of a day that grows at most this often; of one that is complete, at once. */
export const tellMilliseconds = 15 * 60_000;
