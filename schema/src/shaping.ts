import type { RateLimitPayload, ShapingPayload } from './events/billing.ts';

/**
 * The slower of two speeds in each direction, without bursts: whoever is slowed down has none. Order, repetition and
 * grouping do not matter.
 */
export function slowerShaping(a: ShapingPayload, b: ShapingPayload): ShapingPayload {
  return {
    downstream: slowerLimit(a.downstream, b.downstream),
    upstream: slowerLimit(a.upstream, b.upstream),
  };
}

function slowerLimit(a: RateLimitPayload, b: RateLimitPayload): RateLimitPayload {
  const [mine, theirs] = [BigInt(a.bitsPerSecond), BigInt(b.bitsPerSecond)];
  return { bitsPerSecond: `${mine < theirs ? mine : theirs}` };
}

/** A speed of one direction, as numbers. */
interface Rate {
  readonly bitsPerSecond: bigint;
  readonly burst?: {
    readonly bitsPerSecond: bigint;
    readonly thresholdBitsPerSecond: bigint;
    readonly seconds: number;
  };
}

/** Speeds in bits per second as numbers, from the text that events and columns carry. */
export function shapingOf(payload: ShapingPayload): { readonly downstream: Rate; readonly upstream: Rate } {
  return { downstream: rateOf(payload.downstream), upstream: rateOf(payload.upstream) };
}

function rateOf({ bitsPerSecond, burst }: RateLimitPayload): Rate {
  if (burst === undefined) return { bitsPerSecond: BigInt(bitsPerSecond) };
  return {
    bitsPerSecond: BigInt(bitsPerSecond),
    burst: {
      bitsPerSecond: BigInt(burst.bitsPerSecond),
      thresholdBitsPerSecond: BigInt(burst.thresholdBitsPerSecond),
      seconds: burst.seconds,
    },
  };
}
