import { anonymous } from '@dotmac/schema';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { callerOf } from '../identity/caller.ts';
import { type Delivery, Outbox, type Sink } from './outbox.ts';
import type { Start } from './resume.ts';
import { Ring } from './ring.ts';
import type { SourceEnd, SourceEvent, SourceQuiet } from './source.ts';
import { type Member, Stream } from './stream.ts';

const delivery = (number: number): Delivery => ({
  text: `event ${number}`,
  cursor: `c${number}`,
  key: null,
  place: null,
});

describe('the ring', () => {
  test('knows what follows a cursor as long as it keeps it', () => {
    const ring = new Ring(25, 'c0');
    for (const number of [1, 2, 3]) ring.push(delivery(number));
    expect(ring.after('c0')).toEqual([1, 2, 3].map(delivery));
    expect(ring.after('c2')).toEqual([delivery(3)]);
    expect(ring.after('c3')).toEqual([]);
    ring.quietUntil('q3');
    expect(ring.after('q3')).toEqual([]);
    for (const number of [4, 5]) ring.push(delivery(number));
    expect(ring.after('q3')).toEqual([4, 5].map(delivery));
    expect([ring.after('c0'), ring.after('c1')]).toEqual([undefined, undefined]);
    expect(ring.after('c2')).toEqual([3, 4, 5].map(delivery));
    expect(ring.after('c4')).toEqual([delivery(5)]);
    for (const number of [6, 7, 8, 9]) ring.push(delivery(number));
    expect(ring.after('q3')).toBeUndefined();
  });
});

/** A client whose socket takes what the test lets it. */
function client(limit: number, after: string | null = null, coalesces = false) {
  const received: string[] = [];
  const ended: unknown[] = [];
  let buffered = 0;
  const sink: Sink = {
    start: () => undefined,
    place: () => undefined,
    next: (deliveries) => {
      for (const { text } of deliveries) {
        received.push(text);
        buffered += text.length;
      }
    },
    error: (errors) => ended.push(errors),
    complete: () => ended.push('complete'),
    buffered: () => buffered,
  };
  const slow: (string | null)[] = [];
  const outbox = new Outbox(sink, {
    limit,
    coalesces,
    after,
    onTooSlow: (last) => slow.push(last) && outbox.close(),
  });
  const drain = () => {
    buffered = 0;
    outbox.flush();
  };
  return { received, ended, slow, outbox, drain };
}

const large = (number: number, key: string | null = null): Delivery => ({
  text: `${number}`.padEnd(40_000),
  cursor: `c${number}`,
  key,
  place: null,
});

describe('the outbox', () => {
  test('keeps order at the pace of the client', () => {
    const { outbox, received, drain } = client(1_000_000);
    for (let number = 1; number <= 6; number += 1) outbox.push([large(number)]);
    expect([received.length, outbox.congested, outbox.lastCursor]).toEqual([2, true, 'c2']);
    drain();
    drain();
    expect(received).toEqual([1, 2, 3, 4, 5, 6].map((number) => large(number).text));
    expect([outbox.congested, outbox.lastCursor]).toEqual([false, 'c6']);
  });

  test('gives up with the last cursor that was sent, and sends nothing more', () => {
    const { outbox, received, slow, drain } = client(100_000, 'c0');
    for (let number = 1; number <= 9; number += 1) outbox.push([large(number)]);
    expect(slow).toEqual(['c2']);
    drain();
    expect(received.length).toBe(2);
  });
});

describe('the outbox of a topic of which the newest is enough', () => {
  test('keeps the newest of each key, in the order of cursors', () => {
    const { outbox, received, slow, drain } = client(200_000, null, true);
    outbox.push([large(1, 'a')]);
    outbox.push([large(2, 'a')]);
    // From here on it waits.
    for (let number = 3; number <= 30; number += 1) outbox.push([large(number, 'abc'[number % 3] as string)]);
    expect([outbox.congested, outbox.full, slow.length]).toEqual([true, true, 0]);
    drain();
    drain();
    expect(received.map((text) => Number(text))).toEqual([1, 2, 28, 29, 30]);
    expect(outbox.lastCursor).toBe('c30');
  });

  test('does not ask the stream to wait as long as little waits, and gives up when there are too many keys', () => {
    const { outbox, slow } = client(200_000, null, true);
    for (let number = 1; number <= 4; number += 1) outbox.push([large(number, `${number}`)]);
    expect([outbox.congested, outbox.full]).toEqual([true, false]);
    for (let number = 5; number <= 8; number += 1) outbox.push([large(number, `${number}`)]);
    expect(slow).toEqual(['c2']);
  });

  test('keeps all of a snapshot', () => {
    const { outbox, received, drain } = client(1_000_000, null, true);
    for (let number = 1; number <= 4; number += 1)
      outbox.push([{ ...large(number), place: { number, of: 4 } }]);
    for (let number = 5; number <= 7; number += 1) outbox.push([large(number, 'a')]);
    for (let round = 0; round < 4; round += 1) drain();
    expect(received.map((text) => Number(text))).toEqual([1, 2, 3, 4, 7]);
  });
});

