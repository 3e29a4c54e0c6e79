import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { commissionOf, inFirstYear } from './rules.ts';

const rate = fc.integer({ min: 1000, max: 2000 });
const payments = fc.array(fc.bigInt({ min: 1n, max: 10_000_000n }), { minLength: 1, maxLength: 20 });

function earn(nets: readonly bigint[], basisPoints: number): bigint {
  let before = { baseMinor: 0n, amountMinor: 0n };
  for (const net of nets) {
    const amount = commissionOf(net, basisPoints, before);
    before = { baseMinor: before.baseMinor + net, amountMinor: before.amountMinor + amount };
  }
  return before.amountMinor;
}

describe('commission', () => {
  test('15 % of 100.01 is 15.00, and of the next 100.01 one cent more in all', () => {
    expect(commissionOf(10_001n, 1500, { baseMinor: 0n, amountMinor: 0n })).toBe(1500n);
    expect(commissionOf(10_001n, 1500, { baseMinor: 10_001n, amountMinor: 1500n })).toBe(1500n);
  });

  test('neither the order nor the splitting of payments changes the sum', () => {
    fc.assert(
      fc.property(payments, rate, (nets, basisPoints) => {
        const total = nets.reduce((sum, net) => sum + net, 0n);
        expect(earn(nets, basisPoints)).toBe(earn([total], basisPoints));
        expect(earn(nets.toReversed(), basisPoints)).toBe(earn(nets, basisPoints));
      }),
    );
  });

  test('a full refund returns exactly what was earned', () => {
    fc.assert(
      fc.property(payments, rate, (nets, basisPoints) => {
        expect(earn([...nets, ...nets.map((net) => -net)], basisPoints)).toBe(0n);
      }),
    );
  });
});

test.each([
  ['2026-01-31T11:59:59Z', true],
  ['2027-01-31T11:59:59Z', true],
  ['2027-01-31T12:00:00Z', false],
])(
  'the first year of a tenant that is live since 31 January 2026, noon, has %s: %s',
  (receivedAt, within) => {
    expect(inFirstYear(new Date(receivedAt), new Date('2026-01-31T12:00:00Z'))).toBe(within);
  },
);
