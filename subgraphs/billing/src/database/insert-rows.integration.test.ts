import { startTestPostgres } from '@dotmac/harness';
import { openDatabase } from '@dotmac/platform';
import fc from 'fast-check';
import { type Kysely, sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { idArray } from './id-array.ts';
import { insertRows } from './insert-rows.ts';

let server: Awaited<ReturnType<typeof startTestPostgres>>;
let database: Kysely<unknown>;
beforeAll(async () => {
  server = await startTestPostgres();
  database = openDatabase({
    connectionString: await server.createDatabase(),
    applicationName: 'test',
    // The server ends while the pool still says goodbye.
    onConnectionError: () => undefined,
  });
});
afterAll(async () => {
  await database.destroy();
  await server.close();
});

// PostgreSQL keeps no NUL and no half of a surrogate pair in text.
const text = fc.string({ unit: 'binary' }).filter((one) => one.isWellFormed() && !one.includes('\0'));
const int8 = fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n);
const row = fc.record({
  t: fc.option(fc.oneof(text, fc.constant('€'.repeat(500)))),
  i: fc.option(fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })),
  b: fc.option(int8),
  // Wider than bigint, and with decimals.
  n: fc.option(fc.oneof(int8, fc.bigInt(-(10n ** 40n), 10n ** 40n), fc.constant('20.50'))),
  d: fc.option(fc.integer({ min: -140_000, max: 2_900_000 })),
  s: fc.option(
    fc
      .date({ min: new Date('1900-01-01'), max: new Date('2999-01-01'), noInvalidDate: true })
      .map((day) => day.toISOString().slice(0, 10)),
  ),
  z: fc.option(fc.date({ min: new Date('1900-01-01'), max: new Date('2999-01-01'), noInvalidDate: true })),
  j: fc.option(
    fc
      .jsonValue()
      .filter((one) => !JSON.stringify(one).includes('\\u'))
      .map((one) => JSON.stringify(one)),
  ),
});
type Row = typeof row extends fc.Arbitrary<infer R> ? R : never;

const columns = {
  ordinal: 'int',
  t: 'text',
  i: 'int',
  b: 'bigint',
  n: 'numeric',
  d: 'date',
  s: 'date',
  z: 'timestamptz',
  j: 'jsonb',
} as const;

/** Writes rows and reads them back as text of the server's own making. */
async function roundTrip(rows: readonly Row[]) {
  return database.transaction().execute(async (transaction) => {
    await sql`create temp table target (ordinal int, t text, i int, b bigint, n numeric, d date, s date, z timestamptz, j jsonb) on commit drop`.execute(
      transaction,
    );
    const numbered = rows.map((one, ordinal) => ({ ...one, ordinal }));
    await insertRows(transaction, 'target', columns, numbered);
    const { rows: read } = await sql<Record<string, unknown>>`
      select t, i, b, n::text, d - date '1970-01-01' as d, s, z, j::text from target order by ordinal`.execute(
      transaction,
    );
    return read;
  });
}

const expected = (one: Row) => ({ ...one, n: one.n === null ? null : `${one.n}` });

test('rows come back as they were written, whatever is in them', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(row, { maxLength: 12 }), async (rows) => {
      const read = await roundTrip(rows);
      const json = (value: unknown) => (typeof value === 'string' ? JSON.parse(value) : value);
      expect(read.map((one) => ({ ...one, j: json(one.j) }))).toEqual(
        rows.map((one) => ({ ...expected(one), j: json(one.j) })),
      );
    }),
    { numRuns: 150 },
  );
});

test('rows that are all the same are written as often as they are given', async () => {
  await database.transaction().execute(async (transaction) => {
    await sql`create temp table target (t text, d date) on commit drop`.execute(transaction);
    await insertRows(transaction, 'target', { t: 'text', d: 'date' }, Array(3).fill({ t: 'x', d: 19_723 }));
    await insertRows(transaction, 'target', { t: 'text', d: 'date' }, []);
    const { rows } = await sql`select t, d from target`.execute(transaction);
    expect(rows).toEqual(Array(3).fill({ t: 'x', d: '2024-01-01' }));
  });
});

test('an array of ids is that array', async () => {
  const ids = ['cus_1', 'a "quoted", {odd} one', '', 'é 😀'];
  const { rows } = await sql<{ id: string }>`select unnest(${idArray(ids)}) as id`.execute(database);
  expect(rows.map(({ id }) => id)).toEqual(ids);
  const { rows: none } = await sql<{ none: boolean }>`select 'x' = any(${idArray([])}) as none`.execute(
    database,
  );
  expect(none).toEqual([{ none: false }]);
});
