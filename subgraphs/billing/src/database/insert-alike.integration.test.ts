import { startTestPostgres } from '@dotmac/harness';
import { openDatabase } from '@dotmac/platform';
import { sql } from 'kysely';
import { expect, test } from 'vitest';
import { insertAlike } from './insert-alike.ts';

test('what rows share is sent once, and each row has it with its own', async () => {
  await using stack = new AsyncDisposableStack();
  const server = await startTestPostgres();
  stack.defer(() => server.close());
  const database = openDatabase({
    connectionString: await server.createDatabase(),
    applicationName: 'test',
    onConnectionError: () => undefined,
  });
  stack.defer(() => database.destroy());
  await sql`create table written (id text, n int, name text, why jsonb)`.execute(database);
  const odd = 'quote " and \\ and \u0001';
  const [one, other] = [{ name: 'one' }, { name: 'other' }];
  const said = [one, other, one, { name: 'one' }, one];
  await insertAlike(
    database,
    'written',
    {
      name: { type: 'text', of: ({ name }: { name: string }) => name },
      why: {
        type: 'text',
        as: 'replace(why, chr(1), to_json(own.id)::text)::jsonb',
        of: ({ name }) => `{"of":\u0001,"name":"${name}"}`,
      },
    },
    {
      own: {
        id: { type: 'text', values: ['a', 'b', odd, 'd', 'e'] },
        n: { type: 'int', values: [1, 2, 3, 4, 5] },
      },
      said,
    },
  );
  const { rows } = await sql`select id, n, name, why from written order by n`.execute(database);
  const ids = ['a', 'b', odd, 'd', 'e'];
  expect(rows).toEqual(
    said.map(({ name }, index) => ({ id: ids[index], n: index + 1, name, why: { of: ids[index], name } })),
  );
  await insertAlike(database, 'written', { name: { type: 'text', of: () => '' } }, { own: {}, said: [] });
});
