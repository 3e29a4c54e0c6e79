import { lessThan, minus, rational } from '@dotmac/platform/money/rational';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseDay } from '../calendar/rules.ts';
import { FIRST_DAY, histories } from '../charge/arbitrary-history.ts';
import { charge } from '../charge/rules.ts';
import { DEFAULT_POLICY } from '../charge/rules-policy.ts';
import { checkExplanation } from '../explanation/rules-checker.ts';
import { applyDiscounts, type DiscountValue, discountLines } from './rules.ts';

const value: fc.Arbitrary<DiscountValue> = fc.oneof(
  fc.record({ type: fc.constant('percent' as const), percent: fc.constantFrom('10', '33.3', '100', '2.9') }),
  fc.record({ type: fc.constant('fixed' as const), amount: fc.bigInt(1n, 20_000n) }),
);

describe('discounts on a document', () => {
  it('never go below zero, stay within a unit of the exact share and sum up', () => {
    const nets = fc.array(fc.bigInt(0n, 10_000n), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(nets, fc.array(value, { maxLength: 3 }), (lines, values) => {
        const result = applyDiscounts(
          lines,
          values.map((one, index) => ({ id: `${index}`, value: one, appliesTo: 'all' })),
        );
        for (const [index, one] of result.entries()) {
          expect(one.net).toBe((lines[index] ?? 0n) - one.discount);
          expect(one.net >= 0n).toBe(true);
          const error = minus(rational(one.discount), one.exact);
          expect(lessThan(error, rational(1n)) && lessThan(rational(-1n), error)).toBe(true);
        }
      }),
    );
  });
  it('a later coupon works on what is left', () => {
    const fifty: DiscountValue = { type: 'percent', percent: '50' };
    const ten: DiscountValue = { type: 'fixed', amount: 1000n };
    const net = (...values: DiscountValue[]) =>
      applyDiscounts(
        [4000n],
        values.map((one, index) => ({ id: `${index}`, value: one, appliesTo: [0] })),
      )[0]?.net;
    expect([net(fifty, ten), net(ten, fifty)]).toEqual([1000n, 1500n]);
  });
});

describe('discounts on a recurring line', () => {
  it('plan plus discounts stays between nothing and the plan, and full cancellation returns all', () => {
    fc.assert(
      fc.property(histories, fc.array(value, { minLength: 1, maxLength: 2 }), (events, values) => {
        const plan = { id: 'plan', events };
        const all = [
          plan,
          ...discountLines(
            plan,
            values.map((one, index) => ({ id: `d${index}`, value: one })),
          ),
        ];
        const run = FIRST_DAY + 400;
        const [first] = events;
        let [total, back] = [0n, 0n];
        for (const line of all) {
          const billed = charge(line, [], DEFAULT_POLICY, run);
          if (!billed.ok || first === undefined) throw new Error('history refused');
          for (const one of billed.lines)
            expect(checkExplanation(one.explanation, one.amount).outcome).toBe('AGREES');
          total += billed.lines.reduce((sum, one) => sum + one.amount, 0n);
          const begin = line.events[0];
          if (begin === undefined) throw new Error('no start');
          const annulled = charge(
            { ...line, events: [begin, { type: 'cancel', on: begin.on }] },
            billed.lines,
            DEFAULT_POLICY,
            run,
          );
          if (!annulled.ok) throw new Error(annulled.error.message);
          back += annulled.lines.reduce((sum, one) => sum + one.amount, 0n);
        }
        expect(back).toBe(-total);
      }),
      { numRuns: 60 },
    );
  });
  it('is prorated with the line and ends with its window', () => {
    const day = (text: string) => parseDay(text) ?? 0;
    const plan = {
      id: 'plan',
      events: [
        {
          type: 'start' as const,
          on: day('2024-03-16'),
          terms: {
            priceKey: 'v1',
            price: rational(3100n),
            interval: { unit: 'month' as const, count: 1 },
            anchor: { type: 'calendar' as const },
            timing: 'inAdvance' as const,
          },
        },
      ],
    };
    const [line] = discountLines(plan, [
      { id: 'welcome', value: { type: 'percent', percent: '50' }, to: day('2024-04-11') },
    ]);
    if (line === undefined) throw new Error('no line');
    const result = charge(line, [], DEFAULT_POLICY, day('2024-05-01'));
    expect(result.ok && result.lines.map((one) => [one.days, one.amount])).toEqual([
      [16, -800n],
      [10, -517n],
    ]);
  });
});
