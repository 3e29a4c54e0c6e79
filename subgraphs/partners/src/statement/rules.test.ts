import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type DueEntry, refusalOfUntil, statementHash, sumsOf } from './rules.ts';

const amount = fc.bigInt({ min: -1_000_000n, max: 1_000_000n });
const months = fc.array(fc.array(amount, { maxLength: 8 }), { maxLength: 24 });
const minimum = fc.bigInt({ min: 0n, max: 100_000n });

/** Statements of months one after the other, each opening with what the one before carried. */
function stated(entries: readonly (readonly bigint[])[], minimumMinor: bigint) {
  let opening = 0n;
  return entries.map((month) => {
    const sums = sumsOf(
      opening,
      month.map((amountMinor) => ({ amountMinor })),
      minimumMinor,
    );
    opening = sums.carriedMinor;
    return sums;
  });
}

const sum = (amounts: readonly bigint[]) => amounts.reduce((total, one) => total + one, 0n);

describe('statements', () => {
  test('what is paid and what is carried last is the sum of all entries, to the cent', () => {
    fc.assert(
      fc.property(months, minimum, (entries, minimumMinor) => {
        const statements = stated(entries, minimumMinor);
        const paid = sum(statements.map(({ payableMinor }) => payableMinor));
        expect(paid + (statements.at(-1)?.carriedMinor ?? 0n)).toBe(sum(entries.flat()));
      }),
    );
  });

  test('a payout reaches the minimum and leaves nothing; below zero nobody is debited', () => {
    fc.assert(
      fc.property(months, minimum, (entries, minimumMinor) => {
        for (const { payableMinor, carriedMinor } of stated(entries, minimumMinor)) {
          expect(payableMinor === 0n || (payableMinor >= minimumMinor && carriedMinor === 0n)).toBe(true);
          expect(carriedMinor < minimumMinor || carriedMinor <= 0n).toBe(true);
        }
      }),
    );
  });

  test('how entries fall into months changes nothing in the end, without a minimum and what went below zero', () => {
    fc.assert(
      fc.property(fc.array(fc.bigInt({ min: 0n, max: 1_000_000n }), { maxLength: 20 }), (entries) => {
        const apart = stated(
          entries.map((one) => [one]),
          0n,
        );
        const [together] = stated([entries], 0n);
        expect(sum(apart.map(({ payableMinor }) => payableMinor))).toBe(together?.payableMinor);
      }),
    );
  });

  test('the hash tells every change of a line', () => {
    const line: DueEntry = {
      id: 'cme_1',
      tenantId: 'ten_1',
      sourceKind: 'PAYMENT',
      sourceId: 'pay_1',
      baseMinor: 10_000n,
      rateBasisPoints: 1500,
      amountMinor: 1500n,
      earnedAt: new Date('2026-11-02T10:00:00Z'),
    };
    const hash = (lines: readonly DueEntry[]) =>
      statementHash(
        {
          ...sumsOf(0n, lines, 0n),
          partnerId: 'par_1',
          number: 1,
          currency: 'USD',
          until: '2026-12-01',
          previousHash: null,
        },
        lines,
      );
    const changed: readonly Partial<DueEntry>[] = [
      { id: 'cme_2' },
      { tenantId: 'ten_2' },
      { sourceKind: 'REFUND' },
      { sourceId: 'pay_2' },
      { baseMinor: 1n },
      { rateBasisPoints: 1 },
      { amountMinor: 1n },
      { earnedAt: new Date(0) },
    ];
    const hashes = changed.map((change) => hash([{ ...line, ...change }]));
    expect(new Set([hash([line]), hash([line, line]), ...hashes]).size).toBe(changed.length + 2);
  });
});

test.each([
  ['2026-11-01', undefined],
  ['2026-12-01', 'is not over'],
  ['2026-11-02', 'first of the next'],
])('on 29 November 2026 commission is stated until %s: %s', (until, refusal) => {
  const found = refusalOfUntil(until, '2026-11-29');
  if (refusal === undefined) expect(found).toBeUndefined();
  else expect(found).toContain(refusal);
});
