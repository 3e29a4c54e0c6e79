import { allocate } from '@dotmac/platform/money/allocate';
import { parseDecimal } from '@dotmac/platform/money/decimal';
import {
  lessThan,
  minus,
  over,
  plus,
  type Rational,
  rational,
  rationalText,
  round,
  times,
  ZERO,
} from '@dotmac/platform/money/rational';
import type { Day } from '../calendar/rules.ts';
import type { ServiceLine } from '../charge/rules.ts';
import type { ServiceEvent, Terms } from '../charge/rules-accrual.ts';
import type { Explanation } from '../explanation/rules.ts';

/** How much a discount takes: a percent as decimal text, or a fixed amount in minor units. */
export type DiscountValue =
  | { readonly type: 'percent'; readonly percent: string }
  | { readonly type: 'fixed'; readonly amount: bigint };

/** A discount on lines of one document, by index; the order of the list is the order of application. */
export interface DocumentDiscount {
  readonly id: string;
  readonly value: DiscountValue;
  readonly appliesTo: 'all' | readonly number[];
}

export interface DiscountedLine {
  /** Exact discount of the line, minor units. */
  readonly exact: Rational;
  /** Whole minor units; over all lines they sum to the rounded total (largest remainder). */
  readonly discount: bigint;
  readonly net: bigint;
}

/** The share of `left` that a discount takes: never more than what is left, never of nothing or less. */
function taken(value: DiscountValue, left: Rational): Rational {
  if (!lessThan(ZERO, left)) return ZERO;
  const wanted =
    value.type === 'fixed'
      ? rational(value.amount)
      : times(left, over(parseDecimal(value.percent), rational(100n)));
  return lessThan(left, wanted) ? left : wanted;
}

/**
 * Applies discounts in order: each works on what the earlier ones left, is spread over its lines by what is left
 * of them, and never takes a line below zero. Lines are net amounts in minor units.
 */
export function applyDiscounts(
  nets: readonly bigint[],
  discounts: readonly DocumentDiscount[],
): DiscountedLine[] {
  const left = nets.map((net) => rational(net));
  for (const discount of discounts) {
    const scope = discount.appliesTo === 'all' ? left.map((_, index) => index) : discount.appliesTo;
    const positive = scope.filter((index) => lessThan(ZERO, left[index] ?? ZERO));
    const base = positive.reduce((sum, index) => plus(sum, left[index] ?? ZERO), ZERO);
    const total = taken(discount.value, base);
    for (const index of positive) {
      const line = left[index] ?? ZERO;
      left[index] = minus(line, over(times(line, total), base));
    }
  }
  const exact = left.map((rest, index) => minus(rational(nets[index] ?? 0n), rest));
  const whole = roundTogether(exact);
  return exact.map((part, index) => {
    const discount = whole[index] ?? 0n;
    return { exact: part, discount, net: (nets[index] ?? 0n) - discount };
  });
}

/** Rounds non-negative exact parts so that they sum to their rounded sum, each within one unit. */
function roundTogether(parts: readonly Rational[]): bigint[] {
  const common = parts.reduce((den, part) => over(rational(den), rational(part.den)).den * den, 1n);
  const weights = parts.map((part) => (part.num * common) / part.den);
  return allocate(
    round(parts.reduce(plus, ZERO)),
    weights.every((weight) => weight === 0n) ? weights.map(() => 0n) : weights,
  );
}

/** A discount on a recurring service line, valid on the days [from, to). */
export interface RecurringDiscount {
  readonly id: string;
  readonly value: DiscountValue;
  readonly from?: Day;
  readonly to?: Day;
}

/**
 * The discounts of a line as lines of their own with a negative price: they are prorated, repaired, credited and
 * explained by the charge engine exactly like the plan. In order, each on what the earlier ones leave. Discounts
 * whose validity differs still combine by order over the whole price: give them one window where they overlap.
 */
export function discountLines(line: ServiceLine, discounts: readonly RecurringDiscount[]): ServiceLine[] {
  return discounts.map((discount, index) => ({
    id: `${line.id}/${discount.id}`,
    events: line.events.map((event) => discounted(event, discounts.slice(0, index), discount)),
    window: window(line, discount),
  }));
}

function discounted(
  event: ServiceEvent,
  earlier: readonly RecurringDiscount[],
  discount: RecurringDiscount,
): ServiceEvent {
  if (event.type !== 'start' && event.type !== 'change') return event;
  const { price, priceKey } = event.terms;
  if (price === undefined) return event;
  const left = earlier.reduce((rest, one) => minus(rest, taken(one.value, rest)), price);
  const share = taken(discount.value, left);
  const terms = { priceKey: `${priceKey}/${discount.id}`, price: rational(-share.num, share.den) };
  if (event.type === 'start') return { ...event, terms: { ...event.terms, ...terms } satisfies Terms };
  return { ...event, terms: { ...event.terms, ...terms } };
}

function window(line: ServiceLine, discount: RecurringDiscount): { from?: Day; to?: Day } {
  const from = Math.max(
    line.window?.from ?? Number.NEGATIVE_INFINITY,
    discount.from ?? Number.NEGATIVE_INFINITY,
  );
  const to = Math.min(line.window?.to ?? Number.POSITIVE_INFINITY, discount.to ?? Number.POSITIVE_INFINITY);
  return { ...(Number.isFinite(from) ? { from } : {}), ...(Number.isFinite(to) ? { to } : {}) };
}

/** Why the price of a discount is what it is: the full price, less what the earlier discounts took, and its share. */
export function explainDiscount(
  price: Rational,
  earlier: readonly RecurringDiscount[],
  discount: RecurringDiscount,
): Explanation {
  const inputs: Record<string, string> = { price: rationalText(price) };
  let left = price;
  for (const [index, one] of earlier.entries()) {
    const share = taken(one.value, left);
    inputs[`earlier${index + 1}`] = rationalText(share);
    left = minus(left, share);
  }
  const rest = ['price', ...earlier.map((_, index) => `earlier${index + 1}`)].join(' - ');
  const { value } = discount;
  if (value.type === 'percent') inputs.percent = value.percent;
  else inputs.amount = `${value.amount}`;
  const share = value.type === 'percent' ? `(${rest}) * percent / 100` : 'amount';
  return {
    rule: `discount.${value.type}`,
    version: 1,
    inputs,
    formula: `-min(${share}, ${rest})`,
    facts: { discount: discount.id },
  };
}
