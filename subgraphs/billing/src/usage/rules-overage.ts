import type { Day } from '../calendar/rules.ts';
import type { BilledLine } from '../charge/rules.ts';
import type { DraftLine } from '../document/rules-draft.ts';
import {
  type AccountTerms,
  includesTax,
  lineAccruals,
  type StoredServiceEvent,
} from '../service-line/rules.ts';
import {
  overageLine,
  standingOf,
  type TopUp,
  type UsageDay,
  type UsageWindow,
  usageWindows,
} from './rules.ts';

/** What decides the overage of a service, of the periods that are not settled. */
export interface OverageSnapshot {
  readonly lineId: string;
  readonly settledBefore: Day | null;
  readonly days: readonly UsageDay[];
  readonly topUps: readonly TopUp[];
  readonly billed: readonly BilledLine[];
}

/** Whether a version in this history charges for what is used beyond its cap. */
export const chargesOverage = (events: readonly StoredServiceEvent[]): boolean =>
  events.some(({ version }) => version?.bound?.mechanism === 'VOLUME' && version.bound.overage !== undefined);

/** The windows that are not settled by this day; the first may only be there to carry over from. */
export function openWindows(
  events: readonly StoredServiceEvent[],
  account: AccountTerms,
  settledBefore: Day | null,
  until: Day,
): UsageWindow[] {
  const found = lineAccruals(events, account);
  if (!found.ok) return [];
  const all = usageWindows(found.accruals, until + 1);
  const eldest = all.findIndex(({ periodTo }) => periodTo > (settledBefore ?? Number.NEGATIVE_INFINITY));
  return eldest < 0 ? [] : all.slice(Math.max(eldest - 1, 0));
}

/** What is missing on documents of overage on a run date, and the next day on which more may be due. */
export function overageLines(
  serviceId: string,
  events: readonly StoredServiceEvent[],
  snapshot: OverageSnapshot,
  account: AccountTerms,
  runDate: Day,
): { readonly lines: Omit<DraftLine, 'tax' | 'taxParts'>[]; readonly next: Day | undefined } {
  const { settledBefore, days, topUps, billed, lineId } = snapshot;
  const windows = openWindows(events, account, settledBefore, runDate);
  const lines: Omit<DraftLine, 'tax' | 'taxParts'>[] = [];
  let next: Day | undefined;
  for (const [index, window] of windows.entries()) {
    const version = events.find((event) => event.version?.id === window.versionId)?.version;
    if (version?.bound?.mechanism !== 'VOLUME' || version.bound.overage === undefined) continue;
    if (window.endsOn > runDate) {
      next = Math.min(next ?? window.endsOn, window.endsOn);
      continue;
    }
    if (window.periodTo <= (settledBefore ?? Number.NEGATIVE_INFINITY)) continue;
    const standing = standingOf(window, windows[index - 1], version.bound, days, topUps);
    const service = {
      lineId,
      planName: version.planName || serviceId,
      productClass: version.productClass,
      taxInclusive: includesTax(version, account),
    };
    const line = overageLine(standing, version.bound, billed, service, runDate);
    if (line !== null) lines.push(line);
  }
  return { lines, next };
}
