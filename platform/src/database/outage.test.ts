import { expect, test } from 'vitest';
import { isDatabaseOutage } from './outage.ts';

const withCode = (code: string) => Object.assign(new Error('failed'), { code });

test('a server that is away, full or shutting down is an outage; a refused row or a cancelled statement is not', () => {
  for (const code of ['ECONNREFUSED', 'ENOENT', '57P01', '57P03', '08006', '53300', '53100'])
    expect([code, isDatabaseOutage(withCode(code))]).toEqual([code, true]);
  for (const code of ['23505', '23514', '22P02', '57014', '40P01', '42P01'])
    expect([code, isDatabaseOutage(withCode(code))]).toEqual([code, false]);
  expect(isDatabaseOutage(new Error('Connection terminated unexpectedly'))).toBe(true);
  expect(isDatabaseOutage(new Error('the batch is empty'))).toBe(false);
  expect(isDatabaseOutage('ECONNREFUSED')).toBe(false);
});
