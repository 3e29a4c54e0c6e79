import { ValidationError } from '@dotmac/schema';

/** How finely rates are kept, the finest first; `keptSeconds` as in migration `0008-network-rates`. */
export const trafficResolutions = [
  { name: 'reading', seconds: 60, keptSeconds: 8 * 86_400 },
  { name: 'five_minutes', seconds: 300, keptSeconds: 62 * 86_400 },
  { name: 'hour', seconds: 3_600, keptSeconds: 400 * 86_400 },
  { name: 'day', seconds: 86_400, keptSeconds: 1_830 * 86_400 },
] as const;
type ResolutionName = (typeof trafficResolutions)[number]['name'];

/** A width in which something is kept, and for how long. */
export interface Resolution<Name extends string = string> {
  readonly name: Name;
  readonly seconds: number;
  readonly keptSeconds: number;
}

export interface WindowWanted {
  /** Milliseconds since the epoch; `to` is not part of it. */
  readonly from: number;
  readonly to: number;
  readonly mostPoints: number;
}

export interface WindowPlan<Name extends string = string> {
  readonly source: Name;
  /** Width of a point, a multiple of the source's. */
  readonly bucketSeconds: number;
}
export type TrafficPlan = WindowPlan<ResolutionName>;

/** @throws ValidationError for a window that does not end after it begins, and for too few or too many points. */
export function windowWanted(
  args: { readonly from: Date; readonly to: Date; readonly points?: number | null | undefined },
  mostPoints: number,
): WindowWanted {
  const points = args.points ?? 300;
  const window = { from: +args.from, to: +args.to, mostPoints: points };
  if (window.from >= window.to) throw new ValidationError('to', 'The window must end after it begins');
  if (points < 2 || points > mostPoints)
    throw new ValidationError('points', `Between 2 and ${mostPoints} points; these are ${points}`);
  return window;
}

/**
 * Where to read a window from so that it gives at most so many points: the coarsest kept rates that are still fine
 * enough, unless the window begins before they were kept so finely.
 */
export function windowPlan<Name extends string>(
  resolutions: readonly Resolution<Name>[],
  { from, to, mostPoints }: WindowWanted,
  now: number,
): WindowPlan<Name> {
  const wanted = (to - from) / 1_000 / mostPoints;
  const age = (now - from) / 1_000;
  const kept = resolutions.filter(({ keptSeconds }) => age <= keptSeconds);
  const usable = kept.length === 0 ? resolutions.slice(-1) : kept;
  const source = usable.findLast(({ seconds }) => seconds <= wanted) ?? (usable[0] as Resolution<Name>);
  // Points lie on a grid of their own, so a window may touch one more than fit into it.
  const steps = Math.max(1, Math.ceil((to - from) / 1_000 / source.seconds / Math.max(1, mostPoints - 1)));
  return { source: source.name, bucketSeconds: source.seconds * steps };
}

/** The plan for rates of a port. */
export function trafficPlan(window: WindowWanted, now: number): TrafficPlan {
  return windowPlan(trafficResolutions, window, now);
}
