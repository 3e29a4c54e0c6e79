import fc from 'fast-check';
import { expect, it } from 'vitest';
import { formatDay, parseDay } from '../calendar/rules.ts';
import { dueOneOffs } from '../charge/rules-one-off.ts';
import { instalments } from './rules.ts';

const firstOn = parseDay('2024-01-31') ?? 0;

it('instalments sum to the price, whenever the service ends', () => {
  fc.assert(
    fc.property(
      fc.bigInt(0n, 10n ** 7n),
      fc.integer({ min: 1, max: 36 }),
      fc.option(fc.integer({ min: 0, max: 1200 })),
      (price, count, ended) => {
        const terminatedOn = ended === null ? undefined : firstOn + ended;
        const all = instalments({ id: 'router', price, count, firstOn }, terminatedOn);
        expect(all.reduce((sum, one) => sum + one.amount, 0n)).toBe(price);
        if (terminatedOn !== undefined) expect(dueOneOffs(all, new Set(), terminatedOn)).toHaveLength(count);
      },
    ),
  );
});
it('fall due on the day of the month, and all at once at the end', () => {
  const plan = { id: 'router', price: 10_000n, count: 3, firstOn };
  expect(instalments(plan).map((one) => [formatDay(one.on), one.amount])).toEqual([
    ['2024-01-31', 3334n],
    ['2024-02-29', 3333n],
    ['2024-03-31', 3333n],
  ]);
  expect(instalments(plan, firstOn + 5).map((one) => one.on)).toEqual([firstOn, firstOn + 5, firstOn + 5]);
});
