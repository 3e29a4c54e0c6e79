import { expect, test } from 'vitest';
import { parseDay } from '../calendar/rules.ts';
import { firstInvoiceOn } from './rules.ts';

test.each([
  ['2026-11-29', 1, '2026-12-01'],
  ['2026-12-01', 1, '2027-01-01'],
  ['2026-02-27', 31, '2026-02-28'],
  ['2026-02-28', 31, '2026-03-31'],
])('a trial after which %s is paid first, billed on day %i, is invoiced on %s', (day, anchor, on) => {
  expect(firstInvoiceOn(parseDay(day) ?? 0, anchor)).toBe(on);
});
