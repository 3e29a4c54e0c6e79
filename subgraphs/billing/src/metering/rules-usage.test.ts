import fc from 'fast-check';
import { expect, it } from 'vitest';
import { dayOf } from '../calendar/rules.ts';
import type { BilledLine } from '../charge/rules.ts';
import { checkExplanation } from '../explanation/rules-checker.ts';
import { type UsageSnapshot, usageLines } from './rules-usage.ts';

const start = dayOf(2026, 1, 1);
const runDates = [dayOf(2026, 2, 1), dayOf(2026, 3, 1), dayOf(2026, 4, 1), dayOf(2026, 5, 1)];
const card = {
  version: 'plv_1',
  effectiveFrom: start,
  bands: [{ upTo: 50n, unitPrice: '150' }, { unitPrice: '99.5' }],
  minimum: 500n,
};
const restatement = fc.record({
  day: fc.integer({ min: 0, max: 119 }),
  active: fc.integer({ min: 0, max: 200 }),
  /** The run before which it is told. */
  before: fc.nat(runDates.length - 1),
});

it('whenever days are restated, what was billed in the end is what the counts that stand would have cost', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 200 }), { minLength: 120, maxLength: 120 }),
      fc.array(restatement, { maxLength: 6 }),
      fc.integer({ min: 1, max: 28 }),
      (counts, restatements, anchorDay) => {
        const standing = [...counts];
        const restated = new Set<number>();
        let billed: (BilledLine & { readonly net: bigint })[] = [];
        let settledBefore: number | null = null;
        const snapshot = (more: Partial<UsageSnapshot> = {}): UsageSnapshot => ({
          serviceLineId: 'usage:ten',
          liveFrom: start,
          settledBefore,
          cards: [card],
          planName: 'Card',
          productClass: 'other',
          counts: standing.map((active, index) => ({ day: start + index, active })),
          restated: [...restated].map((day) => ({ day, because: 'test' })),
          billed,
          ...more,
        });
        for (const [index, runDate] of [...runDates, runDates.at(-1) ?? 0].entries()) {
          for (const { day, active, before } of restatements)
            if (before === index) {
              standing[day] = active;
              restated.add(start + day);
            }
          const result = usageLines(snapshot(), anchorDay, runDate);
          if (!result.ok) throw new Error(result.message);
          for (const line of result.lines)
            expect(checkExplanation(line.explanation, line.net)).toEqual({ outcome: 'AGREES' });
          // A run again on the same day has nothing left to say.
          if (index === runDates.length) expect(result.lines).toEqual([]);
          billed = [
            ...billed,
            ...result.lines.map((line) => ({ ...line, kind: 'recurring' as const, amount: line.net })),
          ];
          settledBefore = runDate;
        }
        const keys = billed.map(
          ({ periodFrom, ...line }) => `${periodFrom} ${'correction' in line && line.correction}`,
        );
        expect(new Set(keys).size).toBe(keys.length);
        const right = usageLines(
          snapshot({ settledBefore: null, billed: [], restated: [] }),
          anchorDay,
          runDates.at(-1) ?? 0,
        );
        if (!right.ok) throw new Error(right.message);
        const sum = (lines: readonly { readonly net: bigint }[]) =>
          lines.reduce((total, { net }) => total + net, 0n);
        expect(sum(billed)).toBe(sum(right.lines));
      },
    ),
  );
});
