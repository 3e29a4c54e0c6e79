import { expect, test } from 'vitest';
import { letter } from './rules.ts';

test('a letter says the amount in the currency’s own digits', () => {
  expect(
    letter({ kind: 'invoice', number: 'INV-1', gross: 3000n, dueOn: '2027-01-15' }, 'Ada', 'ISP', 'USD'),
  ).toEqual({
    subject: 'ISP: invoice INV-1',
    text: 'Dear Ada,\n\nattached is the invoice INV-1 of 30.00 USD, due on 2027-01-15.\n\nISP\n',
  });
  const yen = letter({ kind: 'receipt', amount: 500n, on: '2027-01-15', numbers: [] }, 'Ada', 'ISP', 'JPY');
  expect(yen.text).toContain('500 JPY');
  expect(yen.text).toContain('credit');
});

test('a name that holds a header is one line of text', () => {
  const { subject, text } = letter(
    { kind: 'statement', on: '2027-01-15', owed: 1n, overdue: 0n },
    'Ada\r\nBcc: all@example.com',
    'ISP\r\nX: y',
    'USD',
  );
  expect(subject).toBe('ISP X: y: statement of 2027-01-15');
  expect(text.split('\n')[0]).toBe('Dear Ada Bcc: all@example.com,');
});
