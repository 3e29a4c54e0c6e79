import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { countDays, type Day, formatDay, parseDay } from '../calendar/rules.ts';
import { localDay, startOfDay } from '../calendar/rules-zone.ts';
import {
  type Anchor,
  boundary,
  checkAnchor,
  type Interval,
  periodContaining,
  periodGrid,
  periodsBetween,
} from './rules.ts';

const day = (text: string): Day => parseDay(text) ?? Number.NaN;
const START = day('2015-01-01');
const starts = fc.integer({ min: START, max: day('2030-12-31') });
const monthly: Interval = { unit: 'month', count: 1 };

const anchored = fc.oneof(
  fc.record({
    anchor: fc.oneof(
      fc.record({ type: fc.constant('dayOfMonth' as const), day: fc.integer({ min: 1, max: 31 }) }),
      fc.record({
        type: fc.constant('monthDay' as const),
        month: fc.integer({ min: 1, max: 12 }),
        day: fc.integer({ min: 1, max: 31 }),
      }),
      fc.constant({ type: 'calendar' as const }),
      fc.record({ type: fc.constant('anniversary' as const), date: starts }),
      fc.constant({ type: 'startDate' as const }),
    ),
    interval: fc.record({
      unit: fc.constantFrom('month' as const, 'year' as const),
      count: fc.integer({ min: 1, max: 24 }),
    }),
  }),
  fc.record({
    anchor: fc.oneof(
      fc.constant({ type: 'calendar' as const }),
      fc.record({ type: fc.constant('anniversary' as const), date: starts }),
      fc.constant({ type: 'startDate' as const }),
    ),
    interval: fc.record({
      unit: fc.constantFrom('day' as const, 'week' as const),
      count: fc.integer({ min: 1, max: 90 }),
    }),
  }),
);

describe('civil days', () => {
  it('agree with the platform calendar and round-trip', () => {
    fc.assert(
      fc.property(fc.integer({ min: -100_000, max: 200_000 }), (n) => {
        expect(formatDay(n)).toBe(new Date(n * 86_400_000).toISOString().slice(0, 10));
        expect(parseDay(formatDay(n))).toBe(n);
      }),
    );
    expect(['2023-02-29', '2024-13-01', '24-01-01', '2024-04-31'].map(parseDay)).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
  });
  it('fixed30 is additive', () => {
    fc.assert(
      fc.property(fc.tuple(starts, starts, starts), (days) => {
        const [a, b, c] = days.toSorted((x, y) => x - y) as [Day, Day, Day];
        expect(countDays(a, b, 'fixed30') + countDays(b, c, 'fixed30')).toBe(countDays(a, c, 'fixed30'));
        expect(countDays(a, b, 'fixed30')).toBeGreaterThanOrEqual(0);
      }),
    );
    expect(countDays(day('2024-01-31'), day('2024-02-29'), 'fixed30')).toBe(30);
  });
});

describe('periods', () => {
  it('tile ten years without gap or overlap, for any anchor', () => {
    fc.assert(
      fc.property(anchored, starts, ({ anchor, interval }, start) => {
        expect(checkAnchor(anchor, interval)).toBeUndefined();
        const grid = periodGrid(anchor, interval, start);
        let at: Day | undefined;
        for (const period of periodsBetween(grid, start, start + 3653)) {
          expect(period.to).toBeGreaterThan(period.from);
          if (at === undefined) expect(period.from).toBeLessThanOrEqual(start);
          else expect(period.from).toBe(at);
          at = period.to;
          for (const inside of [period.from, period.to - 1]) {
            expect(periodContaining(grid, inside)).toEqual(period);
          }
        }
        expect(at).toBeGreaterThanOrEqual(start + 3653);
      }),
      { numRuns: 150 },
    );
  });

  const boundaries = (anchor: Anchor, interval: Interval, start: string, count: number) => {
    const grid = periodGrid(anchor, interval, day(start));
    return Array.from({ length: count }, (_, n) => formatDay(boundary(grid, n)));
  };
  it('day 31 clamps in February and recovers in March', () => {
    expect(boundaries({ type: 'dayOfMonth', day: 31 }, monthly, '2023-01-31', 4)).toEqual([
      '2023-01-31',
      '2023-02-28',
      '2023-03-31',
      '2023-04-30',
    ]);
  });
  it('an anniversary on 28 February stays on 28; on 29 February it comes back to 29', () => {
    expect(boundaries({ type: 'anniversary', date: day('2022-02-28') }, monthly, '2022-02-28', 2)[1]).toBe(
      '2022-03-28',
    );
    const leap = boundaries({ type: 'startDate' }, { unit: 'year', count: 1 }, '2024-02-29', 5);
    expect(leap).toEqual(['2024-02-29', '2025-02-28', '2026-02-28', '2027-02-28', '2028-02-29']);
  });
  it('a lead-in takes the full period as denominator; a start on the clamped day is the billing day', () => {
    const grid = periodGrid({ type: 'dayOfMonth', day: 31 }, monthly, day('2024-04-10'));
    const lead = periodContaining(grid, day('2024-04-10'));
    expect([formatDay(lead.from), formatDay(lead.to)]).toEqual(['2024-03-31', '2024-04-30']);
    expect(periodContaining(grid, day('2024-04-30')).from).toBe(day('2024-04-30'));
  });
  it('refuses impossible anchors by field', () => {
    expect(checkAnchor({ type: 'dayOfMonth', day: 32 }, monthly)?.field).toBe('anchor.day');
    expect(checkAnchor({ type: 'dayOfMonth', day: 1 }, { unit: 'week', count: 1 })?.field).toBe(
      'anchor.type',
    );
    expect(checkAnchor({ type: 'calendar' }, { unit: 'month', count: 0 })?.code).toBe('INVALID_INTERVAL');
  });
});

describe('zones', () => {
  const zones = [
    'America/Sao_Paulo',
    'America/Los_Angeles',
    'Europe/Berlin',
    'Asia/Kathmandu',
    'Pacific/Apia',
    'Africa/Lagos',
    'Australia/Lord_Howe',
  ];
  it('the start of every day of ten years lies on that day and just after the one before', () => {
    for (const zone of zones) {
      for (let n = START; n < START + 3653; n += 1) {
        const start = startOfDay(n, zone);
        if (localDay(start, zone) !== n || localDay(start - 1, zone) !== n - 1) {
          expect.fail(`${zone} ${formatDay(n)}`);
        }
      }
    }
  });
  it('starts the day at 01:00 where midnight does not exist', () => {
    expect(new Date(startOfDay(day('2018-11-04'), 'America/Sao_Paulo')).toISOString()).toBe(
      '2018-11-04T03:00:00.000Z',
    );
  });
});
