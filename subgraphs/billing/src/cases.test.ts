import { existsSync, readFileSync } from 'node:fs';
import { minorDigits } from '@dotmac/platform/money/currency';
import { parseDecimal, percentOf } from '@dotmac/platform/money/decimal';
import { minus, rational, rationalText, ZERO } from '@dotmac/platform/money/rational';
import { divRound, mulDivRound } from '@dotmac/platform/money/rounding';
import { describe, expect, it } from 'vitest';
import { countDays, type Day, formatDay, parseDay } from './calendar/rules.ts';
import { localDay } from './calendar/rules-zone.ts';
import { type BilledLine, type ChargeLine, charge } from './charge/rules.ts';
import type { ServiceEvent, Terms } from './charge/rules-accrual.ts';
import { dueOneOffs, type OneOff } from './charge/rules-one-off.ts';
import { type ChargePolicy, DEFAULT_POLICY } from './charge/rules-policy.ts';
import { trueUp } from './commitment/rules.ts';
import { type CreditableGroup, creditableGross, creditNote } from './credit/rules.ts';
import { applyDiscounts } from './discount/rules.ts';
import { documentTotals } from './document/rules.ts';
import { type Attempts, attemptsFinished, runAttempts } from './dunning/rules-attempts.ts';
import { checkExplanation } from './explanation/rules-checker.ts';
import { type Anchor, boundary, type Interval, periodContaining, periodGrid } from './period/rules.ts';
import { calculateTax } from './tax/rules.ts';
import type { TaxComponent, TaxRounding } from './tax/rules-types.ts';

/*
 * Runs the engine-agnostic cases that lie beside the repository, where they are present. The file's own figures are
 * the expectations; where a case says that DotMac's convention differs, ours are.
 */

const FILE = new URL('../../../../shared/data/billing/cases.json', import.meta.url);
const present = existsSync(FILE);

interface CaseAnchor {
  type: string;
  day?: number;
  month?: number;
  date?: string;
}
interface CaseLine {
  kind: string;
  price_minor: number;
  from: string;
  to: string;
  period: [string, string];
  sign: number;
  amount_minor: number;
}
interface CaseEvent {
  type: string;
  on?: string;
  at?: string;
  local_date?: string;
  trial_days?: number;
  one_off_minor?: number;
  price_minor?: number;
  amount_minor?: number;
  of?: string;
  interval?: Interval;
  anchor?: CaseAnchor;
}
interface CaseRun {
  on: string;
  lines: CaseLine[];
  credit_lines?: CaseLine[];
  total_minor: number;
  tax_minor?: number;
  gross_minor?: number;
  credit_note_gross_minor?: number;
}
// biome-ignore lint/suspicious/noExplicitAny: foreign data; each kind reads its own shape and asserts every figure.
type Shape = any;
interface Case {
  id: string;
  title: string;
  kind: string;
  options: Record<string, string>;
  input: Shape;
  expected: Shape;
  recommended_convention: Shape;
}

const cases: Case[] = present ? JSON.parse(readFileSync(FILE, 'utf8')).cases : [];

const day = (text: string): Day => {
  const found = parseDay(text);
  if (found === undefined) throw new Error(`"${text}" is not a date`);
  return found;
};

function anchorOf(anchor: CaseAnchor): Anchor {
  switch (anchor.type) {
    case 'day_of_month':
      return { type: 'dayOfMonth', day: anchor.day ?? 0 };
    case 'month_day':
      return { type: 'monthDay', month: anchor.month ?? 0, day: anchor.day ?? 0 };
    case 'anniversary':
      return { type: 'anniversary', date: day(anchor.date ?? '') };
    case 'start_date':
      return { type: 'startDate' };
    default:
      return { type: 'calendar' };
  }
}

function policyOf(options: Record<string, string>): ChargePolicy {
  return {
    ...DEFAULT_POLICY,
    endDay: options.end_day === 'inclusive' ? 'inclusive' : 'exclusive',
    termChange: options.term_change === 'keep_anchor' ? 'keepAnchor' : 'newTerm',
    creditDelivery: options.credit_delivery === 'credit_note' ? 'creditNote' : 'sameDocument',
  };
}

