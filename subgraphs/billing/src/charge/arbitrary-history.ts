import { rational } from '@dotmac/platform/money/rational';
import fc from 'fast-check';
import { type Day, dayOf } from '../calendar/rules.ts';
import type { Anchor, Interval } from '../period/rules.ts';
import type { ServiceEvent, Terms } from './rules-accrual.ts';

/** First day of every generated history; it runs for about two years. */
export const FIRST_DAY: Day = dayOf(2023, 1, 1);

const months: fc.Arbitrary<{ anchor: Anchor; interval: Interval }> = fc.record({
  anchor: fc.oneof(
    fc.record({ type: fc.constant('dayOfMonth' as const), day: fc.integer({ min: 1, max: 31 }) }),
    fc.constant({ type: 'calendar' as const }),
    fc.constant({ type: 'startDate' as const }),
  ),
  interval: fc.record({ unit: fc.constant('month' as const), count: fc.constantFrom(1, 1, 3, 12) }),
});
const days: fc.Arbitrary<{ anchor: Anchor; interval: Interval }> = fc.record({
  anchor: fc.constant({ type: 'startDate' as const }),
  interval: fc.record({ unit: fc.constant('day' as const), count: fc.integer({ min: 1, max: 45 }) }),
});

let sequence = 0;
const terms: fc.Arbitrary<Terms> = fc
  .record({
    when: fc.oneof(months, days),
    price: fc.bigInt(0n, 500_000n),
    den: fc.constantFrom(1n, 1n, 3n, 100n),
    timing: fc.constantFrom('inAdvance' as const, 'inAdvance' as const, 'inArrears' as const),
  })
  .map(({ when, price, den, timing }) => {
    sequence += 1;
    return { ...when, priceKey: `price-${sequence}`, price: rational(price, den), timing };
  });

/** Valid histories: start, then changes, holds and resumptions (often on one day), maybe a cancellation. */
export const histories: fc.Arbitrary<ServiceEvent[]> = fc
  .record({
    start: fc.integer({ min: 0, max: 60 }),
    trialDays: fc.constantFrom(0, 0, 0, 7, 30),
    terms,
    steps: fc.array(
      fc.record({
        wait: fc.constantFrom(0, 0, 1, 3, 17, 31, 90),
        kind: fc.constantFrom('price', 'terms', 'pause', 'cancel', 'pause'),
        terms,
        reason: fc.constantFrom('hold' as const, 'technical' as const, 'nonPayment' as const),
      }),
      { maxLength: 7 },
    ),
  })
  .map(({ start, trialDays, terms: first, steps }) => {
    let on = FIRST_DAY + start;
    const events: ServiceEvent[] = [{ type: 'start', on, terms: first, trialDays }];
    let suspended = false;
    let running = true;
    for (const step of steps) {
      on += step.wait;
      if (!running) {
        events.push({ type: 'start', on, terms: step.terms });
        running = true;
      } else if (step.kind === 'pause') {
        events.push(suspended ? { type: 'resume', on } : { type: 'suspend', on, reason: step.reason });
        suspended = !suspended;
      } else if (step.kind === 'cancel') {
        events.push({ type: 'cancel', on });
        running = false;
        suspended = false;
      } else {
        const { priceKey, price } = step.terms;
        events.push({ type: 'change', on, terms: step.kind === 'price' ? { priceKey, price } : step.terms });
      }
    }
    return events;
  });
