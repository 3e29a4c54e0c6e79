import { expect, test } from 'vitest';
import { ProviderRefusal } from './port.ts';
import { declineClass, stripeAmount } from './rules-stripe.ts';

test.each([
  ['insufficient_funds', undefined, 'insufficientFunds'],
  ['authentication_required', undefined, 'authenticationRequired'],
  ['stolen_card', undefined, 'hard'],
  ['debit_not_authorized', undefined, 'hard'],
  ['do_not_honor', undefined, 'soft'],
  ['do_not_honor', 'do_not_try_again', 'hard'],
  ['a code that nobody knows yet', undefined, 'soft'],
])('the decline %s with the advice %s is %s', (code, advice, expected) => {
  expect(declineClass(code, advice)).toBe(expected);
});

test('amounts go to Stripe in its own digits, or not at all', () => {
  expect([stripeAmount(1_250n, 'USD'), stripeAmount(500n, 'JPY'), stripeAmount(1_230n, 'KWD')]).toEqual([
    1_250, 500, 1_230,
  ]);
  for (const [minor, currency] of [
    [1_234n, 'KWD'],
    [100n, 'UGX'],
    [100n, 'ISK'],
    [0n, 'USD'],
    [100_000_000n, 'USD'],
    [1n, 'XXX'],
  ] as const)
    expect(() => stripeAmount(minor, currency), `${minor} ${currency}`).toThrow(ProviderRefusal);
});
