/** Where the time comes from. Nothing asks the machine for it directly, so that rules can be tested. */
export interface Clock {
  /** The instant, in milliseconds since 1970-01-01T00:00:00Z. */
  now(): number;
}

/** The machine's own clock. */
export const systemClock: Clock = { now: () => Date.now() };

/** A clock that runs ahead of another by a settable amount; demo tenants use it to show a month in a second. */
export interface AdvancingClock extends Clock {
  aheadMilliseconds: number;
}

export function advancingClock(base: Clock, aheadMilliseconds = 0): AdvancingClock {
  const clock = { aheadMilliseconds, now: () => base.now() + clock.aheadMilliseconds };
  return clock;
}

/** The local date, `2026-11-22`, at an instant in an IANA zone. */
export function localDateAt(milliseconds: number, timeZone: string): string {
  return Temporal.Instant.fromEpochMilliseconds(milliseconds)
    .toZonedDateTimeISO(timeZone)
    .toPlainDate()
    .toString();
}
