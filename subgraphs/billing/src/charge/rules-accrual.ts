import type { Rational } from '@dotmac/platform/money/rational';
import type { Day } from '../calendar/rules.ts';
import { type Anchor, checkAnchor, type Interval, type PeriodGrid, periodGrid } from '../period/rules.ts';
import type { ChargePolicy } from './rules-policy.ts';

/** What a service line costs from an event on. */
export interface Terms {
  /** Identifies the price version (and the quantity, where there is one): part of the key of what is billed. */
  readonly priceKey: string;
  /** Exact price of a full period in minor units. */
  readonly price: Rational;
  /** The price is what is paid: its tax is part of it. */
  readonly taxInclusive?: boolean | undefined;
  readonly interval: Interval;
  readonly anchor: Anchor;
  readonly timing: 'inAdvance' | 'inArrears';
}

/** Events of one service line, by local day; on one day the order of the list decides. */
export type ServiceEvent =
  | { readonly type: 'start'; readonly on: Day; readonly terms: Terms; readonly trialDays?: number }
  /** The change day belongs to the new terms. Without an anchor, a new interval follows `policy.termChange`. */
  | { readonly type: 'change'; readonly on: Day; readonly terms: Partial<Terms> }
  | { readonly type: 'suspend'; readonly on: Day; readonly reason: 'hold' | 'technical' | 'nonPayment' }
  | { readonly type: 'resume'; readonly on: Day }
  | { readonly type: 'cancel'; readonly on: Day };

/** Days [from, to) that a service line accrues under one set of terms. `to` is Infinity while it runs. */
export interface Accrual {
  readonly from: Day;
  readonly to: Day;
  readonly terms: Terms;
  readonly grid: PeriodGrid;
  /** The day of the cancellation, when there is one: arrears are due then at the latest. */
  readonly endedOn: Day | undefined;
  /** The first day of the service that accrues, before which there is only the lead-in's period. */
  readonly firstDay: Day;
}

export type HistoryError = {
  readonly code: 'INVALID_DATE_SEQUENCE' | 'INVALID_EVENT_ORDER' | 'INVALID_ANCHOR' | 'INVALID_TRIAL';
  /** Index of the offending event. */
  readonly event: number;
  readonly message: string;
};

interface Running {
  readonly terms: Terms;
  readonly grid: PeriodGrid;
  readonly startedOn: Day;
  readonly firstDay: Day;
}

/** The days that accrue, in order, without overlap; or the first event that makes no sense. */
export function accruals(
  events: readonly ServiceEvent[],
  policy: ChargePolicy,
):
  | { readonly ok: true; readonly accruals: Accrual[] }
  | { readonly ok: false; readonly error: HistoryError } {
  const found: Array<Omit<Accrual, 'endedOn'> & { endedOn: Day | undefined }> = [];
  let running: Running | undefined;
  let suspended = false;
  let stopOn = Number.POSITIVE_INFINITY;
  let cursor = Number.NEGATIVE_INFINITY;
  let serviceBegin = 0;
  let last = Number.NEGATIVE_INFINITY;

  const accrueUntil = (day: Day) => {
    if (running === undefined) return;
    const to = Math.min(day, stopOn);
    if (cursor < to) {
      const { terms, grid, firstDay } = running;
      found.push({ from: cursor, to, terms, grid, endedOn: undefined, firstDay });
    }
    cursor = Math.max(cursor, day);
  };
  const fail = (code: HistoryError['code'], event: number, message: string) =>
    ({ ok: false, error: { code, event, message: `event ${event}: ${message}` } }) as const;

  for (const [index, event] of events.entries()) {
    if (event.on < last) {
      const what =
        event.type === 'cancel'
          ? 'the end lies before the start or an earlier event'
          : 'is dated before the event ahead of it';
      return fail('INVALID_DATE_SEQUENCE', index, what);
    }
    last = event.on;
    if (event.type === 'start') {
      if (running !== undefined) return fail('INVALID_EVENT_ORDER', index, 'the service is already running');
      const wrong = checkAnchor(event.terms.anchor, event.terms.interval);
      if (wrong) return fail('INVALID_ANCHOR', index, wrong.message);
      const trialDays = event.trialDays ?? 0;
      if (!Number.isSafeInteger(trialDays) || trialDays < 0) {
        return fail('INVALID_TRIAL', index, `trialDays must be a whole number from 0, not ${trialDays}`);
      }
      cursor = Math.max(cursor, event.on + trialDays);
      const grid = periodGrid(event.terms.anchor, event.terms.interval, event.on);
      running = { terms: event.terms, grid, startedOn: event.on, firstDay: cursor };
      serviceBegin = found.length;
      continue;
    }
    if (running === undefined)
      return fail('INVALID_EVENT_ORDER', index, `${event.type} of a service that is not running`);
    switch (event.type) {
      case 'change': {
        accrueUntil(event.on);
        const next = changedTerms(running, event.terms, event.on, policy);
        const wrong = checkAnchor(next.terms.anchor, next.terms.interval);
        if (wrong) return fail('INVALID_ANCHOR', index, wrong.message);
        running = next;
        break;
      }
      case 'suspend':
        if (suspended) return fail('INVALID_EVENT_ORDER', index, 'the service is already suspended');
        accrueUntil(event.on);
        suspended = true;
        stopOn = accrualStop(event.reason, event.on, policy);
        break;
      case 'resume':
        if (!suspended) return fail('INVALID_EVENT_ORDER', index, 'the service is not suspended');
        accrueUntil(event.on);
        suspended = false;
        stopOn = Number.POSITIVE_INFINITY;
        break;
      case 'cancel':
        accrueUntil(policy.endDay === 'inclusive' ? event.on + 1 : event.on);
        for (const accrual of found.slice(serviceBegin)) accrual.endedOn = event.on;
        running = undefined;
        suspended = false;
        stopOn = Number.POSITIVE_INFINITY;
        break;
    }
  }
  accrueUntil(Number.POSITIVE_INFINITY);
  return { ok: true, accruals: found };
}

function accrualStop(reason: 'hold' | 'technical' | 'nonPayment', on: Day, policy: ChargePolicy): Day {
  if (reason !== 'nonPayment') return on;
  return policy.nonPayment === 'keepBilling'
    ? Number.POSITIVE_INFINITY
    : on + policy.nonPayment.stopAfterDays;
}

function changedTerms(running: Running, patch: Partial<Terms>, on: Day, policy: ChargePolicy): Running {
  if (patch.interval === undefined && patch.anchor === undefined) {
    return { ...running, terms: { ...running.terms, ...patch } };
  }
  const newTerm = patch.anchor === undefined && policy.termChange === 'newTerm';
  const anchor: Anchor = newTerm ? { type: 'anniversary', date: on } : (patch.anchor ?? running.terms.anchor);
  const terms: Terms = { ...running.terms, ...patch, anchor };
  return { ...running, terms, grid: periodGrid(anchor, terms.interval, on) };
}
