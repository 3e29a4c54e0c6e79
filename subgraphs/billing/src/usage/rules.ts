import { rational } from '@dotmac/platform/money/rational';
import type { Day } from '../calendar/rules.ts';
import { formatDay } from '../calendar/rules.ts';
import type { BilledLine } from '../charge/rules.ts';
import type { Accrual } from '../charge/rules-accrual.ts';
import type { DraftLine } from '../document/rules-draft.ts';
import type { Explanation } from '../explanation/rules.ts';
import { periodsBetween } from '../period/rules.ts';
import { versionOfKey } from '../service-line/rules.ts';
import type { VolumeBound } from './rules-bound.ts';

/** What a service used on a local day; octets in the subscriber's direction. */
export interface UsageDay {
  readonly day: Day;
  readonly downstream: bigint;
  readonly upstream: bigint;
  readonly complete: boolean;
  /** By local hour, where it is known. */
  readonly hours: readonly (readonly [hour: number, downstream: bigint, upstream: bigint])[] | null;
}

export interface TopUp {
  readonly day: Day;
  readonly octets: bigint;
}

/** The days of one period on which one version of a plan held: what is counted together. */
export interface UsageWindow {
  readonly versionId: string;
  readonly periodFrom: Day;
  readonly periodTo: Day;
  readonly stretches: readonly { readonly from: Day; readonly to: Day }[];
  /** The first day on which no more can be counted in. */
  readonly endsOn: Day;
}

/** The windows of a service that begin before `until`, oldest first. */
export function usageWindows(accrued: readonly Accrual[], until: Day): UsageWindow[] {
  const windows = new Map<string, UsageWindow>();
  for (const { from: begin, to: end, terms, grid } of accrued) {
    for (const period of periodsBetween(grid, begin, Math.min(end, until))) {
      const stretch = { from: Math.max(begin, period.from), to: Math.min(end, period.to) };
      // A hold changes the price, not the cap.
      const versionId = versionOfKey(terms.priceKey).id;
      const key = `${versionId}|${period.from}|${period.to}`;
      const stretches = [...(windows.get(key)?.stretches ?? []), stretch];
      windows.set(key, {
        versionId,
        periodFrom: period.from,
        periodTo: period.to,
        stretches,
        endsOn: Math.max(...stretches.map((one) => one.to)),
      });
    }
  }
  return [...windows.values()].sort((a, b) => a.periodFrom - b.periodFrom || a.endsOn - b.endsOn);
}

/** Octets of a day that count. Without hours, free windows cannot be told apart and all of it counts. */
export function countedOctets(day: UsageDay, bound: VolumeBound): bigint {
  const pick = (downstream: bigint, upstream: bigint) =>
    (bound.counted === 'UPSTREAM' ? 0n : downstream) + (bound.counted === 'DOWNSTREAM' ? 0n : upstream);
  const all = pick(day.downstream, day.upstream);
  if (day.hours === null || bound.freeWindows.length === 0) return all;
  const isFree = (hour: number) =>
    bound.freeWindows.some(({ fromHour, toHour }) =>
      fromHour < toHour ? hour >= fromHour && hour < toHour : hour >= fromHour || hour < toHour,
    );
  return day.hours.reduce((left, [hour, down, up]) => (isFree(hour) ? left - pick(down, up) : left), all);
}

/** How a window stands, in octets. */
export interface UsageStanding {
  readonly window: UsageWindow;
  /** The plan's volume for the days of the window, rounded down to an octet. */
  readonly own: bigint;
  readonly carried: bigint;
  readonly toppedUp: bigint;
  /** Of complete days: nobody is throttled or charged for less than that. */
  readonly used: bigint;
  /** With the days that are not told to their end. */
  readonly usedSoFar: bigint;
  /** Never below zero. */
  readonly left: bigint;
  readonly reached: boolean;
}

