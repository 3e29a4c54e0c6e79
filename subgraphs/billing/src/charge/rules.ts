import { type Rational, rationalText } from '@dotmac/platform/money/rational';
import { divRound } from '@dotmac/platform/money/rounding';
import { countDays, type Day, type DayCount, formatDay } from '../calendar/rules.ts';
import type { Explanation } from '../explanation/rules.ts';
import { periodsBetween } from '../period/rules.ts';
import { type Accrual, accruals, type HistoryError, type ServiceEvent } from './rules-accrual.ts';
import type { ChargePolicy } from './rules-policy.ts';

/** One recurring charge of a service: its plan, an add-on, a rental, or a discount (a negative price). */
export interface ServiceLine {
  readonly id: string;
  readonly events: readonly ServiceEvent[];
  /** Only days in [from, to) are charged: what was billed elsewhere before, the life of a discount. */
  readonly window?: { readonly from?: Day; readonly to?: Day };
  /** Periods that ended by this day are settled and not looked at: keeps the cost of a run off the line's age. */
  readonly settledBefore?: Day;
}

/** What is charged together: one price of one line in one full period. Pieces of a key sum to its full price. */
interface ChargeKey {
  readonly serviceLineId: string;
  readonly priceKey: string;
  readonly price: Rational;
  readonly periodFrom: Day;
  readonly periodTo: Day;
  /** How the days of this key are counted: settled by its first line, whatever the policy says later. */
  readonly dayCount: DayCount;
  /** Price and amounts include their tax; settled by the first line too. */
  readonly taxInclusive?: boolean | undefined;
}

/** A line as it stands, or will stand, on a document. `to` is exclusive; `amount` in minor units, signed. */
export interface ChargeLine extends ChargeKey {
  readonly kind: 'recurring' | 'credit';
  readonly from: Day;
  readonly to: Day;
  readonly days: number;
  readonly ofDays: number;
  readonly amount: bigint;
  readonly explanation: Explanation;
}

/** What earlier documents say about a key. `adjustment` is a manual credit (amount below 0, covers no days). */
export interface BilledLine extends ChargeKey {
  readonly kind: 'recurring' | 'credit' | 'adjustment';
  readonly from: Day;
  readonly to: Day;
  readonly amount: bigint;
}

export type ChargeResult =
  | { readonly ok: true; readonly lines: ChargeLine[] }
  | { readonly ok: false; readonly error: HistoryError };

/** A stretch of a key that should be billed once `dueOn` has come. */
interface Piece extends ChargeKey {
  readonly from: Day;
  readonly to: Day;
  readonly dueOn: Day;
}

/**
 * Should-be minus billed: the lines that are still missing on `runDate` (a local day of the tenant), from the
 * history and what is billed already. Pure, so a re-run finds nothing, a back-dated event repairs, and a preview
 * is the run. Line amount = round(price × covered days / period days) − already billed for the key.
 */
export function charge(
  line: ServiceLine,
  billed: readonly BilledLine[],
  policy: ChargePolicy,
  runDate: Day,
): ChargeResult {
  const history = accruals(line.events, policy);
  if (!history.ok) return history;
  const until = billed.reduce((latest, one) => Math.max(latest, one.to), runDate + 1);
  const groups = new Groups();
  for (const one of billed) {
    if (one.periodTo > (line.settledBefore ?? Number.NEGATIVE_INFINITY)) groups.of(one).billed.push(one);
  }
  for (const piece of pieces(line, history.accruals, policy, until)) groups.of(piece).pieces.push(piece);
  const lines = groups.all.flatMap((each) => difference(each, runDate));
  return { ok: true, lines: lines.sort((a, b) => a.from - b.from || (a.kind < b.kind ? -1 : 1)) };
}

