import { parseDecimal } from '@dotmac/platform/money/decimal';
import {
  plus,
  type Rational,
  rational,
  rationalText,
  round,
  times,
  ZERO,
} from '@dotmac/platform/money/rational';
import { divRound } from '@dotmac/platform/money/rounding';
import { type Day, formatDay } from '../calendar/rules.ts';
import type { Explanation } from '../explanation/rules.ts';

/** Subscribers with an active service at the close of one local day, as the tenant signed it. */
export interface DailyCount {
  readonly day: Day;
  readonly active: number;
}

export type QuantityResult =
  | { readonly ok: true; readonly quantity: bigint; readonly explanation: Explanation }
  | {
      readonly ok: false;
      readonly error: {
        readonly code: 'MISSING_DAYS' | 'DUPLICATE_DAY' | 'INVALID_COUNT';
        readonly days: readonly string[];
        readonly message: string;
      };
    };

/**
 * Billable quantity of the period [from, to): the average of the daily counts, rounded half up. Days before
 * `liveFrom` count 0, so a part month prorates itself. A missing day blocks the invoice.
 */
export function averageActive(
  counts: readonly DailyCount[],
  period: { readonly from: Day; readonly to: Day; readonly liveFrom?: Day; readonly liveTo?: Day },
): QuantityResult {
  const inside = counts.filter((one) => period.from <= one.day && one.day < period.to);
  const byDay = new Map(inside.map((one) => [one.day, one.active]));
  if (byDay.size !== inside.length) {
    const twice = inside.filter((one, index) => inside.findIndex((other) => other.day === one.day) !== index);
    return quantityError(
      'DUPLICATE_DAY',
      twice.map((one) => one.day),
      'is counted twice',
    );
  }
  const invalid = inside.filter((one) => !Number.isSafeInteger(one.active) || one.active < 0);
  if (invalid.length > 0)
    return quantityError(
      'INVALID_COUNT',
      invalid.map((one) => one.day),
      'has no whole count from 0',
    );
  const missing: Day[] = [];
  let sum = 0n;
  const first = Math.max(period.from, period.liveFrom ?? period.from);
  for (let day = first; day < Math.min(period.to, period.liveTo ?? period.to); day += 1) {
    const active = byDay.get(day);
    if (active === undefined) missing.push(day);
    else sum += BigInt(active);
  }
  if (missing.length > 0) return quantityError('MISSING_DAYS', missing, 'has no count');
  const days = period.to - period.from;
  return {
    ok: true,
    quantity: divRound(sum, BigInt(days)),
    explanation: {
      rule: 'metering.average-active',
      version: 1,
      inputs: { sumOfDailyCounts: `${sum}`, days: `${days}` },
      formula: 'round(sumOfDailyCounts / days)',
      facts: { from: formatDay(period.from), to: formatDay(period.to), countedFrom: formatDay(first) },
    },
  };
}

function quantityError(
  code: 'MISSING_DAYS' | 'DUPLICATE_DAY' | 'INVALID_COUNT',
  days: readonly Day[],
  what: string,
): QuantityResult {
  const named = days.map(formatDay);
  return { ok: false, error: { code, days: named, message: `${named.join(', ')} ${what}` } };
}

/** A graduated band: units above the band before and up to `upTo` cost `unitPrice` each. */
export interface Band {
  /** Undefined: no upper bound; only in the last band. */
  readonly upTo?: bigint;
  /** Minor units per unit and period, decimal text (may have fractions of a cent). */
  readonly unitPrice: string;
}

/** A version of a price list for usage. `minimum` in minor units. */
export interface RateCard {
  readonly version: string;
  readonly bands: readonly Band[];
  readonly minimum?: bigint;
}

export type RateCardError = {
  readonly code: 'INVALID_RATE_CARD';
  readonly field: string;
  readonly message: string;
};

/** What is wrong with a rate card, or undefined: bands rise, the last is open, prices are not negative. */
export function checkRateCard(card: RateCard): RateCardError | undefined {
  const fail = (field: string, message: string): RateCardError => ({
    code: 'INVALID_RATE_CARD',
    field,
    message: `${field}: ${message}`,
  });
  if (card.bands.length === 0) return fail('bands', 'at least one band is needed');
  let previous = 0n;
  for (const [index, band] of card.bands.entries()) {
    const isLast = index === card.bands.length - 1;
    if ((band.upTo === undefined) !== isLast)
      return fail(`bands[${index}].upTo`, 'the last band, and only it, is open');
    if (band.upTo !== undefined && band.upTo <= previous)
      return fail(`bands[${index}].upTo`, `must be more than ${previous}`);
    if (!/^\d{1,18}(\.\d{1,8})?$/.test(band.unitPrice))
      return fail(`bands[${index}].unitPrice`, 'must be a decimal from 0 with at most 8 places');
    previous = band.upTo ?? previous;
  }
  if (card.minimum !== undefined && card.minimum < 0n) return fail('minimum', 'must not be negative');
  return undefined;
}

/** Price of a quantity over graduated bands: every unit at the price of its own band, so there is no cliff. */
export function graduatedPrice(
  card: RateCard,
  quantity: bigint,
): { readonly amount: bigint; readonly explanation: Explanation } {
  const inputs: Record<string, string> = { quantity: `${quantity}` };
  const terms: string[] = [];
  let exact: Rational = ZERO;
  let below = 0n;
  for (const [index, band] of card.bands.entries()) {
    const top = band.upTo === undefined || quantity < band.upTo ? quantity : band.upTo;
    if (top <= below) break;
    const price = parseDecimal(band.unitPrice);
    exact = plus(exact, times(rational(top - below), price));
    inputs[`price${index}`] = rationalText(price);
    const upper = band.upTo === undefined ? 'quantity' : `min(quantity, ${band.upTo})`;
    terms.push(`(${upper} - ${below}) * price${index}`);
    below = top;
  }
  const usage = round(exact);
  const minimum = card.minimum ?? 0n;
  const formula = `round(${terms.join(' + ') || '0'})`;
  return {
    amount: usage < minimum ? minimum : usage,
    explanation: {
      rule: 'metering.graduated',
      version: 1,
      inputs: card.minimum === undefined ? inputs : { ...inputs, minimum: `${minimum}` },
      formula: card.minimum === undefined ? formula : `max(${formula}, minimum)`,
      facts: { rateCard: card.version },
    },
  };
}
