import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { checkManifest } from './rules.ts';

const text = 'query Now { now }';
const id = createHash('sha256').update(text).digest('hex');

test('a document goes by the hash of its text, with or without the prefix', () => {
  expect(checkManifest([{ id, text }])).toEqual([{ id, text }]);
  expect(checkManifest([{ id: `sha256:${id.toUpperCase()}`, text }])).toEqual([{ id, text }]);
});

test('an id that is not the hash is refused, with what would be right', () => {
  const changed = { id, text: `${text} ` };
  expect(() => checkManifest([{ id, text }, changed])).toThrow(
    expect.objectContaining({ field: 'input.documents.1.id' }),
  );
});

test('too many and too long are refused', () => {
  expect(() => checkManifest(Array.from({ length: 1_001 }, () => ({ id, text })))).toThrow(
    expect.objectContaining({ field: 'input.documents' }),
  );
  expect(() => checkManifest([{ id, text: 'x'.repeat(300_000) }])).toThrow(
    expect.objectContaining({ field: 'input.documents.0.text' }),
  );
});
