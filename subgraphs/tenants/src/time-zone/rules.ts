import { localDateAt } from '@dotmac/platform';
import { ConflictError, ValidationError } from '@dotmac/schema';

/** What a change of zone does to the local days of a tenant around an instant. */
export interface ZoneChange {
  readonly from: string;
  readonly to: string;
  /** The local date at the instant by the zone it has, and by the one it gets: the same, or a later one. */
  readonly today: string;
  readonly todayThen: string;
  /** When its next local day begins by the new zone, in milliseconds since the epoch. */
  readonly nextDayAt: number;
}

/** Whether IANA's time zone data knows the name. */
export function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

const startOf = (date: string, timeZone: string) =>
  Temporal.PlainDate.from(date).toZonedDateTime(timeZone).epochMilliseconds;

/**
 * A change at an instant in milliseconds since the epoch. Business days have dates and no hours, so that periods tile
 * whatever the zone, as long as no date comes a second time: while it would, the change waits.
 * @throws ValidationError for a zone that is none, or the one it has; ConflictError DAY_WOULD_REPEAT that says from when
 *   it can be.
 */
export function planZoneChange(from: string, to: string, now: number): ZoneChange {
  if (!isTimeZone(to))
    throw new ValidationError('input.timeZone', `"${to}" is not an IANA time zone such as America/Toronto`);
  if (to === from) throw new ValidationError('input.timeZone', `${to} is its zone already`);
  const [today, todayThen] = [localDateAt(now, from), localDateAt(now, to)];
  if (todayThen < today)
    throw new ConflictError(
      'DAY_WOULD_REPEAT',
      `In ${to} it is still ${todayThen}, a day that has ended here; from ${new Date(startOf(today, to)).toISOString()} on no day comes twice`,
    );
  const tomorrow = Temporal.PlainDate.from(todayThen).add({ days: 1 }).toString();
  return { from, to, today, todayThen, nextDayAt: startOf(tomorrow, to) };
}
