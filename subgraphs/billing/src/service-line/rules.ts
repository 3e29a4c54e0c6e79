import { rational } from '@dotmac/platform/money/rational';
import type { Day } from '../calendar/rules.ts';
import { type Accrual, accruals, type ServiceEvent, type Terms } from '../charge/rules-accrual.ts';
import { DEFAULT_POLICY } from '../charge/rules-policy.ts';
import { type Anchor, boundary, type Interval, periodContaining } from '../period/rules.ts';
import type { PlanBound } from '../usage/rules-bound.ts';

/** What a line's event says about the plan, as it is stored. */
export interface StoredServiceEvent {
  readonly type: 'start' | 'change' | 'cancel';
  readonly on: Day;
  readonly version: {
    readonly id: string;
    readonly planName: string;
    readonly priceMinor: bigint;
    readonly currency: string;
    readonly interval: Interval;
    readonly timing: 'inAdvance' | 'inArrears';
    readonly productClass: string;
    readonly bound?: PlanBound | null;
  } | null;
}

export type Version = NonNullable<StoredServiceEvent['version']>;

/** What of an account decides the periods of its lines. */
export interface AccountTerms {
  readonly anchorDay: number;
  readonly currency: string;
}

/** Months and years begin on the account's billing day, days and weeks on the day of the start. */
function anchorOf(interval: Interval, anchorDay: number): Anchor {
  return interval.unit === 'day' || interval.unit === 'week'
    ? { type: 'startDate' }
    : { type: 'dayOfMonth', day: anchorDay };
}

/**
 * The history of a line as the charge engine reads it, or what is wrong with it. A change to a plan of the same
 * interval keeps the periods; another interval begins a new term as the policy says.
 */
export function serviceHistory(
  stored: readonly StoredServiceEvent[],
  account: AccountTerms,
): { readonly ok: true; readonly events: ServiceEvent[] } | { readonly ok: false; readonly message: string } {
  const events: ServiceEvent[] = [];
  let before: Interval | undefined;
  for (const { type, on, version } of stored) {
    if (type === 'cancel') {
      events.push({ type, on });
      continue;
    }
    if (version === null) return { ok: false, message: 'the plan has no published version' };
    if (version.currency !== account.currency)
      return {
        ok: false,
        message: `the plan is in ${version.currency}, the account in ${account.currency}`,
      };
    const price = { priceKey: version.id, price: rational(version.priceMinor), timing: version.timing };
    const sameInterval = before?.unit === version.interval.unit && before.count === version.interval.count;
    before = version.interval;
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
