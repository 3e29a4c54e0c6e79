import type { Day } from '../calendar/rules.ts';
import type { StoredServiceEvent } from '../service-line/rules.ts';

/** Days [from, to) of a service that cost nothing, or `percent` (decimal text) of the price. */
export interface HoldSpan {
  readonly from: Day;
  /** Null until it is ended. */
  readonly to: Day | null;
  readonly percent: string;
}

/** The lives of a line: from a start to its cancellation, half-open. */
function lives(events: readonly StoredServiceEvent[]): { readonly from: Day; readonly to: Day }[] {
  const found: { from: Day; to: Day }[] = [];
  for (const { type, on } of events) {
    if (type === 'start') found.push({ from: on, to: Number.POSITIVE_INFINITY });
    const last = found.at(-1);
    if (type === 'cancel' && last !== undefined) last.to = on;
  }
  return found;
}

/**
 * The history of a line with its holds woven in: where they overlap the cheapest holds, and none reaches beyond the
 * life of the line. The events keep their order; of one day, the line's own come first. Pure.
 */
export function withHolds(
  events: readonly StoredServiceEvent[],
  holds: readonly HoldSpan[],
): readonly StoredServiceEvent[] {
  const spans = holds.filter(({ from, to }) => to === null || from < to);
  if (spans.length === 0) return events;
  const woven: StoredServiceEvent[] = [];
  for (const life of lives(events)) {
    const clipped = spans.flatMap(({ from, to, percent }) => {
      const span = { from: Math.max(from, life.from), to: Math.min(to ?? life.to, life.to), percent };
      return span.from < span.to ? [span] : [];
    });
    const days = [...new Set(clipped.flatMap(({ from, to }) => [from, to]))].sort((a, b) => a - b);
    let held: string | undefined;
    for (const on of days) {
      if (on >= life.to) break;
      const now = clipped
        .filter(({ from, to }) => from <= on && on < to)
        .map(({ percent }) => percent)
        .sort((a, b) => Number(a) - Number(b))[0];
      if (now === held) continue;
      woven.push(
        now === undefined
          ? { type: 'resume', on, version: null }
          : { type: 'hold', on, version: null, percent: now },
      );
      held = now;
    }
  }
  // A stable sort: what a hold changes comes after the line's own events of its day.
  return [...events, ...woven].sort((a, b) => a.on - b.on);
}
