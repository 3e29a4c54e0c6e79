import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isRoot } from '../account.ts';
import { startTestPostgres, type TestPostgres } from './test-postgres.ts';

async function query(connectionString: string, sql: string): Promise<unknown[][]> {
  const client = new Client({ connectionString });
  await client.connect();
  try {
    return (await client.query({ text: sql, rowMode: 'array' })).rows;
  } finally {
    await client.end();
  }
}

describe('startTestPostgres', () => {
  let postgres: TestPostgres;
  beforeAll(async () => {
    postgres = await startTestPostgres();
  });
  afterAll(() => postgres.close());

  it('serves PostgreSQL 18 over a unix socket and nothing else', async () => {
    expect(await query(postgres.connectionString, 'SHOW server_version')).toEqual([
      [expect.stringMatching(/^18\./)],
    ]);
    expect(await query(postgres.connectionString, 'SHOW listen_addresses')).toEqual([['']]);
  });

  it('gives every caller a database of its own', async () => {
    const [first, second] = await Promise.all([postgres.createDatabase(), postgres.createDatabase()]);
    await query(first, 'CREATE TABLE only_here ()');
    expect(await query(second, `SELECT to_regclass('only_here')`)).toEqual([[null]]);
    expect(await query(first, `SELECT to_regclass('only_here')::text`)).toEqual([['only_here']]);
  });

  it('refuses a wrong password', async () => {
    const url = new URL(postgres.connectionString);
    url.password = 'wrong';
    await expect(query(url.href, 'SELECT 1')).rejects.toThrow(/password authentication failed/);
  });

  it('starts several at once', async () => {
    const servers = await Promise.all([1, 2, 3].map(() => startTestPostgres()));
    try {
      expect(new Set(servers.map((each) => each.connectionString)).size).toBe(3);
    } finally {
      await Promise.all(servers.map((each) => each.close()));
    }
  });

  it.skipIf(!isRoot())('runs for an ordinary user too', async () => {
    const script = `
      const { startTestPostgres } = await import(${JSON.stringify(import.meta.resolve('./test-postgres.ts'))});
      await using postgres = await startTestPostgres();
      process.stdout.write(postgres.connectionString + ' uid ' + process.getuid());`;
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], {
      uid: 65_534,
      gid: 65_534,
      cwd: '/',
    });
    expect(stdout).toMatch(/^postgres:.* uid 65534$/);
  });
});
