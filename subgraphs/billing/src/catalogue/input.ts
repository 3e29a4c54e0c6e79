import { builder } from '../builder.ts';
import type { RateLimit, Shaping } from './rules.ts';

const BurstInput = builder.inputType('BurstInput', {
  fields: (t) => ({
    speedBitsPerSecond: t.field({ type: 'BitsPerSecond', required: true }),
    thresholdBitsPerSecond: t.field({ type: 'BitsPerSecond', required: true }),
    seconds: t.int({ required: true }),
  }),
});
const RateLimitInput = builder.inputType('RateLimitInput', {
  fields: (t) => ({
    speedBitsPerSecond: t.field({ type: 'BitsPerSecond', required: true }),
    burst: t.field({ type: BurstInput }),
  }),
});
export const ShapingInput = builder.inputType('ShapingInput', {
  fields: (t) => ({
    downstream: t.field({ type: RateLimitInput, required: true }),
    upstream: t.field({ type: RateLimitInput, required: true }),
  }),
});
interface LimitInput {
  readonly speedBitsPerSecond: bigint;
  readonly burst?:
    | {
        readonly speedBitsPerSecond: bigint;
        readonly thresholdBitsPerSecond: bigint;
        readonly seconds: number;
      }
    | null
    | undefined;
}

function limitFrom({ speedBitsPerSecond, burst }: LimitInput): RateLimit {
  if (burst == null) return { bitsPerSecond: speedBitsPerSecond };
  const { speedBitsPerSecond: bitsPerSecond, thresholdBitsPerSecond, seconds } = burst;
  return { bitsPerSecond: speedBitsPerSecond, burst: { bitsPerSecond, thresholdBitsPerSecond, seconds } };
}

/** Speeds as somebody wrote them down; not checked yet. */
export const shapingFrom = (input: {
  readonly downstream: LimitInput;
  readonly upstream: LimitInput;
}): Shaping => ({ downstream: limitFrom(input.downstream), upstream: limitFrom(input.upstream) });
