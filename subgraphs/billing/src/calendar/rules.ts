/** A civil day as the count of days since 1970-01-01. Days are integers: comparing and subtracting is exact. */
export type Day = number;

export interface CivilDate {
  readonly year: number;
  /** 1..12 */
  readonly month: number;
  /** 1..31 */
  readonly day: number;
}

/** Day number of a proleptic Gregorian date (H. Hinnant, "chrono-compatible low-level date algorithms"). */
export function dayOf(year: number, month: number, day: number): Day {
  const y = month <= 2 ? year - 1 : year;
  const era = Math.floor(y / 400);
  const yearOfEra = y - era * 400;
  const dayOfYear = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146_097 + dayOfEra - 719_468;
}

/** Year, month and day of a day number. */
export function civilDate(day: Day): CivilDate {
  const shifted = day + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra -
      Math.floor(dayOfEra / 1460) +
      Math.floor(dayOfEra / 36_524) -
      Math.floor(dayOfEra / 146_096)) /
      365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const shiftedMonth = Math.floor((5 * dayOfYear + 2) / 153);
  const month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9;
  return {
    year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0),
    month,
    day: dayOfYear - Math.floor((153 * shiftedMonth + 2) / 5) + 1,
  };
}

/** Days of a month (month 1..12). */
function daysInMonth(year: number, month: number): number {
  if (month === 2) return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

/** The day of a month, clamped to its last; `month` may lie outside 1..12 and carries into the year. */
export function clampedDay(year: number, month: number, day: number): Day {
  const months = year * 12 + month - 1;
  const y = Math.floor(months / 12);
  const m = months - y * 12 + 1;
  return dayOf(y, m, Math.min(day, daysInMonth(y, m)));
}

/** Day of an ISO 8601 calendar date `YYYY-MM-DD`, or undefined when the text is not a date that exists. */
export function parseDay(text: string): Day | undefined {
  const match = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text);
  if (!match) return undefined;
  const [year, month, day] = [Number(match[1]), Number(match[2]), Number(match[3])];
  if (month < 1 || month > 12 || day < 1 || day > daysInMonth(year, month)) return undefined;
  return dayOf(year, month, day);
}

/** A run says the same few days again and again. */
const texts = new Map<Day, string>();

/** `YYYY-MM-DD` of a day in the years 0000..9999. */
export function formatDay(day: Day): string {
  let text = texts.get(day);
  if (text === undefined) {
    text = dayText(day);
    if (texts.size >= 4096) texts.clear();
    texts.set(day, text);
  }
  return text;
}

function dayText(day: Day): string {
  const { year, month, day: dayOfMonth } = civilDate(day);
  const two = (n: number) => (n < 10 ? `0${n}` : `${n}`);
  return `${String(year).padStart(4, '0')}-${two(month)}-${two(dayOfMonth)}`;
}

/** How days are counted for proration. */
export type DayCount = 'actual' | 'fixed30';

/**
 * Days from `from` to `to` (exclusive). `fixed30` counts every month as 30 days (the last day of a month is its
 * 30th), and like `actual` is additive: the pieces of an interval count what the whole counts.
 */
export function countDays(from: Day, to: Day, dayCount: DayCount): number {
  return dayCount === 'actual' ? to - from : thirtyDayIndex(to) - thirtyDayIndex(from);
}

function thirtyDayIndex(day: Day): number {
  const date = civilDate(day);
  const last = date.day === daysInMonth(date.year, date.month);
  return (date.year * 12 + date.month) * 30 + (last ? 30 : Math.min(date.day, 30));
}
