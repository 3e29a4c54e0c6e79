import { rational, ZERO } from '@dotmac/platform/money/rational';
import { divRound } from '@dotmac/platform/money/rounding';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { countDays, type Day, dayOf, parseDay } from '../calendar/rules.ts';
import { checkExplanation } from '../explanation/rules-checker.ts';
import { FIRST_DAY, histories } from './arbitrary-history.ts';
import { type BilledLine, type ChargeLine, charge, nextDueOn, type ServiceLine } from './rules.ts';
import { accruals, type ServiceEvent, type Terms } from './rules-accrual.ts';
import { dueOneOffs } from './rules-one-off.ts';
import { type ChargePolicy, DEFAULT_POLICY } from './rules-policy.ts';
import { repairNeedsApproval } from './rules-repair.ts';

const day = (text: string): Day => parseDay(text) ?? Number.NaN;
const policies: fc.Arbitrary<ChargePolicy> = fc.record({
  endDay: fc.constantFrom('exclusive', 'inclusive'),
  dayCount: fc.constantFrom('actual', 'actual', 'fixed30'),
  termChange: fc.constantFrom('newTerm', 'keepAnchor'),
  nonPayment: fc.constantFrom('keepBilling' as const, { stopAfterDays: 5 }),
  joinLeadInBelowDays: fc.constantFrom(0, 5),
  creditDelivery: fc.constant('sameDocument'),
});
const runDays = fc.integer({ min: 0, max: 800 }).map((n) => FIRST_DAY + n);

function lines(
  events: readonly ServiceEvent[],
  billed: readonly BilledLine[],
  policy: ChargePolicy,
  run: Day,
  window = {},
): ChargeLine[] {
  const result = charge({ id: 'line', events, window }, billed, policy, run);
  if (!result.ok) throw new Error(result.error.message);
  return result.lines;
}

/** Net amount and covered days per key: what a customer has paid for. */
function position(all: readonly BilledLine[]) {
  const found = new Map<string, { amount: bigint; days: number; full: number; price: BilledLine['price'] }>();
  for (const one of all) {
    const name = `${one.priceKey}|${one.periodFrom}|${one.periodTo}`;
    const full = countDays(one.periodFrom, one.periodTo, one.dayCount);
    const at = found.get(name) ?? { amount: 0n, days: 0, full, price: one.price };
    at.amount += one.amount;
    at.days += (one.kind === 'credit' ? -1 : 1) * countDays(one.from, one.to, one.dayCount);
    found.set(name, at);
  }
  return new Map([...found].filter(([, at]) => at.days !== 0 || at.amount !== 0n).sort());
}

const TERMS: Terms = {
  priceKey: 'v1',
  price: rational(1000n),
  interval: { unit: 'month', count: 1 },
  anchor: { type: 'calendar' },
  timing: 'inAdvance',
};
const start = (on: string, terms: Terms = TERMS): ServiceEvent => ({ type: 'start', on: day(on), terms });

