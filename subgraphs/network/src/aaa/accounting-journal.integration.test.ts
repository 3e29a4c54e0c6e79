import { startTestPostgres } from '@dotmac/harness';
import { migrate, type TenantDatabase } from '@dotmac/migrations';
import { openDatabase } from '@dotmac/platform';
import type { AccountingRecord } from '@dotmac/radius';
import type { Kysely } from 'kysely';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { AccountingJournal } from './accounting-journal.ts';
import { appendToJournal, readJournal } from './journal-store.ts';

let postgres: Awaited<ReturnType<typeof startTestPostgres>>;
let database: Kysely<TenantDatabase>;
beforeAll(async () => {
  postgres = await startTestPostgres();
  const connectionString = await postgres.createDatabase();
  await migrate({ connectionString, kind: 'tenant' });
  database = openDatabase<TenantDatabase>({
    connectionString,
    max: 4,
    applicationName: 'test',
    onConnectionError: () => undefined,
  });
});
afterAll(async () => {
  await database?.destroy();
  await postgres?.[Symbol.asyncDispose]();
});

const named = (sessionId: string) => ({ nas: { id: 'nas-1' }, sessionId }) as AccountingRecord;
const pack = (records: readonly AccountingRecord[]) =>
  Buffer.from(JSON.stringify(records.map(({ sessionId }) => sessionId)));
const unpack = (block: Buffer) => (JSON.parse(block.toString()) as string[]).map(named);
/** More than a quiet ISP says in one go. */
const many = Array.from({ length: 40 }, (_, n) => named(`many-${n}`));
const names = (records: readonly AccountingRecord[]) => records.map(({ sessionId }) => sessionId);

let taken: (string | null)[];
let lost: unknown[];
beforeEach(async () => {
  taken = [];
  lost = [];
  await database.deleteFrom('network.accountingJournal').execute();
});

function startJournal(take: (batch: readonly AccountingRecord[]) => Promise<void> = async () => undefined) {
  return new AccountingJournal({
    sink: {
      async record(batch) {
        await take(batch);
        taken.push(...names(batch));
      },
    },
    writer: database,
    database,
    radius: { packRecords: pack, unpackRecords: unpack },
    onLost: (record, error) => lost.push(record?.sessionId ?? error),
  });
}

const idle = (journal: AccountingJournal) =>
  expect.poll(() => journal.behind, { timeout: 20_000 }).toBe(false);
const kept = async () => (await readJournal(database)).flatMap(({ records }) => names(unpack(records)));

test('while NASes say little, the sessions have a record when it is answered, and what fails is not answered', async () => {
  const journal = startJournal(async ([first]) => {
    if (first?.sessionId === 'bad') throw new Error('violates a constraint');
  });
  await journal.record([named('a')]);
  expect([taken, journal.behind]).toEqual([['a'], false]);
  await expect(journal.record([named('bad')])).rejects.toThrow('constraint');
});

test('when they say much, records are answered once they are kept, and taken in their order', async () => {
  const gate = Promise.withResolvers<void>();
  const journal = startJournal(() => gate.promise);
  await journal.record(many);
  await journal.record([named('after')]);
  expect([taken, await kept()]).toEqual([[], [...names(many), 'after']]);
  gate.resolve();
  await idle(journal);
  expect([taken, await kept()]).toEqual([[...names(many), 'after'], []]);
});

test('what a process left that died goes before everything that comes', async () => {
  await appendToJournal(database, pack(many));
  const next = startJournal();
  await next.record([named('new')]);
  await idle(next);
  expect([taken, await kept()]).toEqual([[...names(many), 'new'], []]);
});

test('two processes that find the same records take them once', async () => {
  await appendToJournal(database, pack(many));
  const [gate, taking] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const first = startJournal(() => {
    taking.resolve();
    return gate.promise;
  });
  await first.open();
  await taking.promise;
  const second = startJournal();
  await second.open();
  gate.resolve();
  await Promise.all([idle(first), idle(second)]);
  expect([taken, await kept()]).toEqual([names(many), []]);
});

test('the database goes away in between: what is answered waits for it', async () => {
  let away = true;
  const journal = startJournal(async () => {
    if (!away) return;
    away = false;
    throw Object.assign(new Error('gone'), { code: 'ECONNREFUSED' });
  });
  await journal.record(many);
  await idle(journal);
  expect([taken, await kept(), lost]).toEqual([names(many), [], []]);
});

test('while the database is away, a full group does not wait for it: its sender keeps it', async () => {
  let away = true;
  const failed = Promise.withResolvers<void>();
  const journal = startJournal(async () => {
    if (!away) return;
    failed.resolve();
    throw Object.assign(new Error('gone'), { code: 'ECONNREFUSED' });
  });
  await journal.record(many);
  await failed.promise;
  const full = Array.from({ length: 512 }, (_, n) => named(`full-${n}`));
  await expect(journal.record(full)).rejects.toThrow('gone');
  away = false;
  await idle(journal);
  await journal.record(full);
  expect([taken, await kept(), lost]).toEqual([[...names(many), ...names(full)], [], []]);
});

test('a record that the sessions refuse is lost alone and reported; a row that nobody can read holds nobody up', async () => {
  await appendToJournal(database, Buffer.from('not JSON'));
  const journal = startJournal(async (batch) => {
    if (names(batch).includes('many-7')) throw new Error('violates a constraint');
  });
  await journal.record(many);
  await idle(journal);
  expect(taken).toEqual(names(many).filter((name) => name !== 'many-7'));
  expect(lost).toEqual([expect.any(SyntaxError), 'many-7']);
});
