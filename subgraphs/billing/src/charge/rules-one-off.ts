import type { Day } from '../calendar/rules.ts';

/** A fee that is charged once: set-up, truck roll, reconnection, an instalment. Amount in minor units. */
export interface OneOff {
  readonly id: string;
  readonly on: Day;
  readonly amount: bigint;
}

/** The one-offs that are due on `runDate` and not billed yet. */
export function dueOneOffs(all: readonly OneOff[], billedIds: ReadonlySet<string>, runDate: Day): OneOff[] {
  return all.filter((fee) => fee.on <= runDate && !billedIds.has(fee.id));
}
