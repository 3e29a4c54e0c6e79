import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { RateLimitPayload, ShapingPayload } from './events/billing.ts';
import { slowerShaping } from './shaping.ts';

const limit: fc.Arbitrary<RateLimitPayload> = fc
  .record({
    rate: fc.bigInt({ min: 1n, max: 5n }),
    burst: fc.option(
      fc.record({ above: fc.bigInt({ min: 0n, max: 5n }), threshold: fc.bigInt({ min: 1n, max: 2n }) }),
      { nil: undefined },
    ),
  })
  .map(({ rate, burst }) => ({
    bitsPerSecond: `${rate}`,
    ...(burst === undefined
      ? {}
      : {
          burst: {
            bitsPerSecond: `${rate + burst.above}`,
            thresholdBitsPerSecond: `${burst.threshold}`,
            seconds: 8,
          },
        }),
  }));
const shaping: fc.Arbitrary<ShapingPayload> = fc.record({ downstream: limit, upstream: limit });
const peak = ({ bitsPerSecond, burst }: RateLimitPayload) => BigInt(burst?.bitsPerSecond ?? bitsPerSecond);

test('the slower of two speeds exceeds neither, in rate or in burst, in any direction', () => {
  fc.assert(
    fc.property(shaping, shaping, (a, b) => {
      const slower = slowerShaping(a, b);
      for (const direction of ['downstream', 'upstream'] as const)
        for (const other of [a[direction], b[direction]]) {
          expect(BigInt(slower[direction].bitsPerSecond)).toBeLessThanOrEqual(BigInt(other.bitsPerSecond));
          expect(peak(slower[direction])).toBeLessThanOrEqual(peak(other));
        }
    }),
  );
});

test('neither order nor repetition nor grouping of speeds matters', () => {
  fc.assert(
    fc.property(shaping, shaping, shaping, (a, b, c) => {
      expect(slowerShaping(a, b)).toEqual(slowerShaping(b, a));
      expect(slowerShaping(slowerShaping(a, b), b)).toEqual(slowerShaping(a, b));
      expect(slowerShaping(slowerShaping(a, b), c)).toEqual(slowerShaping(a, slowerShaping(b, c)));
    }),
  );
});
