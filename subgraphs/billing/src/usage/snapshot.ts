import type { TenantDatabase } from '@dotmac/migrations';
import type { Executor } from '@dotmac/platform';
import type { Day } from '../calendar/rules.ts';
import type { BilledLine } from '../charge/rules.ts';
import type { LineHistory } from '../service-line/histories.ts';
import { chargesOverage, type OverageSnapshot, openWindows } from './rules-overage.ts';
import { overageLineId, overageSettled, topUpsOfLines, usageOfLines } from './store.ts';

/** What decides the overage of services among these; costs nothing where no plan charges for it. */
export async function overageSnapshots(
  db: Executor<TenantDatabase>,
  accounts: readonly {
    readonly customerId: string;
    readonly anchorDay: number | null;
    readonly currency: string;
  }[],
  histories: readonly LineHistory[],
  billed: ReadonlyMap<string, BilledLine[]>,
): Promise<Map<string, OverageSnapshot>> {
  const charged = histories.filter(({ events }) => chargesOverage(events));
  if (charged.length === 0) return new Map();
  const settled = await overageSettled(
    db,
    charged.map(({ id }) => id),
  );
  // Who used nothing yet has no line for it.
  const metered = charged.filter(({ id }) => settled.has(overageLineId(id)));
  const terms = new Map(
    accounts.map(({ customerId, anchorDay, currency }) => [
      customerId,
      { anchorDay: anchorDay ?? 1, currency },
    ]),
  );
  const settledOf = (id: string): Day | null => settled.get(overageLineId(id)) ?? null;
  const wanted = metered.flatMap(({ id, customerId, events }) => {
    const account = terms.get(customerId);
    if (account === undefined) return [];
    const [eldest] = openWindows(events, account, settledOf(id), settledOf(id) ?? events[0]?.on ?? 0);
    return eldest === undefined ? [] : [{ id, from: eldest.periodFrom }];
  });
  const days = await usageOfLines(db, wanted);
  const topUps = await topUpsOfLines(
    db,
    wanted.map(({ id }) => id),
  );
  return new Map(
    wanted.map(({ id }) => [
      id,
      {
        lineId: overageLineId(id),
        settledBefore: settledOf(id),
        days: days.get(id) ?? [],
        topUps: topUps.get(id) ?? [],
        billed: billed.get(overageLineId(id)) ?? [],
      },
    ]),
  );
}
