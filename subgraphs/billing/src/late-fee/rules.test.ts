import { expect, it } from 'vitest';
import { parseDay } from '../calendar/rules.ts';
import { checkExplanation } from '../explanation/rules-checker.ts';
import { type LateFeeStep, type LateInvoice, lateFees } from './rules.ts';

const due = parseDay('2024-03-01') ?? 0;
const invoice: LateInvoice = { id: 'I-1', dueOn: due, openWithoutLateFees: 10_000n, chargedSteps: new Set() };
const steps: LateFeeStep[] = [
  { id: 'fixed', graceDays: 5, fee: { type: 'fixed', amount: 500n } },
  { id: 'percent', graceDays: 10, fee: { type: 'percent', percent: '1.5' }, cap: 100n },
  { id: 'interest', graceDays: 29, fee: { type: 'dailyInterest', yearlyPercent: '8.25' } },
];
const fees = (one: LateInvoice, after: number) =>
  lateFees(one, steps, due + after).map((fee) => [fee.stepId, fee.amount]);

it('charges after due + grace, capped, once per step', () => {
  expect(fees(invoice, 5)).toEqual([]);
  expect(fees(invoice, 6)).toEqual([['fixed', 500n]]);
  expect(fees(invoice, 30)).toEqual([
    ['fixed', 500n],
    ['percent', 100n],
    ['interest', 68n],
  ]);
  expect(fees({ ...invoice, chargedSteps: new Set(['fixed', 'percent']) }, 30)).toEqual([['interest', 68n]]);
});
it('never on late fees, on credit or on nothing', () => {
  expect(fees({ ...invoice, openWithoutLateFees: 0n }, 30)).toEqual([]);
});
it('explains every fee', () => {
  const explained = lateFees(invoice, steps, due + 30);
  expect(explained.map((fee) => checkExplanation(fee.explanation, fee.amount).outcome)).toEqual([
    'AGREES',
    'AGREES',
    'AGREES',
  ]);
});
