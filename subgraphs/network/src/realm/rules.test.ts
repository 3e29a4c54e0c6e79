import { expect, test } from 'vitest';
import { checkRealm, realmOf, withoutRealm } from './rules.ts';

test.each([
  ['ada', null, 'ada'],
  ['ada@Partner.Example', 'partner.example', 'ada'],
  ['ada@home@partner.example', 'partner.example', 'ada@home'],
  ['@partner.example', 'partner.example', '@partner.example'],
  ['ada@', null, 'ada'],
])('%s lies in %s', (name, realm, plain) => {
  expect(realmOf(name)).toBe(realm);
  expect(withoutRealm(name)).toBe(plain);
});

test.each(['', '@x', 'a b', '-a', 'a..b', `${'a'.repeat(254)}`])('"%s" is no realm', (name) => {
  expect(() => checkRealm(name)).toThrow(expect.objectContaining({ field: 'input.name' }));
});

test('a realm is written in lower case', () => {
  expect(checkRealm(' Partner-1.Example ')).toBe('partner-1.example');
});
