import { type RateLimitPayload, type ShapingPayload, ValidationError } from '@dotmac/schema';

export const planKinds = ['ACCESS', 'BUNDLE', 'RATE_CARD', 'ADD_ON'] as const;
/**
 * What an ISP sells to its subscribers (access, and add-ons beside a service), and what the platform sells to ISPs:
 * bundles and counted subscribers.
 */
export type PlanKind = (typeof planKinds)[number];

/** Speeds of one direction in bits per second; the burst is all or nothing. */
export interface RateLimit {
  readonly bitsPerSecond: bigint;
  readonly burst?: {
    readonly bitsPerSecond: bigint;
    readonly thresholdBitsPerSecond: bigint;
    readonly seconds: number;
  };
}

/** Directions are the subscriber's. */
export interface Shaping {
  readonly downstream: RateLimit;
  readonly upstream: RateLimit;
}

/** @throws ValidationError naming the field: speeds are positive, a burst is faster than its rate and above its threshold. */
export function checkShaping(shaping: Shaping, field: string): void {
  for (const direction of ['downstream', 'upstream'] as const) {
    const { bitsPerSecond, burst } = shaping[direction];
    const at = `${field}.${direction}`;
    if (bitsPerSecond <= 0n)
      throw new ValidationError(`${at}.bitsPerSecond`, 'A speed is more than 0 bits per second');
    if (burst === undefined) continue;
    if (burst.bitsPerSecond < bitsPerSecond)
      throw new ValidationError(
        `${at}.burst.bitsPerSecond`,
        'A burst is not slower than the rate it bursts from',
      );
    if (burst.thresholdBitsPerSecond <= 0n || burst.thresholdBitsPerSecond > burst.bitsPerSecond)
      throw new ValidationError(
        `${at}.burst.thresholdBitsPerSecond`,
        'The threshold lies between 0 and the speed of the burst',
      );
    if (!Number.isInteger(burst.seconds) || burst.seconds < 1 || burst.seconds > 3600)
      throw new ValidationError(`${at}.burst.seconds`, 'A burst lasts 1 to 3600 seconds');
  }
}

/** As events carry it: numbers as decimal text. */
export function shapingPayload(shaping: Shaping): ShapingPayload {
  return { downstream: limitPayload(shaping.downstream), upstream: limitPayload(shaping.upstream) };
}

function limitPayload({ bitsPerSecond, burst }: RateLimit): RateLimitPayload {
  if (burst === undefined) return { bitsPerSecond: `${bitsPerSecond}` };
  return {
    bitsPerSecond: `${bitsPerSecond}`,
    burst: {
      bitsPerSecond: `${burst.bitsPerSecond}`,
      thresholdBitsPerSecond: `${burst.thresholdBitsPerSecond}`,
      seconds: burst.seconds,
    },
  };
}
