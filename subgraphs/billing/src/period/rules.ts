import { civilDate, clampedDay, type Day, dayOf } from '../calendar/rules.ts';

export interface Interval {
  readonly unit: 'day' | 'week' | 'month' | 'year';
  /** At least 1. */
  readonly count: number;
}

/** What decides where periods begin. */
export type Anchor =
  /** Clamped to the month's end. Quarters and years count from the month of the start or change. */
  | { readonly type: 'dayOfMonth'; readonly day: number }
  | { readonly type: 'monthDay'; readonly month: number; readonly day: number }
  /** Weeks begin on Monday, quarters and years in January. */
  | { readonly type: 'calendar' }
  | { readonly type: 'anniversary'; readonly date: Day }
  /** n-day plans: from the start of the service. */
  | { readonly type: 'startDate' };

/** All period boundaries of an anchor: boundary n is always computed from the base and n. */
export type PeriodGrid =
  | { readonly kind: 'days'; readonly base: Day; readonly step: number }
  | {
      readonly kind: 'months';
      readonly year: number;
      readonly month: number;
      readonly day: number;
      readonly step: number;
    };

/** Half-open: `to` is the first day after. */
export interface Period {
  readonly index: number;
  readonly from: Day;
  readonly to: Day;
}

export type PeriodError = {
  readonly code: 'INVALID_INTERVAL' | 'INVALID_ANCHOR';
  readonly field: string;
  readonly message: string;
};

/** 2001-01-01 was a Monday. */
const A_MONDAY = dayOf(2001, 1, 1);

/** What is wrong with an interval and its anchor, or undefined. */
export function checkAnchor(anchor: Anchor, interval: Interval): PeriodError | undefined {
  if (!Number.isSafeInteger(interval.count) || interval.count < 1 || interval.count > 1200) {
    return error('INVALID_INTERVAL', 'interval.count', `must be 1 to 1200, not ${interval.count}`);
  }
  const inDays = interval.unit === 'day' || interval.unit === 'week';
  if (anchor.type === 'dayOfMonth' || anchor.type === 'monthDay') {
    if (inDays) {
      const what = `a ${interval.unit} interval takes startDate, anniversary or calendar`;
      return error('INVALID_ANCHOR', 'anchor.type', `${what}, not ${anchor.type}`);
    }
    if (!isWithin(anchor.day, 31)) {
      return error('INVALID_ANCHOR', 'anchor.day', `must be 1 to 31, not ${anchor.day}`);
    }
  }
  if (anchor.type === 'monthDay' && !isWithin(anchor.month, 12)) {
    return error('INVALID_ANCHOR', 'anchor.month', `must be 1 to 12, not ${anchor.month}`);
  }
  return undefined;
}

const isWithin = (n: number, max: number) => Number.isInteger(n) && n >= 1 && n <= max;
const error = (code: PeriodError['code'], field: string, message: string): PeriodError => ({
  code,
  field,
  message: `${field} ${message}`,
});

/** The grid of an anchor for a service (or term) that starts on `start`. The anchor must pass `checkAnchor`. */
export function periodGrid(anchor: Anchor, interval: Interval, start: Day): PeriodGrid {
  if (interval.unit === 'day' || interval.unit === 'week') {
    const step = interval.unit === 'week' ? 7 * interval.count : interval.count;
    const base = anchor.type === 'calendar' ? A_MONDAY : anchor.type === 'anniversary' ? anchor.date : start;
    return { kind: 'days', base, step };
  }
  const step = interval.unit === 'year' ? 12 * interval.count : interval.count;
  const { year, month, day } = civilDate(anchor.type === 'anniversary' ? anchor.date : start);
  switch (anchor.type) {
    case 'dayOfMonth':
      return { kind: 'months', year, month, day: anchor.day, step };
    case 'monthDay':
      return { kind: 'months', year, month: anchor.month, day: anchor.day, step };
    case 'calendar':
      return { kind: 'months', year, month: 1, day: 1, step };
    case 'anniversary':
    case 'startDate':
      return { kind: 'months', year, month, day, step };
  }
}

/** First day of period `index` (any integer): base + index × interval, then clamped, never drifting. */
export function boundary(grid: PeriodGrid, index: number): Day {
  return grid.kind === 'days'
    ? grid.base + index * grid.step
    : clampedDay(grid.year, grid.month + index * grid.step, grid.day);
}

/** Period number `index` of the grid. */
function periodAt(grid: PeriodGrid, index: number): Period {
  return { index, from: boundary(grid, index), to: boundary(grid, index + 1) };
}

/** The period that contains `day`. */
export function periodContaining(grid: PeriodGrid, day: Day): Period {
  if (grid.kind === 'days') return periodAt(grid, Math.floor((day - grid.base) / grid.step));
  const { year, month } = civilDate(day);
  const months = (year - grid.year) * 12 + month - grid.month;
  const index = Math.floor(months / grid.step);
  return periodAt(grid, boundary(grid, index) > day ? index - 1 : index);
}

/** The periods that touch [from, to), in order. Empty when the interval is empty. */
export function* periodsBetween(grid: PeriodGrid, from: Day, to: Day): Generator<Period> {
  if (from >= to) return;
  for (
    let period = periodContaining(grid, from);
    period.from < to;
    period = periodAt(grid, period.index + 1)
  ) {
    yield period;
  }
}
