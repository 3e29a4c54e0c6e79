import { expect, test } from 'vitest';
import { checkKeyScopes, rotationEnd } from './rules.ts';

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

test('a rotated key ends after the overlap, never later than it would have', () => {
  expect(rotationEnd(1_000, 60, null)).toBe(61_000);
  expect(rotationEnd(1_000, 60, 5_000)).toBe(5_000);
  expect(rotationEnd(1_000, 0, null)).toBe(1_000);
});

test.each([-1, 90 * 86_400 + 1, Number.NaN])('an overlap of %s seconds is refused', (overlap) => {
  expect(() => rotationEnd(0, overlap, null)).toThrow(
    expect.objectContaining({ field: 'input.overlapSeconds' }),
  );
});
