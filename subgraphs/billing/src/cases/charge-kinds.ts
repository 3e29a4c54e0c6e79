import { rational, ZERO } from '@dotmac/platform/money/rational';
import { expect } from 'vitest';
import { formatDay } from '../calendar/rules.ts';
import { localDay } from '../calendar/rules-zone.ts';
import { type BilledLine, type ChargeLine, charge } from '../charge/rules.ts';
import type { ServiceEvent, Terms } from '../charge/rules-accrual.ts';
import { byDocument } from '../charge/rules-change.ts';
import { dueOneOffs, type OneOff } from '../charge/rules-one-off.ts';
import { DEFAULT_POLICY } from '../charge/rules-policy.ts';
import { trueUp } from '../commitment/rules.ts';
import { checkExplanation } from '../explanation/rules-checker.ts';
import type { Anchor, Interval } from '../period/rules.ts';

import {
  anchorOf,
  basisPoints,
  type Case,
  type CaseAnchor,
  type CaseEvent,
  type CaseLine,
  type CaseRun,
  day,
  found,
  given,
  policyOf,
  type Runner,
  runner,
  simple,
  total,
  vat,
  vatOf,
} from './case-file.ts';

interface RecurringInput {
  tz: string;
  plan: { price_minor: number; interval: Interval; timing: string };
  anchor: CaseAnchor;
  events: CaseEvent[];
  events_seen: number[];
  tax_bp?: number;
}
interface RepairInput {
  already_invoiced: CaseLine[];
  should_be: CaseLine[];
  billing_runs: string[];
}
interface Runs {
  runs: CaseRun[];
}

function eventOf(event: CaseEvent, index: number, input: RecurringInput): ServiceEvent[] {
  const on = event.at ? localDay(Date.parse(event.at), input.tz) : day(event.on ?? '');
  if (event.local_date) expect(formatDay(on)).toBe(event.local_date);
  const price = {
    priceKey: `v${index}`,
    price: rational(BigInt(event.price_minor ?? input.plan.price_minor)),
  };
  switch (event.type) {
    case 'start': {
      const timing = input.plan.timing === 'in_advance' ? 'inAdvance' : 'inArrears';
      const terms: Terms = {
        ...price,
        interval: input.plan.interval,
        anchor: anchorOf(input.anchor),
        timing,
      };
      return [{ type: 'start', on, terms, trialDays: event.trial_days ?? 0 }];
    }
    case 'change': {
      const interval = event.interval ? { interval: event.interval } : {};
      const anchor = event.anchor ? { anchor: anchorOf(event.anchor) } : {};
      return [{ type: 'change', on, terms: { ...price, ...interval, ...anchor } }];
    }
    case 'suspend':
      return [{ type: 'suspend', on, reason: 'hold' }];
    case 'resume':
      return [{ type: 'resume', on }];
    case 'cancel':
      return [{ type: 'cancel', on }];
    case 'manual_credit':
      return [];
    default:
      throw new Error(`no such event here: ${event.type}`);
  }
}

