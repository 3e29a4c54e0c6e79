import { rational } from '@dotmac/platform/money/rational';
import { expect, it } from 'vitest';
import { parseDay } from '../calendar/rules.ts';
import { periodGrid } from '../period/rules.ts';
import { changeEffectiveOn } from './rules-change.ts';

const day = (text: string) => parseDay(text) ?? Number.NaN;
const monthly = periodGrid({ type: 'dayOfMonth', day: 31 }, { unit: 'month', count: 1 }, day('2024-01-31'));
const yearly = periodGrid({ type: 'startDate' }, { unit: 'year', count: 1 }, day('2024-02-10'));
const plan = (minor: bigint, grid = monthly) => ({ price: rational(minor), grid });

it('an upgrade is at once, a downgrade waits for the end of the period', () => {
  const today = day('2024-02-10');
  expect(changeEffectiveOn(plan(1000n), plan(2000n), today)).toBe(today);
  expect(changeEffectiveOn(plan(1000n), plan(1000n), today)).toBe(today);
  expect(changeEffectiveOn(plan(2000n), plan(1000n), today)).toBe(day('2024-02-29'));
  expect(changeEffectiveOn(plan(2000n), plan(1000n), today, 'immediate')).toBe(today);
  expect(changeEffectiveOn(plan(2000n), plan(1000n), day('2024-02-29'))).toBe(day('2024-02-29'));
});
it('compares prices per day, so a yearly plan is not an upgrade for its larger sum', () => {
  expect(changeEffectiveOn(plan(2000n), plan(12_000n, yearly), day('2024-02-10'))).toBe(day('2024-02-29'));
  expect(changeEffectiveOn(plan(1000n), plan(36_600n, yearly), day('2024-02-10'))).toBe(day('2024-02-10'));
});
