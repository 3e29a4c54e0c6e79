import { type Day, formatDay } from '../calendar/rules.ts';
import { periodContaining, periodGrid } from '../period/rules.ts';

/** Letters go out so many days before a trial ends, and on the day on which it has ended. */
export const reminderDays: readonly number[] = [3, 1, 0];

/**
 * When the first invoice for counted subscribers comes: the end of the month, by the billing day, that contains the
 * first paid day. That month is prorated by itself, as unpaid days count nothing.
 * @returns a day, ISO
 */
export function firstInvoiceOn(firstPaid: Day, anchorDay: number): string {
  const grid = periodGrid({ type: 'dayOfMonth', day: anchorDay }, { unit: 'month', count: 1 }, firstPaid);
  return formatDay(periodContaining(grid, firstPaid).to);
}
