import { expect, test } from 'vitest';
import { normaliseCustomer } from './rules.ts';

test('blanks go and e-mail addresses become lower case', () => {
  expect(normaliseCustomer({ name: ' Ada Lovelace ', email: ' Ada@Example.NET ', phone: ' ' })).toEqual({
    name: 'Ada Lovelace',
    email: 'ada@example.net',
    phone: null,
  });
});

test.each([
  [{ name: '  ' }, 'input.name'],
  [{ name: 'x'.repeat(201) }, 'input.name'],
  [{ name: 'Ada', email: 'nobody' }, 'input.email'],
])('%o is refused for %s', (input, field) => {
  expect(() => normaliseCustomer(input)).toThrow(expect.objectContaining({ code: 'VALIDATION', field }));
});