/** A log that streams read, and that hands out events when the test says so. */
function testLog() {
  const log: number[] = [];
  const wakers: (() => void)[] = [];
  const wake = () => {
    for (const resolve of wakers.splice(0)) resolve();
  };
  return {
    log,
    append: (number: number) => {
      log.push(number);
      wake();
    },
    /** A snapshot is two events. */
    async *source(
      { after, initial }: Start,
      _: unknown,
      signal: AbortSignal,
    ): AsyncGenerator<SourceEvent | SourceQuiet, SourceEnd> {
      let position = after === null ? log.length : Number(after.slice(1));
      signal.addEventListener('abort', wake);
      const as = position;
      let told = -1;
      for (const number of initial ? [1, 2] : [])
        yield {
          response: { data: { standing: `s${as}.${number}` } },
          cursor: number === 1 ? 'inside' : `c${as}`,
          place: { number, of: 2 },
          key: null,
        };
      while (!signal.aborted) {
        const number = log[position];
        if (number === undefined) {
          if (told !== position) {
            told = position;
            yield { quietUntil: `c${position}` };
            continue;
          }
          const { promise, resolve } = Promise.withResolvers<void>();
          wakers.push(resolve);
          await promise;
          continue;
        }
        position += 1;
        yield { response: { data: { number } }, cursor: `c${number}`, place: null, key: null };
      }
      return { kind: 'complete' };
    },
  };
}

/** Lets everything that is ready run. */
const settle = () => new Promise<void>((resolve) => setImmediate(resolve));

const elapse = (milliseconds: number) => new Promise<void>((resolve) => setTimeout(resolve, milliseconds));

test('clients that come and go at any cursor get every event once and in order', async () => {
  const step = fc.oneof(
    { weight: 4, arbitrary: fc.constant({ kind: 'append' } as const) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('join' as const), back: fc.option(fc.nat(8)) }) },
    { weight: 2, arbitrary: fc.constant({ kind: 'join', back: 'snapshot' } as const) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('leave' as const), which: fc.nat(5) }) },
    { weight: 2, arbitrary: fc.constant({ kind: 'settle' } as const) },
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), fc.constantFrom(0, 2), async (steps, gather) => {
      const world = testLog();
      const siblings = new Set<Stream>();
      const clients: { got: string[]; start: Start; member: Member; gone: boolean }[] = [];
      const join = (start: Start) => {
        const { after } = start;
        const { outbox, received } = client(1e9, after);
        const member: Member = { caller: callerOf(anonymous, null), outbox, end: () => undefined };
        const joined = [...siblings].some((stream) => stream.join(member, start));
        if (!joined) {
          const stream = new Stream(member, {
            start,
            source: world.source,
            stallMilliseconds: 1_000,
            placeMilliseconds: 0,
            gatherMilliseconds: gather,
            render: (events) =>
              Promise.all(
                events.map(async ({ response, cursor, place, key }) => {
                  // Rendering takes time, and not the same for each.
                  if (Number(cursor?.slice(1)) % 3 === 0) await settle();
                  const { number, standing } = response.data as { number?: number; standing?: string };
                  return { text: standing ?? `${number}`, cursor, place, key };
                }),
              ),
            siblings,
            onEmpty: () => undefined,
          });
          void stream.run();
        }
        clients.push({
          got: received,
          start,
          member,
          gone: false,
        });
      };
      for (const action of steps) {
        if (action.kind === 'append') world.append(world.log.length + 1);
        if (action.kind === 'settle') await settle();
        if (action.kind === 'join') {
          const { back } = action;
          const after = typeof back === 'number' ? `c${Math.max(0, world.log.length - back)}` : null;
          join({ after, initial: back === 'snapshot' });
        }
        if (action.kind === 'leave') {
          const chosen = clients[action.which];
          if (chosen === undefined || chosen.gone) continue;
          chosen.gone = true;
          for (const stream of [...siblings])
            if (stream.members.has(chosen.member)) stream.leave(chosen.member);
        }
      }
      for (let round = 0; round < 60; round += 1) await settle();
      // What was gathered has been sent by then.
      if (gather > 0) for (let round = 0; round < 3; round += 1) await elapse(gather);
      for (const { got: all, start, gone } of clients) {
        const standing = all.filter((text) => text.startsWith('s'));
        if (start.initial) {
          // All of it, unless he left, and first.
          const as = /^s(\d+)/.exec(all[0] ?? '')?.[1];
          expect(standing).toEqual([`s${as}.1`, `s${as}.2`].slice(0, gone ? standing.length : 2));
          expect(all.slice(0, standing.length)).toEqual(standing);
        } else expect(standing).toEqual([]);
        const got = all.slice(standing.length).map(Number);
        const from =
          standing.length === 2
            ? Number(/^s(\d+)/.exec(standing[0] as string)?.[1])
            : start.after === null
              ? null
              : Number(start.after.slice(1));
        const first = got[0] ?? 0;
        expect(got).toEqual(got.map((_, index) => first + index));
        if (from !== null && got.length > 0) expect(first).toBe(from + 1);
        if (gone) continue;
        if (from !== null) expect(got.length).toBe(world.log.length - from);
        else if (got.length > 0) expect(got.at(-1)).toBe(world.log.length);
      }
      for (const { member, gone } of clients) {
        if (gone) continue;
        for (const stream of [...siblings]) if (stream.members.has(member)) stream.leave(member);
      }
      expect(siblings.size).toBe(0);
    }),
    { numRuns: 250 },
  );
});
