import { expect, test } from 'vitest';
import { outcomeOf } from './audit.ts';

test.each([
  [{ data: { a: { __typename: 'Customer', id: 'cus_1' } } }, 'Customer'],
  [{ data: { a: { id: 'cus_1' } } }, 'DONE'],
  [{ data: { a: true } }, 'DONE'],
  [{ data: { a: null } }, 'DONE'],
  [{ data: {} }, 'SKIPPED'],
  [
    { data: { a: null }, errors: [{ message: '', path: ['a'], extensions: { code: 'FORBIDDEN' } }] },
    'FORBIDDEN',
  ],
  [{ data: { a: null }, errors: [{ message: '', path: ['a', 'name'] }] }, 'ERROR'],
  [{ data: { a: true }, errors: [{ message: '', path: ['b'], extensions: { code: 'FORBIDDEN' } }] }, 'DONE'],
  [{ errors: [{ message: '', extensions: { code: 'BAD_REQUEST' } }] }, 'BAD_REQUEST'],
])('%j came out as %s', (result, outcome) => {
  expect(outcomeOf('a', result)).toBe(outcome);
});