/** Sums up a window; `before` is the window ahead of it, which what is left may come over from. */
export function standingOf(
  window: UsageWindow,
  before: UsageWindow | undefined,
  bound: VolumeBound,
  days: readonly UsageDay[],
  topUps: readonly TopUp[],
): UsageStanding {
  const own = ownVolume(window, bound);
  const carried =
    bound.rollover && before?.versionId === window.versionId && before.periodTo === window.periodFrom
      ? atLeastZero(ownVolume(before, bound) - usedIn(before, bound, days, false))
      : 0n;
  const toppedUp = topUps.reduce((sum, one) => (holds(window, one.day) ? sum + one.octets : sum), 0n);
  const used = usedIn(window, bound, days, true);
  const left = atLeastZero(own + carried + toppedUp - used);
  return {
    window,
    own,
    carried,
    toppedUp,
    used,
    usedSoFar: usedIn(window, bound, days, false),
    left,
    reached: left === 0n,
  };
}

function ownVolume({ stretches, periodFrom, periodTo }: UsageWindow, { octets }: VolumeBound): bigint {
  const days = stretches.reduce((sum, { from, to }) => sum + to - from, 0);
  return (octets * BigInt(days)) / BigInt(periodTo - periodFrom);
}

const holds = ({ stretches }: UsageWindow, day: Day) =>
  stretches.some(({ from, to }) => from <= day && day < to);

function usedIn(
  window: UsageWindow,
  bound: VolumeBound,
  days: readonly UsageDay[],
  completeOnly: boolean,
): bigint {
  let sum = 0n;
  for (const day of days)
    if (holds(window, day.day) && (day.complete || !completeOnly)) sum += countedOctets(day, bound);
  return sum;
}

const atLeastZero = (octets: bigint) => (octets < 0n ? 0n : octets);

/**
 * What is missing on documents of the overage of a window that has ended: should-be minus billed, so that usage that
 * is told late is charged, or given back, with the next invoice and its true period.
 */
export function overageLine(
  standing: UsageStanding,
  bound: VolumeBound,
  billed: readonly BilledLine[],
  service: {
    readonly lineId: string;
    readonly planName: string;
    readonly productClass: string;
    readonly taxInclusive?: boolean;
  },
  runDate: Day,
): Omit<DraftLine, 'tax' | 'taxParts'> | null {
  const { window, own, carried, toppedUp, used } = standing;
  if (bound.overage === undefined || window.endsOn > runDate) return null;
  const allowance = own + carried + toppedUp;
  const { octets: unit, priceMinor } = bound.overage;
  const units = atLeastZero((used - allowance + unit - 1n) / unit);
  const earlier = billed.filter(
    (one) => one.priceKey === window.versionId && one.periodFrom === window.periodFrom,
  );
  const before = earlier.reduce((sum, one) => sum + one.amount, 0n);
  const net = units * priceMinor - before;
  if (net === 0n) return null;
  const late = earlier.length > 0 || window.endsOn < runDate;
  const from = Math.min(...window.stretches.map((one) => one.from));
  const to = window.endsOn;
  return {
    kind: 'usage',
    description: `${service.planName}: usage over the cap${late ? ' (told late)' : ''}`,
    productClass: service.productClass,
    serviceLineId: service.lineId,
    priceKey: window.versionId,
    price: rational(priceMinor),
    dayCount: 'actual',
    periodFrom: window.periodFrom,
    periodTo: window.periodTo,
    from,
    to,
    days: to - from,
    ofDays: window.periodTo - window.periodFrom,
    correction: earlier.length,
    taxInclusive: earlier[0]?.taxInclusive ?? service.taxInclusive,
    net,
    explanation: explain(standing, { unit, priceMinor, before }, late, runDate),
  };
}

function explain(
  { window, own, carried, toppedUp, used }: UsageStanding,
  at: { readonly unit: bigint; readonly priceMinor: bigint; readonly before: bigint },
  late: boolean,
  runDate: Day,
): Explanation {
  return {
    rule: 'usage.overage',
    version: 1,
    inputs: {
      used: `${used}`,
      own: `${own}`,
      carried: `${carried}`,
      toppedUp: `${toppedUp}`,
      unit: `${at.unit}`,
      price: `${at.priceMinor}`,
      billed: `${at.before}`,
    },
    formula: 'ceil(max(0, used - own - carried - toppedUp) / unit) * price - billed',
    facts: {
      planVersion: window.versionId,
      periodFrom: formatDay(window.periodFrom),
      periodTo: formatDay(window.periodTo),
      stretches: window.stretches.map(({ from, to }) => `${formatDay(from)}/${formatDay(to)}`).join(', '),
      runDate: formatDay(runDate),
      ...(late ? { late: 'yes' } : {}),
    },
  };
}
