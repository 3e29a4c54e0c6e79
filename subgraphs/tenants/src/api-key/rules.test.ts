import { expect, test } from 'vitest';
import { checkKeyScopes } from './rules.ts';

test('repeated scopes count once; none is fine and gives nothing', () => {
  expect(checkKeyScopes(['billing:read', 'billing:read'], ['billing:read'])).toEqual(['billing:read']);
  expect(checkKeyScopes([], [])).toEqual([]);
});

test.each([
  ['unknown', 'billing:fly', ['billing:read']],
  ['not held by its maker', 'network:write', ['billing:read']],
  ['for people only', 'tenant:keys:write', ['tenant:keys:write']],
] as const)('a scope that is %s is refused', (_why, scope, held) => {
  expect(() => checkKeyScopes([scope], held)).toThrow(expect.objectContaining({ field: 'input.scopes' }));
});