describe('should-be minus billed', () => {
  it('a re-run writes nothing, and every line explains itself', () => {
    fc.assert(
      fc.property(histories, policies, runDays, (events, policy, run) => {
        const billed = lines(events, [], policy, run);
        expect(lines(events, billed, policy, run)).toEqual([]);
        for (const line of billed) {
          expect(checkExplanation(line.explanation, line.amount)).toEqual({ outcome: 'AGREES' });
        }
      }),
      { numRuns: 150 },
    );
  });
  it('run at t1 then t2 is run at t2, and an earlier date after it changes nothing', () => {
    fc.assert(
      fc.property(histories, policies, runDays, runDays, (events, policy, a, b) => {
        const [t1, t2] = [Math.min(a, b), Math.max(a, b)];
        const first = lines(events, [], policy, t1);
        const both = [...first, ...lines(events, first, policy, t2)];
        expect(position(both)).toEqual(position(lines(events, [], policy, t2)));
        expect(lines(events, both, policy, t1)).toEqual([]);
      }),
      { numRuns: 150 },
    );
  });
  it('learning history late ends where knowing it at once ends', () => {
    fc.assert(
      fc.property(histories, policies, runDays, fc.nat(), (events, policy, run, cut) => {
        const known = events.slice(0, 1 + (cut % events.length));
        const before = lines(known, [], policy, run);
        const repair = lines(events, before, policy, run);
        const all = [...before, ...repair];
        for (const at of position(all).values()) {
          expect(at.amount).toBe(divRound(at.price.num * BigInt(at.days), at.price.den * BigInt(at.full)));
        }
        expect(lines(events, all, policy, run)).toEqual([]);
        for (const line of repair)
          expect(checkExplanation(line.explanation, line.amount).outcome).toBe('AGREES');
      }),
      { numRuns: 150 },
    );
  });
  it('bills exactly the days that accrue', () => {
    fc.assert(
      fc.property(histories, (events) => {
        const last = dayOf(2030, 1, 1);
        const billed = lines(events, [], DEFAULT_POLICY, last);
        const accrued = accruals(events, DEFAULT_POLICY);
        if (!accrued.ok) throw new Error(accrued.error.message);
        const count = (from: Day, to: Day) => Math.max(0, Math.min(to, FIRST_DAY + 900) - from);
        const entitled = accrued.accruals.reduce((sum, one) => sum + count(one.from, one.to), 0);
        expect(billed.reduce((sum, one) => sum + count(one.from, one.to), 0)).toBe(entitled);
      }),
    );
  });
  it('what was settled before need not be looked at again', () => {
    fc.assert(
      fc.property(histories, policies, runDays, runDays, runDays, (events, policy, a, b, c) => {
        const [settledBefore, t1, t2] = [a, b, c].sort((x, y) => x - y) as [Day, Day, Day];
        const billed = lines(events, [], policy, t1);
        const short = charge({ id: 'line', events, settledBefore }, billed, policy, t2);
        expect(short).toEqual({ ok: true, lines: lines(events, billed, policy, t2) });
      }),
      { numRuns: 150 },
    );
  });
  it('an annulled service gives back to the cent what was charged', () => {
    fc.assert(
      fc.property(histories, policies, runDays, (events, policy, run) => {
        const billed = lines(events, [], policy, run);
        const [first] = events;
        if (first?.type !== 'start') throw new Error('a history begins with a start');
        const annulled: ServiceEvent[] = [first, { type: 'cancel', on: first.on }];
        const back = lines(annulled, billed, { ...policy, endDay: 'exclusive' }, run);
        const sum = [...billed, ...back].reduce((total, line) => total + line.amount, 0n);
        expect(sum).toBe(0n);
      }),
    );
  });
  it('charge(a, b) + charge(b, c) = charge(a, c), whatever the cut', () => {
    fc.assert(
      fc.property(fc.bigInt(1n, 10n ** 9n), fc.integer({ min: 1, max: 30 }), (price, cut) => {
        const events = [start('2024-01-01', { ...TERMS, price: rational(price) })];
        const [from, to] = [day('2024-01-01'), day('2024-02-01')];
        const a = lines(events, [], DEFAULT_POLICY, from, { from, to: from + cut });
        const b = lines(events, a, DEFAULT_POLICY, from, { from, to });
        expect([...a, ...b].reduce((sum, line) => sum + line.amount, 0n)).toBe(price);
      }),
    );
  });
  it('due days come from nextDueOn: nothing is due between', () => {
    fc.assert(
      fc.property(histories, policies, runDays, (events, policy, run) => {
        const billed = lines(events, [], policy, run);
        const next = nextDueOn({ id: 'line', events }, policy, run);
        if (next === undefined) expect(lines(events, billed, policy, run + 1000)).toEqual([]);
        else {
          expect(lines(events, billed, policy, next - 1)).toEqual([]);
          expect(lines(events, billed, policy, next)).not.toEqual([]);
        }
      }),
      { numRuns: 150 },
    );
  });
});

