import { silentLogger } from '@dotmac/platform';
import { DomainError } from '@dotmac/schema';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Start } from './resume.ts';
import { followSource, type SourceEnd } from './source.ts';
import type { UpstreamAnswer } from './upstream.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Cursors of the events that a connection brings before it breaks, or why there is no connection. */
type Connection = readonly string[] | Error;

async function* breakingAfter(cursors: readonly string[]) {
  for (const cursor of cursors) {
    if (cursor.startsWith('ready ')) yield { kind: 'ready', cursor: cursor.slice('ready '.length) } as const;
    else yield { kind: 'result', response: { data: { cursor } } } as const;
  }
  throw new Error('broken');
}

/** Follows a subgraph that answers as the list says, and then no more. */
function follow(connections: Connection[], start: Start, random: () => number) {
  const asked: { after: string | null; at: number }[] = [];
  const got: (string | null)[] = [];
  const started = Date.now();
  const source = followSource({
    connect: async ({ after }): Promise<UpstreamAnswer> => {
      asked.push({ after, at: Date.now() - started });
      const connection = connections.shift() ?? new Error('nobody there');
      if (connection instanceof Error) throw connection;
      return { kind: 'stream', events: breakingAfter(connection) };
    },
    marksOf: (data) => ({ cursor: (data as { cursor: string }).cursor, place: null, key: null }),
    resumable: true,
    onStart: () => undefined,
    start,
    signal: new AbortController().signal,
    clock: { now: () => Date.now() },
    logger: silentLogger,
    random,
  });
  const ended = (async (): Promise<SourceEnd> => {
    for (;;) {
      const item = await source.next();
      if (item.done === true) return item.value;
      got.push('quietUntil' in item.value ? `quiet until ${item.value.quietUntil}` : item.value.cursor);
    }
  })();
  return { asked, got, ended };
}

const from = (after: string | null): Start => ({ after, initial: false });

test('a broken connection is taken up again after the last cursor', async () => {
  const { asked, got } = follow([['c1', 'c2'], new Error('away'), ['c3'], ['c4']], from('c0'), () => 0.5);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(got).toEqual(['c1', 'c2', 'c3', 'c4']);
  expect(asked.slice(0, 4).map(({ after }) => after)).toEqual(['c0', 'c2', 'c2', 'c3']);
});

test('while nothing happens the place advances, and a broken connection is taken up again from there', async () => {
  const { asked, got } = follow(
    [['ready c0', 'ready c0', 'ready c4'], ['ready c4', 'c6', 'ready c6', 'ready c9'], ['ready c9']],
    from(null),
    () => 0.5,
  );
  await vi.advanceTimersByTimeAsync(1_000);
  expect(got).toEqual(['quiet until c4', 'c6', 'quiet until c9']);
  expect(asked.slice(0, 3).map(({ after }) => after)).toEqual([null, 'c4', 'c9']);
});

test('the pauses double up to five seconds, are jittered, and begin anew with an event', async () => {
  const away = Array.from({ length: 8 }, () => new Error('away'));
  const jitter = [0.5, 0.25, 1, 0.125, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5];
  const { asked } = follow([...away, ['c1'], new Error('away')], from('c0'), () => jitter.shift() ?? 0);
  await vi.advanceTimersByTimeAsync(20_000);
  const pauses = asked.slice(1, 11).map(({ at }, index) => at - (asked[index]?.at ?? 0));
  expect(pauses).toEqual([50, 50, 400, 100, 800, 1_600, 2_500, 2_500, 50, 100]);
});

test('who is away for two minutes ends the stream with a reason', async () => {
  const { ended, asked } = follow([['c1']], from('c0'), () => 1);
  await vi.advanceTimersByTimeAsync(130_000);
  expect(await ended).toMatchObject({ kind: 'failed', errors: [{ code: 'SUBGRAPH_UNAVAILABLE' }] });
  expect(asked.length).toBeLessThan(40);
});

test('a break that may have lost an event is told; one before a snapshot is not, for it is taken anew', async () => {
  const now = follow([[]], from(null), () => 0);
  await vi.advanceTimersByTimeAsync(0);
  expect(await now.ended).toMatchObject({ errors: [{ code: 'STREAM_INTERRUPTED' }] });
  const snapshot = follow([[], ['c1']], { after: null, initial: true }, () => 0);
  await vi.advanceTimersByTimeAsync(10);
  expect(snapshot.got).toEqual(['c1']);
});

test('what the gateway itself refuses is not asked again', async () => {
  const { ended, asked } = follow([new DomainError('TENANT_CLOSED', 'Closed')], from('c0'), () => 0);
  expect(await ended).toMatchObject({ kind: 'failed', errors: [{ code: 'TENANT_CLOSED' }] });
  expect(asked).toHaveLength(1);
});
