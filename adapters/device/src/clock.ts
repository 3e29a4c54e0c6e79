/** Where the time comes from. Nothing in DotMac asks the machine for it directly, so that rules can be tested. */
export interface Clock {
  /** The instant, in milliseconds since 1970-01-01T00:00:00Z. */
  now(): number;
}

/** The machine's own clock. */
export const systemClock: Clock = { now: () => Date.now() };
