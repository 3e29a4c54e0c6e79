/** How polls are spread and bounded. All times in milliseconds. */
export interface LanePolicy {
  /** Between two polls of a device that answers. */
  readonly interval: number;
  /** Devices of the fast lane asked at the same time. */
  readonly fastInFlight: number;
  /** Silent devices asked at the same time; each costs a datagram and a timer. */
  readonly slowInFlight: number;
  /** A poll that has taken so long gives its place in the fast lane to the next device. */
  readonly handOver: number;
  /** Polls in all, those that gave their place away included. */
  readonly mostInFlight: number;
  /** A device under suspicion is asked again so soon after its poll ended. */
  readonly suspectWait: number;
  /** Unanswered polls in a row until a device counts as silent. */
  readonly missesUntilSilent: number;
  /**
   * A silent device is asked again after this, twice that, and so on, up to `slowMost`; each within a fifth. The most is short
   * enough that what was found out last still counts when the device is asked again.
   */
  readonly slowFirst: number;
  readonly slowMost: number;
  /** At a start, no more than so many devices are begun with in a second. */
  readonly startPerSecond: number;
}

/** The policy for an interval, with the figures of `docs/monitoring.md`. */
export function lanePolicy(interval: number): LanePolicy {
  return {
    interval,
    fastInFlight: 64,
    slowInFlight: 256,
    handOver: 1_000,
    mostInFlight: 1_024,
    suspectWait: Math.min(250, interval),
    missesUntilSilent: 3,
    slowFirst: Math.min(30_000, interval),
    slowMost: 2 * interval,
    startPerSecond: 100,
  };
}

/** A number in [0, 1) that is always the same for a name, and spreads names evenly (FNV-1a, 32 bits, mixed). */
export function phaseOf(name: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32;
}

/**
 * When a device is polled next: at its own place in the interval, so that devices never align, not even after a restart; and
 * never within a quarter of the interval after the last poll began.
 */
export function nextInPhase(phase: number, interval: number, startedAt: number): number {
  const after = startedAt + interval / 4;
  const offset = phase * interval;
  return Math.floor((after - offset) / interval) * interval + offset + interval;
}

/** The pause before a silent device is asked again. `random` in [0, 1). */
export function slowWait(
  { slowFirst, slowMost, missesUntilSilent }: LanePolicy,
  misses: number,
  random: number,
): number {
  const doublings = Math.max(0, misses - missesUntilSilent);
  return Math.min(slowMost, slowFirst * 2 ** Math.min(doublings, 30)) * (0.8 + 0.4 * random);
}
