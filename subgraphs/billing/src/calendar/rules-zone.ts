import { type Day, dayOf, formatDay } from './rules.ts';

/** Epoch milliseconds at which a local day starts: not always 00:00, which some days do not have. */
export function startOfDay(day: Day, zone: string): number {
  return Temporal.PlainDate.from(formatDay(day)).toZonedDateTime(zone).epochMilliseconds;
}

/** The local day of an instant in one zone. Throws `RangeError` for an unknown zone. */
export function localDay(instant: number, zone: string): Day {
  const local = Temporal.Instant.fromEpochMilliseconds(instant).toZonedDateTimeISO(zone);
  return dayOf(local.year, local.month, local.day);
}