function recurring(one: Case<RecurringInput, Runs, { runs?: CaseRun[] }>): void {
  const { input } = one;
  const policy = policyOf(one.options);
  const runs: CaseRun[] = one.recommended_convention.runs ?? one.expected.runs;
  const billed: BilledLine[] = [];
  const billedFees = new Set<string>();
  for (const [index, run] of runs.entries()) {
    const seen: CaseEvent[] = input.events.slice(0, input.events_seen[index]);
    for (const event of seen.filter((each) => each.type === 'manual_credit')) {
      const original = billed.find((line) => line.kind === 'recurring' && formatDay(line.from) === event.of);
      if (!original) throw new Error('the manual credit names no line');
      billed.push({ ...original, kind: 'adjustment', amount: -BigInt(event.amount_minor ?? 0) });
    }
    const events = seen.flatMap((event, at) => eventOf(event, at, input));
    const result = charge({ id: one.id, events }, billed, policy, day(run.on));
    if (!result.ok) throw new Error(result.error.message);
    for (const line of result.lines) {
      expect(checkExplanation(line.explanation, line.amount)).toEqual({ outcome: 'AGREES' });
    }
    const fees: OneOff[] = seen.flatMap((event, at) =>
      event.one_off_minor
        ? [{ id: `${at}`, on: day(event.on ?? ''), amount: BigInt(event.one_off_minor) }]
        : [],
    );
    const due = dueOneOffs(fees, billedFees, day(run.on));
    const expectedLines = run.lines.filter((line) => line.kind !== 'one_off');
    const { invoice: sameDocument, creditNote: note } = byDocument(result.lines, policy);
    expect(sameDocument.map(found).sort()).toEqual(expectedLines.map(simple).sort());
    expect(note.map(found).sort()).toEqual((run.credit_lines ?? []).map(simple).sort());
    const net = total(sameDocument) + total(due);
    expect(net).toBe(BigInt(run.total_minor));
    if (run.tax_minor !== undefined) {
      const tax = vat(net, basisPoints(given(input.tax_bp)));
      expect([tax, net + tax]).toEqual([BigInt(run.tax_minor), BigInt(run.gross_minor ?? 0)]);
    }
    if (run.credit_note_gross_minor !== undefined) {
      const credit = -total(note);
      expect(credit + vat(credit, basisPoints(given(input.tax_bp)))).toBe(
        BigInt(run.credit_note_gross_minor),
      );
    }
    billed.push(...result.lines);
    for (const fee of due) billedFees.add(fee.id);
  }
}

function repair(one: Case<RepairInput, Runs>): void {
  const invoiced: CaseLine[] = one.input.already_invoiced;
  const shouldBe: CaseLine[] = one.input.should_be;
  const nameOf = (line: CaseLine) => `${line.price_minor}@${line.period[0]}`;
  const lines: ChargeLine[] = [];
  for (const name of new Set([...invoiced, ...shouldBe].map(nameOf))) {
    const wanted = shouldBe.find((line) => nameOf(line) === name);
    const before = invoiced.filter((line) => nameOf(line) === name);
    const [any = wanted] = before;
    if (!any) throw new Error('no line');
    const anchor: Anchor = { type: 'anniversary', date: day(any.period[0]) };
    const terms: Terms = {
      priceKey: name,
      price: rational(BigInt(any.price_minor)),
      interval: { unit: 'month', count: 1 },
      anchor,
      timing: 'inAdvance',
    };
    const from = day(any.from);
    const events: ServiceEvent[] = [{ type: 'start', on: from, terms }];
    if (wanted) events.push({ type: 'cancel', on: day(wanted.to) });
    else events.push({ type: 'cancel', on: from });
    const billed = before.map(
      (line): BilledLine => ({
        serviceLineId: name,
        priceKey: name,
        price: terms.price,
        periodFrom: day(line.period[0]),
        periodTo: day(line.period[1]),
        dayCount: 'actual',
        kind: 'recurring',
        from: day(line.from),
        to: day(line.to),
        amount: BigInt(line.amount_minor),
      }),
    );
    const result = charge({ id: name, events }, billed, DEFAULT_POLICY, day(one.input.billing_runs[0] ?? ''));
    if (!result.ok) throw new Error(result.error.message);
    lines.push(...result.lines);
  }
  const [run] = one.expected.runs;
  if (!run) throw new Error('no run');
  expect(lines.map(found).sort()).toEqual(run.lines.map(simple).sort());
  expect(total(lines)).toBe(BigInt(run.total_minor));
}

