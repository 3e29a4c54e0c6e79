import { parseDecimal } from '@dotmac/platform/money/decimal';
import { over, type Rational, rational, times } from '@dotmac/platform/money/rational';
import type { Day } from '../calendar/rules.ts';
import { type Accrual, accruals, type ServiceEvent, type Terms } from '../charge/rules-accrual.ts';
import { DEFAULT_POLICY } from '../charge/rules-policy.ts';
import { type Anchor, boundary, type Interval, periodContaining } from '../period/rules.ts';
import type { PlanBound } from '../usage/rules-bound.ts';

/** What a line's event says about the plan, as it is stored. */
export interface StoredServiceEvent {
  /** `hold` and `resume` are woven in (`hold/rules.ts`). */
  readonly type: 'start' | 'change' | 'cancel' | 'hold' | 'resume';
  readonly on: Day;
  /** Of a hold: how much of the price is charged meanwhile, decimal text. */
  readonly percent?: string;
  readonly version: {
    readonly id: string;
    readonly planName: string;
    readonly priceMinor: bigint;
    readonly currency: string;
    readonly interval: Interval;
    readonly timing: 'inAdvance' | 'inArrears';
    readonly productClass: string;
    /** The price includes its tax. */
    readonly taxInclusive?: boolean;
    readonly bound?: PlanBound | null;
  } | null;
}

export type Version = NonNullable<StoredServiceEvent['version']>;

/** What of an account decides the periods of its lines. */
export interface AccountTerms {
  readonly anchorDay: number;
  readonly currency: string;
  /** Whether prices include their tax for this customer; null or nothing said: as each plan says. */
  readonly pricesIncludeTax?: boolean | null;
}

/** Months and years begin on the account's billing day, days and weeks on the day of the start. */
function anchorOf(interval: Interval, anchorDay: number): Anchor {
  return interval.unit === 'day' || interval.unit === 'week'
    ? { type: 'startDate' }
    : { type: 'dayOfMonth', day: anchorDay };
}

/** Of a version whose service is on hold: the percentage of it that is charged. */
const heldKey = (versionId: string, percent: string): string => `${versionId}~${percent}`;

/** The version of a price key, and the percentage of its price while the service is on hold. */
export function versionOfKey(priceKey: string): { readonly id: string; readonly percent?: string } {
  const [id = priceKey, percent] = priceKey.split('~');
  return percent === undefined ? { id } : { id, percent };
}

/** What is charged of a price while its service is on hold, exact. */
export const heldPrice = (price: bigint, percent: string): Rational =>
  times(rational(price), over(parseDecimal(percent), rational(100n)));

/**
 * The history of a line as the charge engine reads it, or what is wrong with it. A change to a plan of the same
 * interval keeps the periods; another interval begins a new term as the policy says. A hold that costs nothing
 * suspends, another changes the price.
 */
export function serviceHistory(
  stored: readonly StoredServiceEvent[],
  account: AccountTerms,
): { readonly ok: true; readonly events: ServiceEvent[] } | { readonly ok: false; readonly message: string } {
  const events: ServiceEvent[] = [];
  let current: Version | undefined;
  let held: string | undefined;
  const priceOf = (version: Version) => {
    const { id, priceMinor, timing } = version;
    const terms = { timing, taxInclusive: includesTax(version, account) };
    return held === undefined || isFree(held)
      ? { ...terms, priceKey: id, price: rational(priceMinor) }
      : { ...terms, priceKey: heldKey(id, held), price: heldPrice(priceMinor, held) };
  };
  for (const { type, on, version, percent } of stored) {
    if (type === 'hold' || type === 'resume') {
      if (current === undefined) continue;
      const wasFree = held !== undefined && isFree(held);
      const wasReduced = held !== undefined && !wasFree;
      held = type === 'hold' ? (percent ?? '0') : undefined;
      if (wasFree) events.push({ type: 'resume', on });
      if (wasReduced || (held !== undefined && !isFree(held)))
        events.push({ type: 'change', on, terms: priceOf(current) });
      if (held !== undefined && isFree(held)) events.push({ type: 'suspend', on, reason: 'hold' });
      continue;
    }
    if (type === 'cancel') {
      events.push({ type, on });
      current = undefined;
      held = undefined;
      continue;
    }
    if (version === null) return { ok: false, message: 'the plan has no published version' };
    if (version.currency !== account.currency)
      return {
        ok: false,
        message: `the plan is in ${version.currency}, the account in ${account.currency}`,
      };
    const before = current?.interval;
    const sameInterval = before?.unit === version.interval.unit && before.count === version.interval.count;
    current = version;
    const price = priceOf(version);
    if (type === 'change') {
      events.push({ type, on, terms: sameInterval ? price : { ...price, interval: version.interval } });
      continue;
    }
    const anchor = anchorOf(version.interval, account.anchorDay);
    const terms: Terms = { ...price, interval: version.interval, anchor };
    events.push({ type, on, terms });
  }
  return { ok: true, events };
}

/** Whether a price of this version includes its tax for a customer. */
export const includesTax = (
  { taxInclusive }: Pick<Version, 'taxInclusive'>,
  { pricesIncludeTax }: Pick<AccountTerms, 'pricesIncludeTax'>,
): boolean => pricesIncludeTax ?? taxInclusive ?? false;

const isFree = (percent: string): boolean => /^0*(\.0*)?$/.test(percent);

/** The days on which a line accrues, or what is wrong with its history. */
export function lineAccruals(
  stored: readonly StoredServiceEvent[],
  account: AccountTerms,
): { readonly ok: true; readonly accruals: Accrual[] } | { readonly ok: false; readonly message: string } {
  const history = serviceHistory(stored, account);
  if (!history.ok) return history;
  const found = accruals(history.events, DEFAULT_POLICY);
  return found.ok ? found : { ok: false, message: found.error.message };
}

/** The end of a discount over so many periods of a line, the one that contains `from` included. */
export function discountEnd(
  stored: readonly StoredServiceEvent[],
  account: AccountTerms,
  from: Day,
  periods: number,
): { readonly ok: true; readonly to: Day } | { readonly ok: false; readonly message: string } {
  if (!Number.isInteger(periods) || periods < 1 || periods > 1200)
    return { ok: false, message: `A discount runs for 1 to 1200 periods, not ${periods}` };
  const found = lineAccruals(stored, account);
  if (!found.ok) return found;
  const accrual = found.accruals.find((one) => from < one.to);
  if (accrual === undefined) return { ok: false, message: 'The service has ended' };
  const first = periodContaining(accrual.grid, Math.max(from, accrual.from));
  return { ok: true, to: boundary(accrual.grid, first.index + periods) };
}
