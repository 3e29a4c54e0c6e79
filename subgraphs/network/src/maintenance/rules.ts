import type { Topology } from '../topology/rules.ts';

/** Planned work at a device. */
export interface Work {
  readonly deviceId: string;
  readonly endsAt: Date;
}

/**
 * The work that covers a device: where it is done, and wherever every way out leads through it. Of several the one that
 * ends last; of works that cover it only together the one that ends first, since from then on there is a way again.
 * @param works those that go on at the device and above it
 */
export function coveringWork<T extends Work>(
  ways: Topology,
  deviceId: string,
  works: readonly T[],
): T | null {
  const covers = (some: readonly T[]) =>
    ways.cutOffBy(new Set(some.map((work) => work.deviceId))).has(deviceId);
  const byEnd = [...works].sort((a, b) => a.endsAt.getTime() - b.endsAt.getTime());
  return byEnd.findLast((work) => covers([work])) ?? (covers(byEnd) ? (byEnd[0] ?? null) : null);
}
