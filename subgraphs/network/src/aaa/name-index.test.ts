import fc from 'fast-check';
import { expect, test } from 'vitest';
import { NameIndex } from './name-index.ts';

const around = (name: string) => {
  const octets = Buffer.concat([Buffer.from('<'), Buffer.from(name), Buffer.from('>')]);
  return [octets, 1, octets.length - 1] as const;
};

test('whatever is set and deleted, it finds what a map of texts finds, by text and by octets', () => {
  const names = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 6 }),
    fc.constantFrom('ada', 'ad', 'adä', 'ada@x', ''),
  );
  const step = fc.record({ name: names, kept: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), fc.array(names, { maxLength: 10 }), (steps, others) => {
      const index = new NameIndex<{ username: string; at: number }>();
      const expected = new Map<string, number>();
      // Halves of surrogate pairs are no text of a database, nor of UTF-8.
      for (const [at, { name, kept }] of steps.entries()) {
        const username = name.toWellFormed();
        if (kept) index.set({ username, at });
        else index.delete(username);
        if (kept) expected.set(username, at);
        else expected.delete(username);
      }
      for (const name of [...steps.map((one) => one.name), ...others].map((one) => one.toWellFormed())) {
        const wanted = expected.get(name) ?? null;
        expect(index.get(name)?.at ?? null).toBe(wanted);
        expect(index.find(...around(name))?.at ?? null).toBe(wanted);
      }
    }),
  );
});

test('names that share a hash are told apart, and one that goes leaves the others', () => {
  // 2^18 names of 32 bits: some two of them share one, whatever the seed.
  const index = new NameIndex();
  const count = 2 ** 18;
  for (let n = 0; n < count; n++) index.set({ username: `user${n}` });
  const missing = () => {
    let lost = 0;
    for (let n = 0; n < count; n++) if (index.get(`user${n}`)?.username !== `user${n}`) lost++;
    return lost;
  };
  expect(missing()).toBe(0);
  for (let n = 0; n < count; n += 2) index.delete(`user${n}`);
  expect(missing()).toBe(count / 2);
  expect(index.get('user1')).toEqual({ username: 'user1' });
});

test('octets that are no UTF-8 are nobody', () => {
  const index = new NameIndex();
  index.set({ username: '\ufffd' });
  expect(index.find(Buffer.from([0xff]), 0, 1)).toBeNull();
  expect(index.get('\ufffd')).not.toBeNull();
});
