import { minorDigits } from '@dotmac/platform/money/currency';
import { percentOf } from '@dotmac/platform/money/decimal';
import { divRound, mulDivRound } from '@dotmac/platform/money/rounding';
import { expect } from 'vitest';
import { countDays, formatDay } from '../calendar/rules.ts';
import { localDay } from '../calendar/rules-zone.ts';
import { trueUp } from '../commitment/rules.ts';
import { type Attempts, attemptsFinished, runAttempts } from '../dunning/rules-attempts.ts';
import { type Anchor, boundary, type Interval, periodContaining, periodGrid } from '../period/rules.ts';

import { anchorOf, type CaseAnchor, day, given, type Runner, runner } from './case-file.ts';

/** Cases of periods, fractions, commitments, attempts, commissions and currencies. */
export const FIGURE_KINDS: Record<string, Runner> = {
  schedule: runner<
    {
      anchor: CaseAnchor;
      interval: Interval;
      from_n?: number;
      checks?: Array<{ at: string; tz: string }>;
      billing_date?: string;
    },
    { dates?: string[]; due?: boolean[] }
  >(({ input, expected }) => {
    if (expected.dates) {
      const anchor = anchorOf(input.anchor);
      const grid = periodGrid(anchor, input.interval, day(given(input.anchor.date)));
      const dates = expected.dates.map((_: string, index: number) =>
        formatDay(boundary(grid, (input.from_n ?? 1) + index)),
      );
      expect(dates).toEqual(expected.dates);
    } else {
      const due = given(input.checks).map(
        (check) => localDay(Date.parse(check.at), check.tz) >= day(given(input.billing_date)),
      );
      expect(due).toEqual(expected.due);
    }
  }),
  fraction: runner<
    { interval: Interval; spans: Array<[string, string]> },
    Record<'actual' | 'fixed30', string[]> &
      Record<'actual_num_den' | 'fixed30_num_den', Array<[number, number]>>
  >(({ input, expected }) => {
    const nine = (num: number, den: number) =>
      `0.${divRound(BigInt(num) * 10n ** 9n, BigInt(den))
        .toString()
        .padStart(9, '0')}`;
    for (const [index, [from, to]] of input.spans.entries()) {
      const anchor: Anchor = { type: 'dayOfMonth', day: Number(to.slice(8)) };
      const period = periodContaining(periodGrid(anchor, input.interval, day(from)), day(from));
      for (const [count, name] of [
        ['actual', 'actual'],
        ['fixed30', 'fixed30'],
      ] as const) {
        const [num, den] = [countDays(day(from), day(to), count), countDays(period.from, period.to, count)];
        expect([num, den]).toEqual(expected[`${name}_num_den`][index]);
        expect(nine(num, den)).toBe(expected[name][index]);
      }
    }
  }),
  fraction_money: runner<
    { price: Array<[string, number, number]>; num_den: [number, number] },
    { amount_minor: number[] }
  >(({ input, expected }) => {
    const [num, den] = [BigInt(input.num_den[0]), BigInt(input.num_den[1])];
    expect(input.price.map(([, price]) => Number(mulDivRound(BigInt(price), num, den)))).toEqual(
      expected.amount_minor,
    );
    expect(input.price.map(([currency]) => minorDigits(currency))).toEqual(
      input.price.map((each) => each[2]),
    );
  }),
  commitment: runner<
    {
      interval: Interval;
      start: string;
      plan_price_minor: number;
      commitment_minor: number;
      usage_minor: number;
    },
    { num_den: [number, number]; true_up_minor: number }
  >(({ input, expected }) => {
    const period = periodContaining(
      periodGrid({ type: 'calendar' }, input.interval, day(input.start)),
      day(input.start),
    );
    const [coveredDays, periodDays] = [period.to - day(input.start), period.to - period.from];
    expect([coveredDays, periodDays]).toEqual(expected.num_den);
    const plan = mulDivRound(BigInt(input.plan_price_minor), BigInt(coveredDays), BigInt(periodDays));
    const result = trueUp({
      minimum: BigInt(input.commitment_minor),
      coveredDays,
      periodDays,
      charged: plan + BigInt(input.usage_minor),
    });
    expect(result.amount).toBe(BigInt(expected.true_up_minor));
  }),
  dunning: runner<
    {
      max_attempts: number;
      days_between: number;
      thresholds: Record<string, number>;
      overdue: Array<{ on: string; currency: string; minor: number }>;
      runs: string[];
      run_hour_utc: number;
      overdue_added_hour: number;
    },
    { attempts_after: Array<Record<string, number>>; finished_on: string }
  >(({ input, expected }) => {
    const thresholds = Object.fromEntries(
      Object.entries<number>(input.thresholds).map(([currency, minor]) => [currency, BigInt(minor)]),
    );
    const policy = { maxAttempts: input.max_attempts, daysBetween: input.days_between, thresholds };
    const at = (date: string, hour: number) => Date.parse(`${date}T${String(hour).padStart(2, '0')}:00:00Z`);
    const firstDay = given(input.overdue[0]).on;
    let attempts: Record<string, Attempts> = {};
    let finishedOn: string | undefined;
    const after = input.runs.map((run: string) => {
      const now = at(run, input.run_hour_utc);
      const overdue: Record<string, bigint> = {};
      for (const one of input.overdue) {
        const hour = one.on === firstDay ? input.run_hour_utc : input.overdue_added_hour;
        if (at(one.on, hour) <= now)
          overdue[one.currency] = (overdue[one.currency] ?? 0n) + BigInt(one.minor);
      }
      attempts = runAttempts(policy, overdue, attempts, now);
      if (attemptsFinished(policy, attempts)) finishedOn ??= run;
      return Object.fromEntries(Object.entries(attempts).map(([currency, one]) => [currency, one.count]));
    });
    expect(after).toEqual(expected.attempts_after);
    expect(finishedOn).toBe(expected.finished_on);
  }),
  commission: runner<{ sales: Array<[number, string]> }, { earnings_minor: number[] }>(
    ({ input, expected }) => {
      expect(
        input.sales.map(([amount, percent]: [number, string]) => Number(percentOf(BigInt(amount), percent))),
      ).toEqual(expected.earnings_minor);
    },
  ),
  minor_units: runner<
    { currencies: string[] },
    { digits: number[]; trap_iso_vs_cldr: Record<string, [number, number]> }
  >(({ input, expected }) => {
    expect(input.currencies.map(minorDigits)).toEqual(expected.digits);
    const traps = Object.entries<[number, number]>(expected.trap_iso_vs_cldr);
    expect(traps.map(([currency]) => minorDigits(currency))).toEqual(traps.map(([, [iso]]) => iso));
  }),
};
