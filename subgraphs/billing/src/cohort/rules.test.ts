import fc from 'fast-check';
import { expect, test } from 'vitest';
import { cohortsOf } from './rules.ts';

test('who came in a month, and who of them is left at the end of each month since', () => {
  const stays = [
    { customerId: 'a', from: '2026-01-10', to: null },
    { customerId: 'b', from: '2026-01-31', to: '2026-02-28' },
    { customerId: 'c', from: '2026-02-01', to: null },
    // Back again: still of the month in which he came first.
    { customerId: 'b', from: '2026-03-05', to: null },
  ];
  expect(cohortsOf(stays, '2026-03-10')).toEqual([
    { month: '2026-01', customerIds: ['a', 'b'], kept: [['a', 'b'], ['a'], ['a', 'b']] },
    { month: '2026-02', customerIds: ['c'], kept: [['c'], ['c']] },
  ]);
});

test('everybody is in one cohort, and nobody is kept who was not in it', () => {
  const day = fc
    .integer({ min: 0, max: 700 })
    .map((n) => `${Temporal.PlainDate.from('2025-01-01').add({ days: n })}`);
  const stay = fc.record({ customerId: fc.constantFrom('a', 'b', 'c', 'd'), from: day, to: fc.option(day) });
  fc.assert(
    fc.property(fc.array(stay), (stays) => {
      const cohorts = cohortsOf(stays, '2026-12-31');
      const members = cohorts.flatMap(({ customerIds }) => customerIds);
      expect(members.toSorted()).toEqual([...new Set(stays.map(({ customerId }) => customerId))].sort());
      for (const { customerIds, kept } of cohorts)
        for (const month of kept) expect(customerIds).toEqual(expect.arrayContaining([...month]));
    }),
  );
});
