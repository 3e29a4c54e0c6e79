import { silentLogger } from '@dotmac/platform';
import { parse } from 'graphql';
import { afterEach, expect, test } from 'vitest';
import { type OperationBatch, OperationRecords } from './operation-records.ts';
import { signatureOf } from './signature.ts';

const started: OperationRecords[] = [];
afterEach(async () => {
  for (const records of started.splice(0)) await records.stop();
});

function records() {
  const time = { now: 1_000_000 };
  const written: OperationBatch[] = [];
  const database = { away: false };
  const made = new OperationRecords({
    async write(batch) {
      if (database.away) throw new Error('away');
      written.push(batch);
    },
    clock: { now: () => time.now },
    logger: silentLogger,
  });
  started.push(made);
  return { records: made, time, written, database };
}

test('a document is recorded without the values in it, and with the names', () => {
  const { text, hash } = signatureOf(
    parse(
      'query A($n: Int = 7) { a(name: "Ada", n: -3, f: 1.5e3, o: RED, in: { b: true, c: """x""" }) { id } # Ada\n}',
    ),
  );
  expect(text).toBe(
    'query A($n: Int = 0) {\n  a(name: "", n: 0, f: 0.0, o: RED, in: {b: true, c: ""}) {\n    id\n  }\n}',
  );
  expect(hash).toBe(signatureOf(parse(text.replace('""', '"Grace"'))).hash);
});

test('an operation in use is written once an hour for each key and name', async () => {
  const { records: operations, time, written } = records();
  const document = parse('query A { a } query B { b }');
  for (const key of ['k1', 'k1', 'k2']) operations.used(key, document, 'A');
  operations.used('k1', document, 'B');
  await operations.flush();
  expect(written[0]?.operations.map(({ keyId, operationName }) => [keyId, operationName])).toEqual([
    ['k1', 'A'],
    ['k2', 'A'],
    ['k1', 'B'],
  ]);
  operations.used('k1', document, 'A');
  await operations.flush();
  expect(written).toHaveLength(1);
  time.now += 60 * 60_000;
  operations.used('k1', document, 'A');
  await operations.flush();
  expect(written[1]?.operations).toMatchObject([{ keyId: 'k1', operationName: 'A', seenAt: time.now }]);
});

test('what cannot be written is tried again; what is too much or too long leaves a gap', async () => {
  const { records: operations, written, database } = records();
  database.away = true;
  operations.used('k1', parse('{ a }'));
  await operations.flush();
  operations.used('k2', parse(`{ ${'x'.repeat(40_000)} }`));
  for (let index = 0; index < 2_100; index += 1) operations.used('k3', parse(`{ a${index} }`));
  await operations.flush();
  database.away = false;
  await operations.flush();
  expect(written).toHaveLength(1);
  expect(written[0]?.operations).toHaveLength(2_000);
  expect(written[0]?.operations[0]).toMatchObject({ keyId: 'k1' });
  expect(written[0]?.gaps).toMatchObject([
    { keyId: 'k2', reason: 'TOO_LONG' },
    { keyId: 'k3', reason: 'TOO_MANY' },
  ]);
});