/** The next local day after `runDate` on which `charge` may find something due, or undefined when never. */
export function nextDueOn(line: ServiceLine, policy: ChargePolicy, runDate: Day): Day | undefined {
  const history = accruals(line.events, policy);
  if (!history.ok) return undefined;
  let next: Day | undefined;
  // What is due after the run lies in a period that ends after it.
  const settled = { ...line, settledBefore: runDate };
  for (const accrual of history.accruals) {
    const looking = Math.max(accrual.from, runDate);
    let beyond = 0;
    for (const piece of pieces(settled, [accrual], policy, Number.POSITIVE_INFINITY)) {
      if (piece.dueOn > runDate && (next === undefined || piece.dueOn < next)) next = piece.dueOn;
      if (piece.from > looking) beyond += 1;
      if (beyond >= 2) break;
    }
  }
  return next;
}

/** Cuts the accruals at period boundaries, up to (not including) periods that begin on `until`. */
function* pieces(
  line: ServiceLine,
  accrued: readonly Accrual[],
  policy: ChargePolicy,
  until: Day,
): Generator<Piece> {
  for (const accrual of accrued) {
    const begin = Math.max(accrual.from, line.window?.from ?? accrual.from);
    const end = Math.min(accrual.to, line.window?.to ?? accrual.to);
    // An accrual that ended may still share its last period with what follows.
    const looking = Math.max(begin, Math.min(line.settledBefore ?? begin, end - 1));
    for (const period of periodsBetween(accrual.grid, looking, Math.min(end, until))) {
      if (period.to <= (line.settledBefore ?? Number.NEGATIVE_INFINITY)) continue;
      const from = Math.max(begin, period.from);
      const to = Math.min(end, period.to);
      yield {
        serviceLineId: line.id,
        priceKey: accrual.terms.priceKey,
        price: accrual.terms.price,
        taxInclusive: accrual.terms.taxInclusive,
        periodFrom: period.from,
        periodTo: period.to,
        // A period of days has no month to be 30 days of.
        dayCount: accrual.grid.kind === 'days' ? 'actual' : policy.dayCount,
        from,
        to,
        dueOn: dueOn(accrual, from, to, period, policy),
      };
    }
  }
}

function dueOn(
  accrual: Accrual,
  from: Day,
  to: Day,
  period: { from: Day; to: Day },
  policy: ChargePolicy,
): Day {
  if (accrual.terms.timing === 'inArrears') return Math.min(period.to, accrual.endedOn ?? period.to);
  const isLeadIn = from === accrual.firstDay && from > period.from && to === period.to;
  return isLeadIn && to - from < policy.joinLeadInBelowDays ? period.to : from;
}

interface Group {
  readonly key: ChargeKey;
  readonly pieces: Piece[];
  readonly billed: BilledLine[];
}

/** What is charged together, in the order of its first appearance. */
class Groups {
  readonly all: Group[] = [];
  readonly #byPeriod = new Map<Day, Group[]>();

  of(key: ChargeKey): Group {
    let near = this.#byPeriod.get(key.periodFrom);
    if (near === undefined) {
      near = [];
      this.#byPeriod.set(key.periodFrom, near);
    }
    let found = near.find(
      (one) =>
        one.key.periodTo === key.periodTo &&
        one.key.priceKey === key.priceKey &&
        one.key.serviceLineId === key.serviceLineId,
    );
    if (found === undefined) {
      found = { key, pieces: [], billed: [] };
      near.push(found);
      this.all.push(found);
    }
    return found;
  }
}

interface Stretch {
  readonly sign: 1 | -1;
  readonly from: Day;
  readonly to: Day;
}