describe('edges', () => {
  it('same-day start and stop costs nothing; a zero price is a visible line', () => {
    const events = [start('2024-03-05'), { type: 'cancel', on: day('2024-03-05') } as const];
    expect(lines(events, [], DEFAULT_POLICY, day('2024-04-01'))).toEqual([]);
    const free = lines(
      [start('2024-03-01', { ...TERMS, price: ZERO })],
      [],
      DEFAULT_POLICY,
      day('2024-03-01'),
    );
    expect(free.map((line) => [line.amount, line.days])).toEqual([[0n, 31]]);
  });
  it('suspend and resume on one day is nothing; a hold is credited to the day', () => {
    const hold = (to: string): ServiceEvent[] => [
      start('2024-03-01'),
      { type: 'suspend', on: day('2024-03-10'), reason: 'hold' },
      { type: 'resume', on: day(to) },
    ];
    const billed = lines([start('2024-03-01')], [], DEFAULT_POLICY, day('2024-03-01'));
    expect(lines(hold('2024-03-10'), billed, DEFAULT_POLICY, day('2024-03-20'))).toEqual([]);
    const credit = lines(hold('2024-03-20'), billed, DEFAULT_POLICY, day('2024-03-20'));
    expect(credit.map((line) => [line.kind, line.days, line.amount])).toEqual([['credit', 10, -323n]]);
  });
  it('non-payment stops accrual after k days when the policy says so', () => {
    const events: ServiceEvent[] = [
      start('2024-03-01'),
      { type: 'suspend', on: day('2024-03-10'), reason: 'nonPayment' },
    ];
    const policy = { ...DEFAULT_POLICY, nonPayment: { stopAfterDays: 5 } };
    expect(lines(events, [], policy, day('2024-06-01')).map((line) => line.to)).toEqual([day('2024-03-15')]);
    expect(lines(events, [], DEFAULT_POLICY, day('2024-06-01'))).toHaveLength(4);
  });
  it('the trial counts from the first start, also after a change', () => {
    const events: ServiceEvent[] = [
      { type: 'start', on: day('2024-03-01'), terms: TERMS, trialDays: 14 },
      { type: 'change', on: day('2024-03-08'), terms: { priceKey: 'v2', price: rational(2000n) } },
    ];
    expect(
      lines(events, [], DEFAULT_POLICY, day('2024-03-15')).map((line) => [
        line.priceKey,
        line.from,
        line.amount,
      ]),
    ).toEqual([['v2', day('2024-03-15'), 1097n]]);
  });
  it('a credit never exceeds what is left of the charge after a manual credit', () => {
    const [first] = lines([start('2024-03-01')], [], DEFAULT_POLICY, day('2024-03-01'));
    if (first === undefined) throw new Error('no line');
    const manual: BilledLine = { ...first, kind: 'adjustment', amount: -900n };
    const events: ServiceEvent[] = [start('2024-03-01'), { type: 'cancel', on: day('2024-03-02') }];
    const credit = lines(events, [first, manual], DEFAULT_POLICY, day('2024-03-02'));
    expect(credit.map((line) => line.amount)).toEqual([-100n]);
    expect(credit.map((line) => checkExplanation(line.explanation, line.amount).outcome)).toEqual(['AGREES']);
    expect(lines(events, [first, manual, ...credit], DEFAULT_POLICY, day('2024-03-09'))).toEqual([]);
  });
  it('a short lead-in joins the next full period', () => {
    const policy = { ...DEFAULT_POLICY, joinLeadInBelowDays: 5 };
    const line: ServiceLine = { id: 'line', events: [start('2024-03-29')] };
    expect(lines(line.events, [], policy, day('2024-03-31'))).toEqual([]);
    expect(nextDueOn(line, policy, day('2024-03-29'))).toBe(day('2024-04-01'));
    expect(lines(line.events, [], policy, day('2024-04-01')).map((one) => one.days)).toEqual([3, 30]);
  });
  it('month to year starts a new term, or keeps the anchor', () => {
    const events: ServiceEvent[] = [
      start('2024-03-01'),
      {
        type: 'change',
        on: day('2024-03-10'),
        terms: { priceKey: 'year', price: rational(36600n), interval: { unit: 'year', count: 1 } },
      },
    ];
    const year = (policy: ChargePolicy) => lines(events, [], policy, day('2024-03-10')).at(-1);
    expect(year(DEFAULT_POLICY)).toMatchObject({
      from: day('2024-03-10'),
      to: day('2025-03-10'),
      amount: 36600n,
    });
    expect(year({ ...DEFAULT_POLICY, termChange: 'keepAnchor' })).toMatchObject({
      periodFrom: day('2024-01-01'),
      amount: 29700n,
    });
  });
  it('refuses histories that make no sense, naming the event', () => {
    const bad: Array<[ServiceEvent[], string, number]> = [
      [[start('2024-03-10'), { type: 'cancel', on: day('2024-03-01') }], 'INVALID_DATE_SEQUENCE', 1],
      [[{ type: 'resume', on: 1 }], 'INVALID_EVENT_ORDER', 0],
      [[start('2024-03-01'), start('2024-03-02')], 'INVALID_EVENT_ORDER', 1],
      [[start('2024-03-01'), { type: 'resume', on: day('2024-03-02') }], 'INVALID_EVENT_ORDER', 1],
      [[start('2024-03-01', { ...TERMS, anchor: { type: 'dayOfMonth', day: 0 } })], 'INVALID_ANCHOR', 0],
      [[{ type: 'start', on: 1, terms: TERMS, trialDays: -1 }], 'INVALID_TRIAL', 0],
    ];
    for (const [events, code, event] of bad) {
      expect(charge({ id: 'line', events }, [], DEFAULT_POLICY, 1e6)).toMatchObject({
        ok: false,
        error: { code, event },
      });
    }
  });
  it('a large repair stops for approval', () => {
    const billed = lines([start('2024-01-01')], [], DEFAULT_POLICY, day('2024-06-01'));
    const repair = lines(
      [start('2024-01-01'), { type: 'cancel', on: day('2024-01-15') }],
      billed,
      DEFAULT_POLICY,
      day('2024-06-01'),
    );
    expect(repairNeedsApproval(repair, day('2024-06-01'), { maxPeriods: 3, maxLines: 10 })).toEqual({
      periods: 6,
      lines: 6,
    });
    expect(repairNeedsApproval(repair, day('2024-06-01'), { maxPeriods: 6, maxLines: 10 })).toBeUndefined();
  });
  it('a one-off is billed once', () => {
    const fee = { id: 'setup', on: day('2024-01-01'), amount: 1000n };
    expect(dueOneOffs([fee], new Set(), day('2024-01-01'))).toEqual([fee]);
    expect(dueOneOffs([fee], new Set(['setup']), day('2024-02-01'))).toEqual([]);
    expect(dueOneOffs([fee], new Set(), day('2023-12-31'))).toEqual([]);
  });
});
