import type { Day } from '../calendar/rules.ts';
import type { ChargeLine } from './rules.ts';

/** A repair of the past larger than this stops for a person's approval. */
export interface RepairLimit {
  readonly maxPeriods: number;
  readonly maxLines: number;
}

/** Why the lines of a run need approval, or undefined: counts credits and lines of periods already closed. */
export function repairNeedsApproval(
  lines: readonly ChargeLine[],
  firstOpenDay: Day,
  limit: RepairLimit,
): { readonly periods: number; readonly lines: number } | undefined {
  const repairs = lines.filter((line) => line.kind === 'credit' || line.periodTo <= firstOpenDay);
  const periods = new Set(repairs.map((line) => line.periodFrom)).size;
  if (periods <= limit.maxPeriods && repairs.length <= limit.maxLines) return undefined;
  return { periods, lines: repairs.length };
}