/** Cases that drive the charge engine. */
export const CHARGE_KINDS: Record<string, Runner> = {
  recurring: runner(recurring),
  repair: runner(repair),
  composite: runner<
    {
      plan_price_minor: number;
      start: string;
      cancel: string;
      period: [string, string];
      usage_minor: number;
      usage_min_minor: number;
      tax_bp: number;
    },
    Record<string, number>
  >(({ input, expected, options }) => {
    const grid: Terms = {
      priceKey: 'v',
      price: rational(BigInt(input.plan_price_minor)),
      interval: { unit: 'month', count: 1 },
      anchor: { type: 'calendar' },
      timing: 'inAdvance',
    };
    const start: ServiceEvent = { type: 'start', on: day(input.start), terms: grid };
    const policy = policyOf(options);
    const lines = (events: ServiceEvent[], billed: BilledLine[], run: string) => {
      const result = charge({ id: 'plan', events }, billed, policy, day(run));
      if (!result.ok) throw new Error(result.error.message);
      return result.lines;
    };
    const billed = lines([start], [], input.period[0]);
    const credit = -total(lines([start, { type: 'cancel', on: day(input.cancel) }], billed, input.cancel));
    const [coveredDays, periodDays] = [
      day(input.cancel) + 1 - day(input.period[0]),
      day(input.period[1]) - day(input.period[0]),
    ];
    const usage = BigInt(input.usage_minor);
    const topUp = trueUp({
      minimum: BigInt(input.usage_min_minor),
      coveredDays,
      periodDays,
      charged: usage,
    }).amount;
    const percent = basisPoints(input.tax_bp);
    const tax = vatOf(
      [
        [usage, percent],
        [topUp, percent],
      ],
      'perLine',
    );
    const creditTax = vat(credit, percent, 'perLine');
    expect({
      usage_minor: usage,
      true_up_minor: topUp,
      net_minor: usage + topUp,
      tax_minor: tax,
      credit_net_minor: credit,
      credit_tax_minor: creditTax,
      credit_gross_minor: credit + creditTax,
      due_minor: usage + topUp + tax - credit - creditTax,
    }).toEqual(
      Object.fromEntries(Object.entries<number>(expected).map(([key, value]) => [key, BigInt(value)])),
    );
  }),
  seconds: runner<
    { period: [number, number]; at: number; old_minor: number },
    { credit_minor: number },
    { why: string }
  >(({ input, recommended_convention: convention }) => {
    // The engine bills days. Ours: the change day is the new plan's, so the credit covers whole days from it on.
    expect(convention.differs).toBe(true);
    const [from, to] = [localDay(input.period[0] * 1000, 'UTC'), localDay(input.period[1] * 1000, 'UTC')];
    const on = localDay(input.at * 1000, 'UTC');
    const terms: Terms = {
      priceKey: 'old',
      price: rational(BigInt(input.old_minor)),
      interval: { unit: 'month', count: 1 },
      anchor: { type: 'anniversary', date: from },
      timing: 'inAdvance',
    };
    const start: ServiceEvent = { type: 'start', on: from, terms };
    const billed = charge({ id: 'plan', events: [start] }, [], DEFAULT_POLICY, from);
    if (!billed.ok) throw new Error(billed.error.message);
    expect(billed.lines.map((line) => line.to)).toEqual([to]);
    const change: ServiceEvent = { type: 'change', on, terms: { priceKey: 'new', price: ZERO } };
    const result = charge({ id: 'plan', events: [start, change] }, billed.lines, DEFAULT_POLICY, on);
    if (!result.ok) throw new Error(result.error.message);
    const [credit] = result.lines.filter((line) => line.kind === 'credit');
    const [, days, amount] = /= (\d+)\/\d+ -> ([\d.]+)/.exec(given(convention.why)) ?? [];
    expect(credit && [credit.days, credit.amount]).toEqual([
      Number(days),
      -BigInt((amount ?? '').replace('.', '')),
    ]);
  }),
  invalid: runner<{ cases: Array<{ start: string; end: string | null; run: string }> }, { error: string }>(
    ({ input, expected, recommended_convention: convention }) => {
      // Ours: an end before the start is an error; a run before the start finds nothing due.
      expect(convention.differs).toBe(true);
      const terms: Terms = {
        priceKey: 'v',
        price: rational(100n),
        interval: { unit: 'month', count: 1 },
        anchor: { type: 'calendar' },
        timing: 'inAdvance',
      };
      for (const { start, end, run } of input.cases) {
        const events: ServiceEvent[] = [{ type: 'start', on: day(start), terms }];
        if (end) events.push({ type: 'cancel', on: day(end) });
        const result = charge({ id: 'plan', events }, [], DEFAULT_POLICY, day(run));
        if (end && end < start)
          expect(result.ok ? undefined : result.error.code).toBe(expected.error.toUpperCase());
        else expect(result).toEqual({ ok: true, lines: [] });
      }
    },
  ),
};
