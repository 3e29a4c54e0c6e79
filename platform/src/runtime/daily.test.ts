import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { daysDue } from './daily.ts';

describe('the days that are due', () => {
  test.each([
    [null, '2026-11-22', ['2026-11-22']],
    ['2026-11-22', '2026-11-22', []],
    ['2026-11-20', '2026-11-22', ['2026-11-21', '2026-11-22']],
    ['2028-02-28', '2028-03-01', ['2028-02-29', '2028-03-01']],
    // A clock that was set back repeats nothing.
    ['2026-11-22', '2026-11-01', []],
  ])('after %s, on %s, are %j', (last, today, days) => {
    expect(daysDue(last, today)).toEqual(days);
  });

  test('a pause of any length makes up for every day once, in order', () => {
    const start = Temporal.PlainDate.from('2026-01-01');
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 800 }), fc.integer({ min: 0, max: 800 }), (first, second) => {
        const [a, b, c] = [start, start.add({ days: first }), start.add({ days: first + second })].map(
          String,
        );
        const inOneGo = daysDue(a ?? null, c ?? '');
        const inTwo = [...daysDue(a ?? null, b ?? ''), ...daysDue(b ?? null, c ?? '')];
        expect(inTwo).toEqual(inOneGo);
        expect(inOneGo).toHaveLength(first + second);
      }),
    );
  });
});