function eventOf(event: CaseEvent, index: number, input: Shape): ServiceEvent[] {
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

const simple = (line: { from: string; to: string; amount_minor: number }) =>
  `${line.from}..${line.to} ${line.amount_minor}`;
const found = (line: ChargeLine) => `${formatDay(line.from)}..${formatDay(line.to)} ${line.amount}`;
const total = (lines: ReadonlyArray<{ amount: bigint }>) =>
  lines.reduce((sum, line) => sum + line.amount, 0n);

function vat(net: bigint, percent: string, rounding: TaxRounding = 'perRate'): bigint {
  return vatOf([[net, percent]], rounding);
}

function vatOf(lines: ReadonlyArray<readonly [bigint, string]>, rounding: TaxRounding): bigint {
  const components: TaxComponent[] = [...new Set(lines.map(([, percent]) => percent))].map((percent) => ({
    id: percent,
    jurisdiction: 'case',
    productClass: percent,
    from: 0,
    name: percent,
    charge: { percent },
    category: 'S',
  }));
  const taxable = lines.map(([amount, productClass]) => ({
    amount,
    quantity: 1n,
    productClass,
    taxPoint: 1,
  }));
  const context = {
    jurisdictions: ['case'],
    customerClass: 'any',
    exemptions: [],
    inclusive: false,
    rounding,
  };
  const result = calculateTax(taxable, components, context);
  if (!result.ok) throw new Error(result.error.message);
  return result.tax;
}

const basisPoints = (bp: number) => rationalDecimal(BigInt(bp));
const rationalDecimal = (bp: bigint) => `${bp / 100n}.${String(bp % 100n).padStart(2, '0')}`;

function recurring(one: Case): void {
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
    const onNote = policy.creditDelivery === 'creditNote';
    const sameDocument = result.lines.filter((line) => !onNote || line.kind !== 'credit');
    const note = result.lines.filter((line) => onNote && line.kind === 'credit');
    expect(sameDocument.map(found).sort()).toEqual(expectedLines.map(simple).sort());
    expect(note.map(found).sort()).toEqual((run.credit_lines ?? []).map(simple).sort());
    const net = total(sameDocument) + total(due);
    expect(net).toBe(BigInt(run.total_minor));
    if (run.tax_minor !== undefined) {
      const tax = vat(net, basisPoints(input.tax_bp));
      expect([tax, net + tax]).toEqual([BigInt(run.tax_minor), BigInt(run.gross_minor ?? 0)]);
    }
    if (run.credit_note_gross_minor !== undefined) {
      const credit = -total(note);
      expect(credit + vat(credit, basisPoints(input.tax_bp))).toBe(BigInt(run.credit_note_gross_minor));
    }
    billed.push(...result.lines);
    for (const fee of due) billedFees.add(fee.id);
  }
}

function repair(one: Case): void {
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
    const result = charge({ id: name, events }, billed, DEFAULT_POLICY, day(one.input.billing_runs[0]));
    if (!result.ok) throw new Error(result.error.message);
    lines.push(...result.lines);
  }
  const [run] = one.expected.runs;
  expect(lines.map(found).sort()).toEqual(run.lines.map(simple).sort());
  expect(total(lines)).toBe(BigInt(run.total_minor));
}

const groupOf = (net: number, bp: number): CreditableGroup => {
  const percent = basisPoints(bp);
  return {
    id: 'S',
    percent,
    net: BigInt(net),
    tax: vat(BigInt(net), percent),
    creditedNet: 0n,
    creditedTax: 0n,
  };
};
const creditOnce = (group: CreditableGroup, net: bigint) => {
  const note = creditNote([group], [{ id: 'S', net }]);
  if (!note.ok) throw new Error(note.error.message);
  return note;
};
const invoiceOf = (group: CreditableGroup) => [group.net, group.tax, group.net + group.tax].map(Number);

