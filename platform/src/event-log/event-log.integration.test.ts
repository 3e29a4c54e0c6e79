import { startTestPostgres, type TestPostgres } from '@dotmac/hosting';
import { migrate, type TenantDatabase } from '@dotmac/migrations';
import type { TenantEvents } from '@dotmac/schema';
import { type Kysely, sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { openDatabase } from '../database/open.ts';
import { silentLogger } from '../telemetry/logger.ts';
import { appendEvents } from './append.ts';
import { type EventConsumer, runConsumer } from './consumer.ts';
import { CursorExpiredError, CursorInvalidError } from './cursor.ts';
import { EventLog } from './log.ts';
import { advisoryLock } from './sequencer.ts';

let server: TestPostgres;
beforeAll(async () => {
  server = await startTestPostgres();
});
afterAll(() => server.close());

let database: Kysely<TenantDatabase>;
let log: EventLog<TenantEvents>;
let connectionString: string;

function openLog(): EventLog<TenantEvents> {
  const connection = { connectionString, applicationName: 'test', onConnectionError: () => undefined };
  return new EventLog({ database: database as never, connection, scope: 'ten_a', logger: silentLogger });
}

beforeEach(async () => {
  connectionString = await server.createDatabase();
  await migrate({ connectionString, kind: 'tenant' });
  database = openDatabase({ connectionString, applicationName: 'test', onConnectionError: () => undefined });
  log = openLog();
  await log.start();
  return async () => {
    await log.stop();
    await database.destroy();
  };
});

const event = (subject: string, name = subject) =>
  ({
    type: 'customer.created',
    subject,
    payload: { customerId: subject, name, email: null },
    occurredAt: 1_700_000_000_000,
    actor: 'usr_test',
  }) as const;

const append = (subject: string) =>
  database.transaction().execute((transaction) => appendEvents<TenantEvents>(transaction, [event(subject)]));

describe('order', () => {
  test('a slow transaction that wrote first is not lost behind a fast one that committed first', async () => {
    const stream = await log.subscribe({ types: ['customer.created'] });
    const slowWrote = Promise.withResolvers<void>();
    const slowMayCommit = Promise.withResolvers<void>();
    const slow = database.transaction().execute(async (transaction) => {
      await appendEvents<TenantEvents>(transaction, [event('slow')]);
      slowWrote.resolve();
      await slowMayCommit.promise;
    });
    await slowWrote.promise;
    await append('fast');

    const first = await stream.next();
    expect(first.value?.subject).toBe('fast');
    slowMayCommit.resolve();
    await slow;
    const second = await stream.next();
    expect(second.value?.subject).toBe('slow');

    const all = await log.read(0n);
    expect(all.map((item) => [item.position, item.subject])).toEqual([
      [1n, 'fast'],
      [2n, 'slow'],
    ]);
  });

  test('many writers at once and a rollback leave no gap and no repetition', async () => {
    const stream = await log.subscribe({ types: ['customer.created'] });
    await Promise.all([
      ...Array.from({ length: 40 }, (_, i) => append(`c${i}`)),
      database
        .transaction()
        .execute(async (transaction) => {
          await appendEvents<TenantEvents>(transaction, [event('never')]);
          throw new Error('rolled back');
        })
        .catch((error: Error) => expect(error.message).toBe('rolled back')),
    ]);
    const seen: string[] = [];
    for (let i = 0; i < 40; i++) {
      const item = await stream.next();
      expect(item.value?.position).toBe(BigInt(i + 1));
      seen.push(item.value?.subject ?? '');
    }
    expect(new Set(seen).size).toBe(40);
    expect(seen).not.toContain('never');
  });
});

describe('cursors', () => {
  test('a reader that comes back after its cursor misses nothing', async () => {
    const stream = await log.subscribe({ types: ['customer.created'] });
    await append('one');
    const cursor = (await stream.next()).value?.cursor;
    await stream.return();
    await append('two');
    await append('three');
    const again = await log.subscribe({ types: ['customer.created'], after: cursor });
    expect([(await again.next()).value?.subject, (await again.next()).value?.subject]).toEqual([
      'two',
      'three',
    ]);
  });

  test('a cursor of another tenant, an unknown text and an expired one are each refused', async () => {
    await append('one');
    await log.flush();
    const cursor = await log.headCursor();
    const foreign = Buffer.from(cursor, 'base64url').toString().replace('ten_a', 'ten_b');
    const subscribe = (after: string) => log.subscribe({ types: ['customer.created'], after });
    await expect(subscribe(Buffer.from(foreign).toString('base64url'))).rejects.toThrow(CursorInvalidError);
    await expect(subscribe('nonsense')).rejects.toThrow(CursorInvalidError);
    await sql`update events.head set epoch = epoch + 1`.execute(database);
    await expect(subscribe(cursor)).rejects.toThrow(CursorExpiredError);
  });

  test('a waiting stream ends when its reader leaves', async () => {
    const stream = await log.subscribe({ types: ['customer.created'] });
    const waiting = stream.next();
    await stream.return();
    expect((await waiting).done).toBe(true);
  });
});

describe('an initial state', () => {
  /** Everybody ever created is the state that the events tell of. */
  const initial = {
    wanted: true,
    read: async (transaction: Kysely<TenantDatabase>) => {
      const { rows } = await sql<{ subject: string }>`
        select subject from events.event where type = 'customer.created' order by id`.execute(transaction);
      return rows.map(({ subject }) => event(subject));
    },
  };
  const types = ['customer.created'] as const;
  const take = async (stream: Awaited<ReturnType<typeof log.subscribe>>, count: number) => {
    const taken = [];
    for (let item = 0; item < count; item += 1) taken.push((await stream.next()).value);
    return taken;
  };

  test('comes first, then what happens, with nothing lost or told twice in between', async () => {
    await append('one');
    await append('two');
    const stream = await log.subscribe({ types, initial });
    await append('three');
    const got = await take(stream, 3);
    expect(got.map((item) => [item?.subject, item?.snapshot])).toEqual([
      ['one', { number: 1, of: 2 }],
      ['two', { number: 2, of: 2 }],
      ['three', null],
    ]);
    // The last of the snapshot is where the events go on.
    const resumed = await log.subscribe({ types, initial, after: got[1]?.cursor });
    expect((await take(resumed, 1)).map((item) => [item?.subject, item?.snapshot])).toEqual([
      ['three', null],
    ]);
  });

  test('is taken anew for one who broke off in the middle of it, or before its first event', async () => {
    for (const subject of ['one', 'two']) await append(subject);
    const stream = await log.subscribe({ types, initial });
    const [first] = await take(stream, 1);
    await append('three');
    for (const after of [stream.start, first?.cursor]) {
      const again = await log.subscribe({ types, initial: { ...initial, wanted: false }, after });
      expect((await take(again, 3)).map((item) => item?.snapshot)).toEqual(
        [1, 2, 3].map((number) => ({ number, of: 3 })),
      );
    }
    await expect(log.subscribe({ types, after: first?.cursor })).rejects.toThrow(CursorInvalidError);
  });

  test('is exact while many write: every change is in it or comes after it, once', async () => {
    const late = openLog();
    let writing = true;
    let written = 0;
    const writers = Array.from({ length: 4 }, async (_, writer) => {
      for (let number = 0; writing; number += 1) {
        await append(`w${writer}-${number}`);
        written += 1;
      }
    });
    const streams = [];
    for (let round = 0; round < 12; round += 1) streams.push(await late.subscribe({ types, initial }));
    writing = false;
    await Promise.all(writers);
    await log.flush();
    for (const stream of streams) {
      const subjects = (await take(stream, written)).map((item) => item?.subject);
      expect(new Set(subjects).size).toBe(written);
      await stream.return();
    }
    expect(await log.verifyChain()).toBe(null);
  });

  test('of nothing begins where the events go on', async () => {
    const stream = await log.subscribe({ types, initial });
    expect(stream.start).toBe(await log.headCursor());
  });
});

describe('consumers', () => {
  test('an effect and its place in the log commit together; a failing event is tried again', async () => {
    const stop = new AbortController();
    const done = Promise.withResolvers<void>();
    let failures = 0;
    const seen: string[] = [];
    const consumer: EventConsumer<TenantDatabase, TenantEvents> = {
      name: 'test',
      types: ['customer.created'],
      async handle(item) {
        if (item.subject === 'hard' && failures++ === 0) throw new Error('not yet');
        seen.push(item.subject);
        if (item.subject === 'last') done.resolve();
      },
    };
    const running = runConsumer({ consumer, database, log, logger: silentLogger, signal: stop.signal });
    await append('easy');
    await append('hard');
    await append('last');
    await done.promise;
    stop.abort();
    await running;
    expect(seen).toEqual(['easy', 'hard', 'last']);
    expect(failures).toBe(2);
  });
});

test('what is committed when the log is flushed has its place, although another held the sequencing meanwhile', async () => {
  await append('before');
  await log.flush();
  await database.connection().execute(async (other) => {
    await sql`select pg_advisory_lock(${advisoryLock})`.execute(other);
    await append('meanwhile');
    const flushed = log.flush();
    await expect
      .poll(async () => {
        const { rows } = await sql`
          select from pg_locks where locktype = 'advisory' and objid = ${advisoryLock} and not granted`.execute(
          other,
        );
        return rows.length;
      })
      .toBe(1);
    await sql`select pg_advisory_unlock(${advisoryLock})`.execute(other);
    await flushed;
  });
  expect((await log.read(0n)).map(({ subject }) => subject)).toEqual(['before', 'meanwhile']);
});

test('a consumer outlives a database that fails it before its first event', async () => {
  const stop = new AbortController();
  const handled = Promise.withResolvers<string>();
  const failed = Promise.withResolvers<void>();
  const consumer: EventConsumer<TenantDatabase, TenantEvents> = {
    name: 'early',
    types: ['customer.created'],
    handle: async ({ subject }) => handled.resolve(subject),
  };
  const logger = silentLogger.child({});
  vi.spyOn(logger, 'child').mockReturnValue(logger as never);
  vi.spyOn(logger, 'error').mockImplementation(() => failed.resolve());
  await sql`alter table events.consumer rename to consumer_away`.execute(database);
  const running = runConsumer({ consumer, database, log, logger, signal: stop.signal });
  await Promise.race([failed.promise, running]);
  await sql`alter table events.consumer_away rename to consumer`.execute(database);
  await append('first');
  expect(await handled.promise).toBe('first');
  stop.abort();
  await running;
});

test('the chain of hashes shows a changed event', async () => {
  await append('one');
  await append('two');
  await log.flush();
  await expect(
    sql`update events.event set payload = '{}' where position = 1`.execute(database),
  ).rejects.toThrow('cannot change');
  expect(await log.verifyChain()).toBeNull();
  await sql`alter table events.event disable trigger event_guard`.execute(database);
  await sql`update events.event set payload = '{}' where position = 1`.execute(database);
  expect(await log.verifyChain()).toBe(1n);
});

test('more events than one pass takes are one chain without a gap, text of any alphabet in it', async () => {
  const events = Array.from({ length: 2_100 }, (_, n) => event(`c${n}`, `Ωmega "${n}" \\ 東京`));
  await database
    .transaction()
    .execute((transaction) => appendEvents<TenantEvents>(transaction, events.slice(0, 1_050)));
  await log.flush();
  await database
    .transaction()
    .execute((transaction) => appendEvents<TenantEvents>(transaction, events.slice(1_050)));
  await log.flush();
  expect(await log.verifyChain()).toBeNull();
  const { rows } = await sql<{ position: bigint; subject: string }>`
    select position, subject from events.event order by position`.execute(database);
  expect(rows).toEqual(events.map(({ subject }, n) => ({ position: BigInt(n + 1), subject })));
});

test('the place of a stream to which nothing happens advances with the log, and is good when the log was trimmed', async () => {
  const stream = await log.subscribe({ types: ['customer.updated' as 'customer.created'] });
  const next = stream.next();
  const { start } = stream;
  expect(stream.place()).toBe(start);
  await append('another');
  await log.flush();
  const head = await log.headCursor();
  await expect.poll(() => stream.place()).toBe(head);
  await sql`update events.head set floor = position`.execute(database);
  const from = (after: string | null) => log.subscribe({ types: ['customer.created'], after });
  await expect(from(start)).rejects.toThrow(CursorExpiredError);
  const again = await from(stream.place());
  await append('one more');
  expect((await again.next()).value?.subject).toBe('one more');
  await again.return();
  await stream.return();
  await next;
});
