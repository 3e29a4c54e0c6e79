import fc from 'fast-check';
import { expect, it } from 'vitest';
import { parseDay } from '../calendar/rules.ts';
import { type BilledLine, type ChargeLine, charge } from '../charge/rules.ts';
import { DEFAULT_POLICY } from '../charge/rules-policy.ts';
import { checkExplanation } from '../explanation/rules-checker.ts';
import { type StoredServiceEvent, serviceHistory } from '../service-line/rules.ts';
import { type HoldSpan, withHolds } from './rules.ts';

const start = parseDay('2026-01-10') ?? 0;
const account = { anchorDay: 10, currency: 'EUR' };
const version = {
  id: 'v1',
  planName: 'Fibre',
  priceMinor: 3100n,
  currency: 'EUR',
  interval: { unit: 'month', count: 1 },
  timing: 'inAdvance',
  productClass: 'internetAccess',
} as const;
const second = { ...version, id: 'v2', priceMinor: 6200n };
const life = (more: readonly StoredServiceEvent[] = []): StoredServiceEvent[] => [
  { type: 'start', on: start, version },
  ...more,
];

/** What is missing on a run date, by a life and its holds. */
function due(
  events: readonly StoredServiceEvent[],
  holds: readonly HoldSpan[],
  billed: readonly BilledLine[],
  runDate: number,
): ChargeLine[] {
  const history = serviceHistory(withHolds(events, holds), account);
  if (!history.ok) throw new Error(history.message);
  const result = charge({ id: 's', events: history.events }, billed, DEFAULT_POLICY, runDate);
  if (!result.ok) throw new Error(result.error.message);
  for (const line of result.lines)
    expect(checkExplanation(line.explanation, line.amount)).toEqual({ outcome: 'AGREES' });
  return result.lines;
}
const sum = (lines: readonly { readonly amount: bigint }[]) =>
  lines.reduce((all, one) => all + one.amount, 0n);

const hold: fc.Arbitrary<HoldSpan> = fc
  .record({
    from: fc.integer({ min: -20, max: 150 }),
    days: fc.option(fc.integer({ min: 0, max: 90 })),
    percent: fc.constantFrom('0', '20', '33.5'),
  })
  .map(({ from, days, percent }) => ({
    from: start + from,
    to: days === null ? null : start + from + days,
    percent,
  }));
const history = fc
  .record({ changeAfter: fc.integer({ min: 1, max: 80 }), cancelAfter: fc.integer({ min: 80, max: 160 }) })
  .map(({ changeAfter, cancelAfter }) =>
    life([
      { type: 'change', on: start + changeAfter, version: second },
      { type: 'cancel', on: start + cancelAfter, version: null },
    ]),
  );

it('a hold that is heard of late costs what it would have cost at once, and one that is taken back leaves nothing', () => {
  const end = start + 400;
  fc.assert(
    fc.property(
      history,
      fc.array(hold, { maxLength: 3 }),
      fc.integer({ min: 0, max: 200 }),
      (events, holds, after) => {
        const heardOn = start + after;
        const before = due(events, [], [], heardOn);
        const repaired = due(events, holds, before, heardOn);
        const rest = due(events, holds, [...before, ...repaired], end);
        const atOnce = due(events, holds, [], end);
        expect(sum(before) + sum(repaired) + sum(rest)).toBe(sum(atOnce));
        expect(due(events, holds, atOnce, end)).toEqual([]);
        const back = due(events, [], [...before, ...repaired], end);
        expect(sum(before) + sum(repaired) + sum(back)).toBe(sum(due(events, [], [], end)));
      },
    ),
  );
});

it('by the day the cheapest of its holds is charged, and no day outside of the life', () => {
  fc.assert(
    fc.property(history, fc.array(hold, { maxLength: 3 }), (events, holds) => {
      const end = events.at(-1)?.on ?? start;
      const woven = serviceHistory(withHolds(events, holds), account);
      if (!woven.ok) throw new Error(woven.message);
      const lines = due(events, holds, [], start + 400);
      for (let day = start - 5; day < end + 5; day += 1) {
        const active = holds.filter(({ from, to }) => from <= day && (to === null || day < to));
        const cheapest = active.map(({ percent }) => Number(percent)).sort((a, b) => a - b)[0];
        const charged = lines.filter(({ from, to }) => from <= day && day < to);
        const inLife = start <= day && day < end;
        expect(charged.length).toBe(inLife && cheapest !== 0 ? 1 : 0);
        const [, percent] = charged[0]?.priceKey.split('~') ?? [];
        if (charged.length > 0) expect(percent).toBe(cheapest === undefined ? undefined : `${cheapest}`);
      }
    }),
  );
});

it('ten days of a month of 31.00 are 10.00 back; at 20 % they are 8.00', () => {
  const before = due(life(), [], [], start);
  expect(sum(before)).toBe(3100n);
  const span = { from: start + 10, to: start + 20 };
  expect(sum(due(life(), [{ ...span, percent: '0' }], before, start))).toBe(-1000n);
  expect(due(life(), [{ ...span, percent: '20' }], before, start + 10).map(({ amount }) => amount)).toEqual([
    -1000n,
    200n,
  ]);
});