const KINDS: Record<string, (one: Case) => void> = {
  recurring,
  repair,
  schedule: ({ input, expected }) => {
    if (expected.dates) {
      const anchor = anchorOf(input.anchor);
      const grid = periodGrid(anchor, input.interval, day(input.anchor.date));
      const dates = expected.dates.map((_: string, index: number) =>
        formatDay(boundary(grid, (input.from_n ?? 1) + index)),
      );
      expect(dates).toEqual(expected.dates);
    } else {
      const due = input.checks.map(
        (check: Shape) => localDay(Date.parse(check.at), check.tz) >= day(input.billing_date),
      );
      expect(due).toEqual(expected.due);
    }
  },
  fraction: ({ input, expected }) => {
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
  },
  fraction_money: ({ input, expected }) => {
    const [num, den] = input.num_den.map(BigInt);
    expect(
      input.price.map(([, price]: [string, number]) => Number(mulDivRound(BigInt(price), num, den))),
    ).toEqual(expected.amount_minor);
    expect(input.price.map(([currency]: [string]) => minorDigits(currency))).toEqual(
      input.price.map((each: Shape) => each[2]),
    );
  },
  commitment: ({ input, expected }) => {
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
  },
  composite: ({ input, expected, options }) => {
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
  },
  credit_note: ({ input, expected }) => {
    const group = groupOf(input.net_minor, input.tax_bp);
    expect(invoiceOf(group)).toEqual(expected.invoice);
    const num = BigInt(day(input.unused[1]) - day(input.unused[0]));
    const note = creditOnce(
      group,
      mulDivRound(group.net, num, BigInt(day(input.period[1]) - day(input.period[0]))),
    );
    expect([note.net, note.tax, note.gross].map(Number)).toEqual(expected.credit);
  },
  credit_sequence: ({ input, expected, recommended_convention: ours }) => {
    let group = groupOf(
      input.lines_minor.reduce((a: number, b: number) => a + b, 0),
      input.tax_bp,
    );
    expect(invoiceOf(group)).toEqual(expected.invoice);
    const notes = input.credit_nets_minor.map((net: number) => {
      const note = creditOnce(group, BigInt(net));
      group = {
        ...group,
        creditedNet: group.creditedNet + note.net,
        creditedTax: group.creditedTax + note.tax,
      };
      return [note.net, note.tax, note.gross].map(Number);
    });
    expect(notes).toEqual(ours.differs ? ours.credits : expected.credits);
    const remaining = ours.differs ? ours.remaining_creditable_minor : expected.remaining_creditable_minor;
    if (remaining !== undefined) expect(creditableGross([group])).toBe(BigInt(remaining));
  },
  discount_tax: ({ input, expected, recommended_convention: ours }) => {
    const discounts = input.coupons.map((coupon: Shape, index: number) => ({
      id: `${index}`,
      value: { type: 'fixed', amount: BigInt(coupon.fixed_minor) },
      appliesTo: coupon.applies_to,
    }));
    const lines = applyDiscounts(
      input.lines.map(([net]: [number]) => BigInt(net)),
      discounts,
    );
    for (const [index, line] of lines.entries()) {
      const stated = parseDecimal(expected.discounts_minor[index]);
      const gap = minus(line.exact, stated);
      expect(divRound(gap.num * 100n, gap.den), rationalText(line.exact)).toBe(0n);
    }
    expect(lines.reduce((sum, line) => sum + line.net, 0n)).toBe(BigInt(expected.net_minor));
    const taxable = lines.map((line, index) => [line.net, basisPoints(input.lines[index][1])] as const);
    const tax = vatOf(taxable, 'perRate');
    expect([tax, BigInt(expected.net_minor) + tax]).toEqual([
      BigInt(ours.tax_minor),
      BigInt(ours.gross_minor),
    ]);
    expect(vatOf(taxable, 'documentOnce')).toBe(BigInt(expected.tax_minor));
  },
  tax: ({ input, expected }) => {
    const net = parseDecimal(input.taxable);
    const cents = divRound(net.num * 100n, net.den);
    const stated = parseDecimal(expected.tax);
    expect(vat(cents, input.rate)).toBe(divRound(stated.num * 100n, stated.den));
  },
  document_totals: ({ input, expected }) => {
    const cents = (text: string) => divRound(parseDecimal(text).num * 100n, parseDecimal(text).den);
    const amounts = (list: Array<[string, string]>) =>
      list.map(([amount, percent]) => ({ amount: cents(amount), category: 'S', percent }));
    const totals = documentTotals({
      lines: amounts(input.lines),
      allowances: amounts(input.allowances),
      charges: amounts(input.charges),
      prepaid: cents(input.prepaid),
      payableRounding: cents(input.payable_rounding),
    });
    expect(totals.subtotals.map((one) => [one.taxable, one.percent, one.tax])).toEqual(
      expected.tax_subtotals.map(([base, percent, tax]: [string, string, string]) => [
        cents(base),
        percent,
        cents(tax),
      ]),
    );
    expect([totals.lineTotal, totals.taxExclusive, totals.taxInclusive, totals.payable]).toEqual(
      [expected.line_total, expected.tax_exclusive, expected.tax_inclusive, expected.payable].map(cents),
    );
  },
  dunning: ({ input, expected }) => {
    const thresholds = Object.fromEntries(
      Object.entries<number>(input.thresholds).map(([currency, minor]) => [currency, BigInt(minor)]),
    );
    const policy = { maxAttempts: input.max_attempts, daysBetween: input.days_between, thresholds };
    const at = (date: string, hour: number) => Date.parse(`${date}T${String(hour).padStart(2, '0')}:00:00Z`);
    const firstDay = input.overdue[0].on;
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
  },
  seconds: ({ input, recommended_convention: ours }) => {
    // The engine bills days. Ours: the change day is the new plan's, so the credit covers whole days from it on.
    expect(ours.differs).toBe(true);
    const [from, to] = input.period.map((second: number) => localDay(second * 1000, 'UTC'));
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
    const [, days, amount] = /= (\d+)\/\d+ -> ([\d.]+)/.exec(ours.why) ?? [];
    expect(credit && [credit.days, credit.amount]).toEqual([
      Number(days),
      -BigInt((amount ?? '').replace('.', '')),
    ]);
  },
  commission: ({ input, expected }) => {
    expect(
      input.sales.map(([amount, percent]: [number, string]) => Number(percentOf(BigInt(amount), percent))),
    ).toEqual(expected.earnings_minor);
  },
  minor_units: ({ input, expected }) => {
    expect(input.currencies.map(minorDigits)).toEqual(expected.digits);
    const traps = Object.entries<[number, number]>(expected.trap_iso_vs_cldr);
    expect(traps.map(([currency]) => minorDigits(currency))).toEqual(traps.map(([, [iso]]) => iso));
  },
  invalid: ({ input, expected, recommended_convention: ours }) => {
    // Ours: an end before the start is an error; a run before the start finds nothing due.
    expect(ours.differs).toBe(true);
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
};

describe.skipIf(!present)('billing cases beside the repository', () => {
  it.each(cases.map((one) => [one.id, one.title, one] as const))('%s %s', (_id, _title, one) => {
    const run = KINDS[one.kind];
    if (!run) throw new Error(`no runner for kind "${one.kind}"`);
    expect.hasAssertions();
    run(one);
  });
});
