/** How finely rates are kept, the finest first; `keptSeconds` as in migration `0008-network-rates`. */
export const resolutions = [
  { name: 'reading', seconds: 60, keptSeconds: 8 * 86_400 },
  { name: 'five_minutes', seconds: 300, keptSeconds: 62 * 86_400 },
  { name: 'hour', seconds: 3_600, keptSeconds: 400 * 86_400 },
  { name: 'day', seconds: 86_400, keptSeconds: 1_830 * 86_400 },
] as const;
type Resolution = (typeof resolutions)[number]['name'];

export interface TrafficWindow {
  /** Milliseconds since the epoch; `to` is not part of it. */
  readonly from: number;
  readonly to: number;
  readonly mostPoints: number;
}

export interface TrafficPlan {
  readonly source: Resolution;
  /** Width of a point, a multiple of the source's. */
  readonly bucketSeconds: number;
}

/**
 * Where to read a window from so that it gives at most so many points: the coarsest kept rates that are still fine
 * enough, unless the window begins before they were kept so finely.
 */
export function trafficPlan({ from, to, mostPoints }: TrafficWindow, now: number): TrafficPlan {
  const wanted = (to - from) / 1_000 / mostPoints;
  const age = (now - from) / 1_000;
  const kept = resolutions.filter(({ keptSeconds }) => age <= keptSeconds);
  const usable = kept.length === 0 ? resolutions.slice(-1) : kept;
  const source =
    usable.findLast(({ seconds }) => seconds <= wanted) ?? (usable[0] as (typeof resolutions)[number]);
  // Points lie on a grid of their own, so a window may touch one more than fit into it.
  const steps = Math.max(1, Math.ceil((to - from) / 1_000 / source.seconds / Math.max(1, mostPoints - 1)));
  return { source: source.name, bucketSeconds: source.seconds * steps };
}
