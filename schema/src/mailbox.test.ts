import { expect, test } from 'vitest';
import { isMailbox, readMailbox } from './mailbox.ts';

test.each([
  ['ada@example.com', true],
  ['ada+isp@mail.example.co.uk', true],
  ['ada@localhost', true],
  ['ada@example.com, eve@example.com', false],
  ['ada@example.com\r\nBcc: eve@example.com', false],
  ['"ada"@example.com', false],
  ['Ada <ada@example.com>', false],
  ['ada', false],
])('%s is a mailbox: %s', (text, expected) => {
  expect(isMailbox(text)).toBe(expected);
});

test('an address is kept in lower case without spaces around it; what is none is named', () => {
  expect(readMailbox('input.email', ' Ada@Example.com ')).toBe('ada@example.com');
  expect(() => readMailbox('input.email', 'ada at example')).toThrow('"ada at example" is not an e-mail');
});
