import fc from 'fast-check';
import { expect, test } from 'vitest';
import { RecentTypes } from './recent.ts';

const pass = (after: bigint, to: bigint, ...types: string[]) => ({
  sequenced: { after, to, types: new Set(types) },
  more: false,
  position: to,
});

test('a reader of other types moves to the head; one whose type is among them looks', () => {
  const recent = new RecentTypes();
  expect(recent.quietUntil(0n, ['a'])).toBeNull();
  recent.note(pass(0n, 3n, 'a', 'b'));
  recent.note(pass(3n, 5n, 'b'));
  expect(recent.quietUntil(0n, ['c'])).toBe(5n);
  expect(recent.quietUntil(0n, ['c', 'a'])).toBeNull();
  expect(recent.quietUntil(3n, ['a'])).toBe(5n);
  expect(recent.quietUntil(5n, ['a', 'b'])).toBe(5n);
  expect(recent.quietUntil(6n, ['a'])).toBeNull();
});

test('what somebody else placed is unknown', () => {
  const recent = new RecentTypes();
  recent.note(pass(0n, 3n, 'a'));
  recent.note({ sequenced: null, more: false, position: 4n });
  expect(recent.quietUntil(3n, ['z'])).toBeNull();
  expect(recent.quietUntil(4n, ['z'])).toBe(4n);
  recent.note(pass(6n, 7n, 'a'));
  expect(recent.quietUntil(4n, ['z'])).toBeNull();
  recent.note({ sequenced: null, more: false, position: null });
  expect(recent.quietUntil(7n, ['z'])).toBeNull();
});

test('however passes and strangers alternate, no event of a type is passed over', () => {
  const type = fc.constantFrom('a', 'b', 'c');
  const step = fc.record({ own: fc.boolean(), types: fc.array(type, { maxLength: 4 }) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), type, fc.nat(60), (steps, wanted, from) => {
      const recent = new RecentTypes();
      const log: string[] = [];
      for (const { own, types } of steps) {
        const after = BigInt(log.length);
        log.push(...types);
        const to = BigInt(log.length);
        if (own && types.length > 0) recent.note(pass(after, to, ...types));
        else recent.note({ sequenced: null, more: false, position: to });
      }
      const quiet = recent.quietUntil(BigInt(from), [wanted]);
      if (quiet !== null) expect(log.slice(from, Number(quiet))).not.toContain(wanted);
    }),
  );
});
