import type { Day } from '../calendar/rules.ts';
import { type Campaign, type DunningAccount, type DunningStep, decideDunning } from './rules.ts';

/** A step that an account will meet if it pays nothing and every shield ends as agreed. */
export interface ForecastStep {
  readonly on: Day;
  readonly currency: string;
  readonly step: DunningStep;
  /** What is overdue on that day, minor units. */
  readonly overdue: bigint;
}

/**
 * The steps of the next `days` days, today's first: the decision of each day is taken as the daily run takes it. Invoices not
 * issued yet are not known.
 */
export function forecastDunning(
  account: DunningAccount,
  campaign: Campaign,
  today: Day,
  days: number,
): ForecastStep[] {
  const steps: ForecastStep[] = [];
  let { taken } = account;
  for (let on = today; on < today + days; on += 1)
    for (const decision of decideDunning({ ...account, taken }, campaign, on)) {
      if (decision.outcome !== 'STEP') continue;
      const { currency, step, overdue, cycle } = decision;
      steps.push({ on, currency, step, overdue });
      taken = [...taken, { currency, stepId: step.id, on, cycle }];
    }
  return steps;
}

/** How many customers meet an action at least once, and what is overdue when they first do. */
export interface DunningEffect {
  readonly action: DunningStep['action'];
  readonly customers: number;
  readonly overdue: readonly { readonly currency: string; readonly minor: bigint }[];
}

/** By action in the order in which they are first met; of each customer and currency the first time counts. */
export function effectsOf(
  met: readonly {
    readonly customerId: string;
    readonly currency: string;
    readonly action: DunningStep['action'];
    readonly overdue: bigint;
  }[],
): DunningEffect[] {
  return [...Map.groupBy(met, ({ action }) => action)].map(([action, all]) => {
    const first = new Map<string, (typeof all)[number]>();
    for (const one of all) {
      const key = JSON.stringify([one.customerId, one.currency]);
      if (!first.has(key)) first.set(key, one);
    }
    const sums = Map.groupBy(first.values(), ({ currency }) => currency);
    return {
      action,
      customers: new Set(all.map(({ customerId }) => customerId)).size,
      overdue: [...sums]
        .map(([currency, own]) => ({ currency, minor: own.reduce((sum, { overdue }) => sum + overdue, 0n) }))
        .sort((a, b) => (a.currency < b.currency ? -1 : 1)),
    };
  });
}
