import { type Day, dayOf, formatDay } from './rules.ts';

/** From the start of local day `from`, the tenant lives in `zone` (IANA name). Sorted; the past never changes. */
export interface ZoneEntry {
  readonly from: Day;
  readonly zone: string;
}

/** Epoch milliseconds at which a local day starts: not always 00:00, which some days do not have. */
export function startOfDay(day: Day, zone: string): number {
  return Temporal.PlainDate.from(formatDay(day)).toZonedDateTime(zone).epochMilliseconds;
}

/** The local day of an instant in one zone. Throws `RangeError` for an unknown zone. */
export function localDay(instant: number, zone: string): Day {
  const local = Temporal.Instant.fromEpochMilliseconds(instant).toZonedDateTimeISO(zone);
  return dayOf(local.year, local.month, local.day);
}

/**
 * The local day of an instant over a history of zones. Days never run backwards: until a change takes effect
 * the day stays before the change's day, even where the old zone is ahead of the new one.
 */
export function localDayIn(instant: number, history: readonly ZoneEntry[]): Day {
  for (let i = history.length - 1; i >= 0; i -= 1) {
    const entry = history[i];
    if (entry === undefined) continue;
    if (i > 0 && startOfDay(entry.from, entry.zone) > instant) continue;
    const next = history[i + 1];
    const day = localDay(instant, entry.zone);
    return next === undefined ? day : Math.min(day, next.from - 1);
  }
  throw new RangeError('a zone history needs at least one entry');
}

/** Whether IANA time zone data knows the name. */
export function isZone(zone: string): boolean {
  try {
    Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(zone);
    return true;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

/** Version of the IANA time zone data of this process, recorded with every run. */
export function timeZoneDataVersion(): string {
  return process.versions.tz ?? 'unknown';
}
