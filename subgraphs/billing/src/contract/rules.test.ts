import fc from 'fast-check';
import { expect, it } from 'vitest';
import { parseDay } from '../calendar/rules.ts';
import { checkExplanation } from '../explanation/rules-checker.ts';
import {
  type ContractTerm,
  type EarlyTermination,
  earliestEnd,
  earlyTerminationFee,
  remainingMonths,
  termEnd,
} from './rules.ts';

const day = (text: string) => parseDay(text) ?? Number.NaN;
const term: ContractTerm = { startedOn: day('2024-01-31'), months: 12, noticeDays: 30, renewMonths: 0 };
const fees: EarlyTermination[] = [
  { type: 'fixed', amount: 9900n },
  { type: 'remainingMonths', monthlyRate: 3999n, percent: '50' },
  { type: 'declining', amount: 12_000n },
];

it('a term ends on its day, and renews when the contract says so', () => {
  expect(termEnd(term, day('2024-06-01'))).toBe(day('2025-01-31'));
  expect(termEnd(term, day('2025-01-31'))).toBeUndefined();
  expect(termEnd({ ...term, renewMonths: 1 }, day('2025-01-31'))).toBe(day('2025-02-28'));
});
it('notice in time ends with the term, late notice with the renewal or after the notice', () => {
  expect(earliestEnd(term, day('2024-12-01'))).toBe(day('2025-01-31'));
  expect(earliestEnd(term, day('2025-01-20'))).toBe(day('2025-02-19'));
  expect(earliestEnd({ ...term, renewMonths: 12 }, day('2025-01-20'))).toBe(day('2026-01-31'));
});
it('begun months count whole', () => {
  expect(remainingMonths(term, day('2024-12-31'))).toBe(1);
  expect(remainingMonths(term, day('2024-12-30'))).toBe(2);
  expect(remainingMonths(term, day('2024-01-31'))).toBe(12);
});
it('fees fall with time, are nothing after the term or with a waiver, and explain themselves', () => {
  fc.assert(
    fc.property(fc.constantFrom(...fees), fc.integer({ min: 0, max: 400 }), (fee, after) => {
      const { amount, explanation } = earlyTerminationFee(term, fee, term.startedOn + after);
      expect(checkExplanation(explanation, amount)).toEqual({ outcome: 'AGREES' });
      expect(earlyTerminationFee(term, fee, term.startedOn + after + 1).amount <= amount).toBe(true);
      expect(amount === 0n).toBe(after >= 366);
      expect(earlyTerminationFee(term, fee, term.startedOn + after, 'moved away').amount).toBe(0n);
    }),
  );
  expect(fees.map((fee) => earlyTerminationFee(term, fee, day('2024-10-31')).amount)).toEqual([
    9900n,
    5999n,
    3000n,
  ]);
});
