import { expect, test } from 'vitest';
import { heardOf, heardWith, presumedSecret, rotationRuns, secretInUse, unheardSecrets } from './rotation.ts';

const secret = Buffer.from('sealed');
const rotating = {
  previousSecret: secret,
  previousSecretUntil: new Date(2_000),
  secretSince: new Date(1_000),
};

test('the secret before holds up to its end and not at it; without an end until somebody ends it', () => {
  expect(rotationRuns(rotating, 1_999)).toBe(true);
  expect(rotationRuns(rotating, 2_000)).toBe(false);
  expect(rotationRuns({ ...rotating, previousSecretUntil: null }, 9_999)).toBe(true);
  expect(rotationRuns({ ...rotating, previousSecret: null, previousSecretUntil: null }, 1_500)).toBe(false);
});

test('a NAS is talked to with the one it was last heard with, before its first word with the one before', () => {
  expect(presumedSecret(rotating, unheardSecrets, 1_500)).toBe('PREVIOUS');
  const moved = heardWith(heardWith(unheardSecrets, 1_000, 'PREVIOUS', 1_100), 1_000, 'CURRENT', 1_200);
  expect(moved).toEqual({ since: 1_000, currentAt: 1_200, previousAt: 1_100 });
  expect(presumedSecret(rotating, moved, 1_500)).toBe('CURRENT');
  const back = heardWith(moved, 1_000, 'PREVIOUS', 1_300);
  expect(presumedSecret(rotating, back, 1_500)).toBe('PREVIOUS');
  expect(presumedSecret(rotating, back, 2_000)).toBe('CURRENT');
});

test('what was heard of secrets of before says nothing of those after the next rotation', () => {
  const heard = heardWith(unheardSecrets, 1_000, 'CURRENT', 1_200);
  const next = { ...rotating, secretSince: new Date(3_000), previousSecretUntil: new Date(4_000) };
  expect(secretInUse(heardOf(next, heard))).toBeNull();
  expect(presumedSecret(next, heard, 3_500)).toBe('PREVIOUS');
  const after = heardWith(heard, 3_000, 'CURRENT', 3_100);
  expect(heardWith(after, 1_000, 'PREVIOUS', 3_200)).toBe(after);
  expect(heardWith(after, null, 'PREVIOUS', 3_200)).toBe(after);
});
