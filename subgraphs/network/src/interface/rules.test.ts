import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type CounterSample, operStatusChanged, rateBetween } from './rules.ts';

const sample = (octets: bigint | null, at: number, more: Partial<CounterSample> = {}): CounterSample => ({
  at,
  octets,
  counterBits: 64,
  uptimeSeconds: null,
  ...more,
});

test('the rate is octets times eight over the seconds', () => {
  const result = rateBetween(sample(0n, 0), sample(7_500_000n, 60_000), 10_000_000n);
  expect(result).toEqual({ kind: 'RATE', bitsPerSecond: 1_000_000n, seconds: 60 });
});

test("the device's clock counts, not ours: a late answer is no higher rate", () => {
  const before = sample(0n, 0, { uptimeSeconds: 100 });
  const now = sample(7_500_000n, 45_000, { uptimeSeconds: 160 });
  expect(rateBetween(before, now, null)).toMatchObject({ bitsPerSecond: 1_000_000n, seconds: 60 });
});

test('32-bit counters wrap; 64-bit ones only ever start over', () => {
  const bits = { counterBits: 32 } as const;
  const wrapped = rateBetween(sample(4_294_967_000n, 0, bits), sample(704n, 8_000, bits), 100_000_000n);
  expect(wrapped).toEqual({ kind: 'RATE', bitsPerSecond: 1_000n, seconds: 8 });
  expect(rateBetween(sample(4_294_967_000n, 0), sample(704n, 8_000), null)).toEqual({ kind: 'RESET' });
});

test('after a restart there is no rate, also when the counter has passed its old value already', () => {
  const before = sample(1_000n, 0, { uptimeSeconds: 5_000 });
  expect(rateBetween(before, sample(9_000n, 60_000, { uptimeSeconds: 30 }), null)).toEqual({ kind: 'RESET' });
});

test('a clock of 32 bits that wraps after 497 days is no restart', () => {
  const before = sample(1_000n, 0, { uptimeSeconds: 42_949_652.96 });
  const now = sample(751_000n, 60_000, { uptimeSeconds: 40 });
  expect(rateBetween(before, now, null)).toEqual({ kind: 'RATE', bitsPerSecond: 100_000n, seconds: 60 });
  expect(rateBetween(before, sample(751_000n, 3_600_000, { uptimeSeconds: 40 }), null)).toEqual({
    kind: 'RESET',
  });
});

test('more than the port can carry is not believed', () => {
  expect(rateBetween(sample(0n, 0), sample(10n ** 12n, 1_000), 1_000_000_000n)).toEqual({
    kind: 'IMPLAUSIBLE',
  });
});

test('no rate is ever negative or beyond the port, whatever the counters do', () => {
  const octets = fc.option(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }));
  const uptime = fc.option(fc.double({ min: 0, max: 1e9, noNaN: true }));
  const counterBits = fc.constantFrom(32 as const, 64 as const, null);
  const speed = fc.option(fc.bigInt({ min: 0n, max: 10n ** 12n }));
  fc.assert(
    fc.property(
      fc.record({ at: fc.integer({ min: 0 }), octets, uptimeSeconds: uptime, counterBits }),
      fc.record({ at: fc.integer({ min: 0 }), octets, uptimeSeconds: uptime, counterBits }),
      speed,
      (before, now, bitsPerSecond) => {
        const result = rateBetween(before, now, bitsPerSecond);
        if (result.kind !== 'RATE') return;
        expect(result.bitsPerSecond).toBeGreaterThanOrEqual(0n);
        const most = bitsPerSecond === null || bitsPerSecond === 0n ? 400e9 : Number(bitsPerSecond);
        expect(Number(result.bitsPerSecond)).toBeLessThanOrEqual(most * 1.1 + 1);
      },
    ),
  );
});

test('a port whose state was never seen has not changed', () => {
  expect(operStatusChanged(null, 'down')).toBe(false);
  expect(operStatusChanged('up', 'unknown')).toBe(false);
  expect(operStatusChanged('up', null)).toBe(false);
  expect(operStatusChanged('up', 'lowerLayerDown')).toBe(true);
});
