import fc from 'fast-check';
import { expect, it } from 'vitest';
import { desiredAccess, type Lifter, type Lock, lift, raise } from './rules.ts';

const reasons = ['billing', 'abuse', 'technical', 'customerRequest', 'legal'] as const;
const locks = fc.array(
  fc.record({ reason: fc.constantFrom(...reasons), reference: fc.constantFrom('x', 'y') }),
  { maxLength: 5 },
);

it('payment lifts the billing lock only; service opens when no lock remains', () => {
  fc.assert(
    fc.property(locks, (all) => {
      const rest = lift(all, 'payment');
      expect(rest).toEqual(all.filter((lock) => lock.reason !== 'billing'));
      expect(desiredAccess(rest) === 'open').toBe(rest.length === 0);
      const lifters: Lifter[] = ['payment', 'abuseDesk', 'operations', 'customer', 'legal'];
      expect(desiredAccess(lifters.reduce<Lock[]>(lift, all))).toBe('open');
    }),
  );
});
it('degrades for billing alone, closes otherwise, and is raised once', () => {
  const billing: Lock = { reason: 'billing', reference: 'cycle' };
  const once = raise(raise([], billing), billing);
  expect(once).toEqual([billing]);
  expect(desiredAccess(once)).toBe('walledGarden');
  expect(desiredAccess(raise(once, { reason: 'abuse', reference: 'ticket' }))).toBe('closed');
});
