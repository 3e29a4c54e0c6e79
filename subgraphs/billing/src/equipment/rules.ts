import { allocate } from '@dotmac/platform/money/allocate';
import { civilDate, clampedDay, type Day } from '../calendar/rules.ts';
import type { OneOff } from '../charge/rules-one-off.ts';

/** A device sold in monthly instalments. `price` in minor units. */
export interface InstalmentPlan {
  readonly id: string;
  readonly price: bigint;
  readonly count: number;
  readonly firstOn: Day;
}

/**
 * The instalments as one-off fees: they sum to the price, the earlier ones take the odd units. When the service
 * ends on `terminatedOn`, all that would fall due later falls due on that day at once.
 */
export function instalments(plan: InstalmentPlan, terminatedOn?: Day): OneOff[] {
  const { year, month, day } = civilDate(plan.firstOn);
  const amounts = allocate(
    plan.price,
    Array.from({ length: plan.count }, () => 1n),
  );
  return amounts.map((amount, index) => {
    const on = clampedDay(year, month + index, day);
    const accelerated = terminatedOn !== undefined && on > terminatedOn ? terminatedOn : on;
    return { id: `${plan.id}/${index + 1}`, on: accelerated, amount };
  });
}
