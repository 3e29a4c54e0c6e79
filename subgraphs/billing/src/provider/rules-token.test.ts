import { expect, test } from 'vitest';
import { isAccountNumber } from './rules-token.ts';

test.each([
  ['4242 4242 4242 4242', true],
  ['378282246310005', true],
  ['DE89 3704 0044 0532 0130 00', true],
  ['4242424242424241', false],
  ['DE89370400440532013001', false],
  ['pm_1NG8Du2eZvKYlo2CUI79vXWy', false],
  ['sandbox_ok', false],
  ['123', false],
])('%s is the number of a card or account: %s', (text, expected) => {
  expect(isAccountNumber(text)).toBe(expected);
});
