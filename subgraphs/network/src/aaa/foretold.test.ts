import fc from 'fast-check';
import { expect, test } from 'vitest';
import { defaultGarden } from '../garden/rules.ts';
import { Foretold, patienceMilliseconds, toldBy } from './foretold.ts';
import type { PolicyAccess } from './policy-access.ts';

const reasons = ['BILLING', 'ABUSE', 'TECHNICAL', 'CUSTOMER_REQUEST', 'LEGAL'] as const;
const anyLocks = fc.uniqueArray(fc.constantFrom(...reasons));

function row(locks: readonly (typeof reasons)[number][], mode: PolicyAccess['mode'] = 'OPEN') {
  return { serviceId: 'srv_1', locks: [...locks], capBlocked: false, mode } as unknown as PolicyAccess;
}

const opened = (_serviceId: string, sealed: Uint8Array) => Buffer.from(sealed).toString();

test('notices of every kind are understood', () => {
  const notice = (type: string, more: object) =>
    toldBy(JSON.stringify({ type, serviceId: 'srv_1', ...more }), opened);
  expect(notice('service.locks.changed', { locks: ['ABUSE'], state: null }).told).toEqual({
    locks: ['ABUSE'],
  });
  expect(notice('service.cancelled', { locks: null, state: null }).told).toEqual({ closed: true });
  expect(notice('usage.allowance.changed', { locks: null, state: 'BLOCKED' }).told).toEqual({
    capBlocked: true,
  });
  expect(notice('usage.allowance.changed', { locks: null, state: 'OPEN' }).told).toEqual({
    capBlocked: false,
  });
  expect(notice('access.password', { password: Buffer.from('new').toString('base64') }).told).toEqual({
    password: 'new',
  });
  const sealed = JSON.stringify({ type: 'access.password', serviceId: 'srv_1', password: 'xx' });
  expect(toldBy(sealed, () => null).told).toEqual({});
});

test('a new password holds from its notice on, against rows of before, and what else was told stays', () => {
  const foretold = new Foretold();
  const kept = (password: string) => ({ ...row([]), password });
  foretold.tell('srv_1', { locks: ['ABUSE'] });
  foretold.tell('srv_1', { password: 'new' });
  expect(foretold.read(kept('old'), defaultGarden, 0)).toMatchObject({ password: 'new', mode: 'BLOCKED' });
  foretold.tell('srv_1', { password: 'newer' });
  expect(foretold.read(kept('new'), defaultGarden, 0)?.password).toBe('newer');
  expect(foretold.waiting()).toEqual(['srv_1']);
  foretold.tell('srv_1', { locks: [] });
  expect(foretold.read(kept('newer'), defaultGarden, 0)?.password).toBe('newer');
  expect(foretold.waiting()).toEqual([]);
});

test('what was told last holds against every row of before, whatever is read in between, until the row says it', () => {
  fc.assert(
    fc.property(
      fc.array(anyLocks, { minLength: 2, maxLength: 6 }),
      fc.infiniteStream(fc.nat(5)),
      (history, picks) => {
        const foretold = new Foretold();
        // Commits are told in their order; the row is at any of those before, as the consumer gets there.
        let at = 0;
        for (const [told, locks] of history.entries()) {
          if (told > 0) foretold.tell('srv_1', { locks });
          for (const pick of [picks.next().value ?? 0, picks.next().value ?? 0]) {
            at = Math.min(told, at + (pick > 3 ? 1 : 0));
            const held = foretold.read(row(history[at] ?? []), defaultGarden, 0);
            const same = [...(history[at] ?? [])].sort().join() === [...locks].sort().join();
            // A row that says the same by chance, of an earlier commit, is the row that was waited for.
            if (foretold.waiting().length > 0 || same)
              expect([...(held?.locks ?? [])].sort()).toEqual([...locks].sort());
          }
        }
        at = history.length - 1;
        foretold.read(row(history[at] ?? []), defaultGarden, 0);
        expect(foretold.waiting()).toEqual([]);
      },
    ),
  );
});

test('a lock of any reason but the one the garden admits blocks at once, and lifting it opens', () => {
  const foretold = new Foretold();
  foretold.tell('srv_1', { locks: ['ABUSE'] });
  expect(foretold.applied(row([]), defaultGarden)?.mode).toBe('BLOCKED');
  foretold.tell('srv_1', { locks: [] });
  expect(foretold.applied(row(['ABUSE'], 'BLOCKED'), defaultGarden)?.mode).toBe('OPEN');
  foretold.tell('srv_1', { closed: true });
  expect(foretold.applied(row([]), defaultGarden)).toBeNull();
  foretold.gone('srv_1');
  expect(foretold.waiting()).toEqual([]);
});

test('a row that goes on saying otherwise is believed in the end, and has its time anew after an outage', () => {
  const foretold = new Foretold();
  foretold.tell('srv_1', { locks: ['ABUSE'] });
  expect(foretold.read(row([]), defaultGarden, 0)?.mode).toBe('BLOCKED');
  foretold.begin();
  expect(foretold.read(row([]), defaultGarden, 10 * patienceMilliseconds)?.mode).toBe('BLOCKED');
  expect(foretold.read(row([]), defaultGarden, 12 * patienceMilliseconds)?.mode).toBe('OPEN');
  expect(foretold.waiting()).toEqual([]);
});