function difference(each: Group, runDate: Day): ChargeLine[] {
  const stretches = missing(each, runDate);
  if (stretches.length === 0) return [];
  const { key, billed } = each;
  const days = (from: Day, to: Day) => countDays(from, to, key.dayCount);
  const ofDays = days(key.periodFrom, key.periodTo);
  let covered = 0;
  let amountSoFar = 0n;
  let adjusted = 0n;
  for (const one of billed) {
    if (one.kind === 'adjustment') adjusted += one.amount;
    else {
      covered += (one.kind === 'credit' ? -1 : 1) * days(one.from, one.to);
      amountSoFar += one.amount;
    }
  }
  return stretches.map((stretch) => {
    const stretchDays = days(stretch.from, stretch.to);
    covered += stretch.sign * stretchDays;
    const due = divRound(key.price.num * BigInt(covered), key.price.den * BigInt(ofDays));
    const floor = -(amountSoFar + adjusted);
    const capped = stretch.sign < 0 && key.price.num > 0n && due - amountSoFar < floor;
    const amount = capped ? floor : due - amountSoFar;
    const explanation = explain(key, stretch, {
      covered,
      ofDays,
      billed: amountSoFar,
      adjusted,
      runDate,
    });
    amountSoFar += amount;
    return {
      ...key,
      kind: stretch.sign > 0 ? 'recurring' : 'credit',
      from: stretch.from,
      to: stretch.to,
      days: stretchDays,
      ofDays,
      amount,
      explanation,
    };
  });
}

/** Stretches that are billed and should not be (-1, first), and those that are due and not billed (+1). */
function missing({ pieces: should, billed }: Group, runDate: Day): Stretch[] {
  const steps = new Map<Day, { should: number; due: number; billed: number }>();
  const step = (day: Day) => {
    let found = steps.get(day);
    if (found === undefined) {
      found = { should: 0, due: 0, billed: 0 };
      steps.set(day, found);
    }
    return found;
  };
  for (const piece of should) {
    const isDue = piece.dueOn <= runDate ? 1 : 0;
    const [first, last] = [step(piece.from), step(piece.to)];
    first.should += 1;
    first.due += isDue;
    last.should -= 1;
    last.due -= isDue;
  }
  for (const one of billed) {
    if (one.kind === 'adjustment') continue;
    const sign = one.kind === 'credit' ? -1 : 1;
    step(one.from).billed += sign;
    step(one.to).billed -= sign;
  }
  const removed: Stretch[] = [];
  const added: Stretch[] = [];
  const days = [...steps.keys()].sort((a, b) => a - b);
  const now = { should: 0, due: 0, billed: 0 };
  for (const [index, from] of days.entries()) {
    const change = step(from);
    now.should += change.should;
    now.due += change.due;
    now.billed += change.billed;
    const to = days[index + 1];
    if (to === undefined) break;
    if (now.billed > now.should) extend(removed, { sign: -1, from, to });
    else if (now.due > now.billed) extend(added, { sign: 1, from, to });
  }
  return [...removed, ...added];
}

function extend(stretches: Stretch[], next: Stretch): void {
  const last = stretches.at(-1);
  if (last !== undefined && last.to === next.from) stretches[stretches.length - 1] = { ...last, to: next.to };
  else stretches.push(next);
}

function explain(
  key: ChargeKey,
  stretch: Stretch,
  at: {
    covered: number;
    ofDays: number;
    billed: bigint;
    adjusted: bigint;
    runDate: Day;
  },
): Explanation {
  const limited = stretch.sign < 0 && key.price.num > 0n;
  const formula = 'round(price * coveredDays / periodDays) - billed';
  return {
    rule: 'charge.covered-days',
    version: 1,
    inputs: {
      price: rationalText(key.price),
      coveredDays: `${at.covered}`,
      periodDays: `${at.ofDays}`,
      billed: `${at.billed}`,
      ...(limited ? { adjusted: `${at.adjusted}` } : {}),
    },
    formula: limited ? `max(${formula}, -(billed + adjusted))` : formula,
    facts: {
      serviceLine: key.serviceLineId,
      priceVersion: key.priceKey,
      from: formatDay(stretch.from),
      to: formatDay(stretch.to),
      periodFrom: formatDay(key.periodFrom),
      periodTo: formatDay(key.periodTo),
      dayCount: key.dayCount,
      runDate: formatDay(at.runDate),
    },
  };
}
