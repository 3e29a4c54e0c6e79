import fc from 'fast-check';
import { expect, it } from 'vitest';
import { monthly, mrr } from './rules.ts';

it('values every interval by the month', () => {
  expect(monthly(12_000n, 'year', 1)).toBe(1_000n);
  expect(monthly(9_000n, 'month', 3)).toBe(3_000n);
  expect(monthly(700n, 'week', 1)).toBe(3_042n);
  expect(monthly(100n, 'day', 1)).toBe(3_042n);
});

it('opens, moves and closes to the cent, and every number names its services', () => {
  const value = fc.option(fc.bigInt(0n, 10_000n));
  const service = fc.record({
    serviceId: fc.uuid(),
    customerId: fc.constantFrom('ada', 'bob', 'cy'),
    currency: fc.constantFrom('EUR', 'USD'),
    opening: value,
    closing: value,
  });
  fc.assert(
    fc.property(fc.uniqueArray(service, { selector: (one) => one.serviceId, maxLength: 12 }), (services) => {
      for (const report of mrr(services)) {
        const moved = report.movements.reduce((sum, one) => sum + one.amount, 0n);
        expect(report.opening + moved).toBe(report.closing);
        for (const { amount, serviceIds } of report.movements) {
          const own = services.filter((one) => serviceIds.includes(one.serviceId));
          expect(own.reduce((sum, one) => sum + (one.closing ?? 0n) - (one.opening ?? 0n), 0n)).toBe(amount);
        }
        expect(report.openingCustomers - report.churnedCustomerIds.length).toBeLessThanOrEqual(
          report.closingCustomers,
        );
      }
    }),
  );
});
