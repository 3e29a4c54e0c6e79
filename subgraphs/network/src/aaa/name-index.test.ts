import fc from 'fast-check';
import { expect, test } from 'vitest';
import { NameIndex } from './name-index.ts';

const around = (name: string) => {
  const octets = Buffer.concat([Buffer.from('<'), Buffer.from(name), Buffer.from('>')]);
  return [octets, 1, octets.length - 1] as const;
};

test('whatever is set and deleted, it finds what a map of texts finds, by text and by octets', () => {
  const names = fc.oneof(
    fc.string({ maxLength: 3 }),
    fc.constantFrom('ada', 'ad', 'adä', 'ä', 'ada@x', '\u{1f600}', ''),
  );
  const step = fc.record({ name: names, kept: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 12 }), fc.array(names, { maxLength: 4 }), (steps, others) => {
      const index = new NameIndex<{ username: string; at: number }>();
      const expected = new Map<string, number>();
      for (const [at, { name: username, kept }] of steps.entries()) {
        if (kept) index.set({ username, at });
        else index.delete(username);
        if (kept) expected.set(username, at);
        else expected.delete(username);
      }
      const asked = [...steps.map(({ name }) => name), ...others];
      const wanted = asked.map((name) => expected.get(name) ?? null);
      expect(asked.map((name) => index.get(name)?.at ?? null)).toEqual(wanted);
      expect(asked.map((name) => index.find(...around(name))?.at ?? null)).toEqual(wanted);
    }),
  );
});

test('names that share a hash are told apart, and one that goes leaves the others', () => {
  // 2^17 names of 32 bits: two pairs of them share one, more or less.
  const index = new NameIndex();
  const count = 2 ** 17;
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
