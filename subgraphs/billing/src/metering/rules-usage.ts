import { rational } from '@dotmac/platform/money/rational';
import { mulDivRound } from '@dotmac/platform/money/rounding';
import { type Day, formatDay } from '../calendar/rules.ts';
import type { BilledLine } from '../charge/rules.ts';
import type { DraftLine } from '../document/rules-draft.ts';
import { type Period, periodContaining, periodGrid, periodsBetween } from '../period/rules.ts';
import { averageActive, type DailyCount, graduatedPrice, type RateCard } from './rules.ts';

/** A day whose count was corrected. */
export interface RestatedDay {
  readonly day: Day;
  readonly because: string;
}

/** Subscribers of an ISP that are counted by the day (tenant zero only). */
export interface UsageSnapshot {
  readonly serviceLineId: string;
  /** The first day that is paid for: that on which the ISP began, or its trial ended. */
  readonly liveFrom: Day;
  readonly settledBefore: Day | null;
  /** Versions of the card, oldest first. */
  readonly cards: readonly (RateCard & { readonly effectiveFrom: Day })[];
  readonly planName: string;
  readonly productClass: string;
  /** As they stand, of the months that are not settled and of those with a restated day. */
  readonly counts: readonly DailyCount[];
  readonly restated: readonly RestatedDay[];
  /** Of the same months. */
  readonly billed: readonly BilledLine[];
}

type UsageLine = Omit<DraftLine, 'tax' | 'taxParts'>;
type UsageResult =
  | { readonly ok: true; readonly lines: UsageLine[]; readonly next: Day }
  | { readonly ok: false; readonly message: string };

/**
 * Every ended month that is not billed yet, by the average of its daily counts, and the difference of every billed one
 * that was restated. A missing day blocks.
 */
export function usageLines(usage: UsageSnapshot, anchorDay: number, runDate: Day): UsageResult {
  const grid = periodGrid(
    { type: 'dayOfMonth', day: anchorDay },
    { unit: 'month', count: 1 },
    usage.liveFrom,
  );
  const lines: UsageLine[] = [];
  const settled = usage.settledBefore ?? usage.liveFrom;
  const first = Math.max(usage.liveFrom, Math.min(settled, ...usage.restated.map(({ day }) => day)));
  for (const period of periodsBetween(grid, first, runDate + 1)) {
    if (period.to > runDate) return { ok: true, lines, next: period.to };
    const billed = usage.billed.filter((line) => line.periodFrom === period.from);
    const restated = usage.restated.filter(({ day }) => period.from <= day && day < period.to);
    if ((billed.length > 0 || period.to <= settled) && restated.length === 0) continue;
    const found = usageLine(usage, period, billed[0]?.priceKey);
    if (!found.ok) return found;
    if (billed.length === 0) lines.push(found.line);
    else lines.push(...difference(found.line, billed, restated));
  }
  // Not live yet.
  return { ok: true, lines, next: periodContaining(grid, usage.liveFrom).to };
}

/** What a month costs, by the card that it was billed by, or that held on its first day. */
function usageLine(
  usage: UsageSnapshot,
  period: Period,
  billedBy: string | undefined,
): { readonly ok: true; readonly line: UsageLine } | { readonly ok: false; readonly message: string } {
  const { from: periodFrom, to: periodTo } = period;
  const from = Math.max(periodFrom, usage.liveFrom);
  const quantity = averageActive(usage.counts, { ...period, liveFrom: usage.liveFrom });
  if (!quantity.ok) return { ok: false, message: quantity.error.message };
  const [days, ofDays] = [periodTo - from, periodTo - periodFrom];
  const version =
    usage.cards.find((one) => one.version === billedBy) ??
    usage.cards.findLast((one) => one.effectiveFrom <= period.from) ??
    usage.cards[0];
  if (version === undefined) return { ok: false, message: 'the rate card has no published version' };
  const { minimum } = version;
  const card =
    minimum === undefined
      ? version
      : { ...version, minimum: mulDivRound(minimum, BigInt(days), BigInt(ofDays)) };
  const price = graduatedPrice(card, quantity.quantity);
  return {
    ok: true,
    line: {
      kind: 'usage',
      description: usage.planName,
      productClass: usage.productClass,
      serviceLineId: usage.serviceLineId,
      priceKey: card.version,
      price: rational(price.amount),
      dayCount: 'actual',
      periodFrom,
      periodTo,
      from,
      to: periodTo,
      days,
      ofDays,
      correction: 0,
      net: price.amount,
      explanation: { ...price.explanation, parts: { quantity: quantity.explanation } },
    },
  };
}

/** What a billed month costs more or less than it was billed for; nothing when that is even. */
function difference(
  line: UsageLine,
  billed: readonly BilledLine[],
  restated: readonly RestatedDay[],
): UsageLine[] {
  const before = billed.reduce((sum, { amount }) => sum + amount, 0n);
  const net = line.net - before;
  if (net === 0n) return [];
  return [
    {
      ...line,
      description: `${line.description}, restated`,
      price: rational(net),
      correction: billed.length,
      net,
      explanation: {
        rule: 'metering.restated',
        version: 1,
        inputs: { restated: `${line.net}`, billed: `${before}` },
        formula: 'restated - billed',
        facts: Object.fromEntries(restated.map(({ day, because }) => [formatDay(day), because])),
        parts: { restated: line.explanation },
      },
    },
  ];
}
