import { lessThan, over, type Rational, rational } from '@dotmac/platform/money/rational';
import type { Day } from '../calendar/rules.ts';
import { type Period, type PeriodGrid, periodContaining } from '../period/rules.ts';
import type { ChargeLine } from './rules.ts';
import type { ChargePolicy } from './rules-policy.ts';

/**
 * The day on which a change of plan that is requested today takes effect: an upgrade at once, a downgrade at the
 * end of the period (a scheduled change, cancellable, without credit) unless the tenant makes it immediate. Prices
 * are compared per day of their own current period.
 */
export function changeEffectiveOn(
  current: { readonly price: Rational; readonly grid: PeriodGrid },
  next: { readonly price: Rational; readonly grid: PeriodGrid },
  today: Day,
  downgrade: 'atPeriodEnd' | 'immediate' = 'atPeriodEnd',
): Day {
  const period = periodContaining(current.grid, today);
  const isDowngrade = lessThan(
    perDay(next.price, periodContaining(next.grid, today)),
    perDay(current.price, period),
  );
  if (!isDowngrade || downgrade === 'immediate' || today === period.from) return today;
  return period.to;
}

const perDay = (price: Rational, period: Period): Rational =>
  over(price, rational(BigInt(period.to - period.from)));

/** Lines by the document they stand on: credits move to a credit note when the policy says so. */
export function byDocument(
  lines: readonly ChargeLine[],
  policy: ChargePolicy,
): { readonly invoice: ChargeLine[]; readonly creditNote: ChargeLine[] } {
  const isNoted = (line: ChargeLine) => policy.creditDelivery === 'creditNote' && line.kind === 'credit';
  return { invoice: lines.filter((line) => !isNoted(line)), creditNote: lines.filter(isNoted) };
}
