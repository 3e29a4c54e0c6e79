import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { serverAccount } from '../account.ts';
import { signal } from '../process/process-identity.ts';
import { installBinaries, type PostgresBinaries } from './binaries.ts';
import { SUPERUSER } from './cluster.ts';
import { APPLICATION_ROLE, OWNER_ROLE } from './roles.ts';
import { type PostgresOptions, type PostgresServer, startPostgres } from './server.ts';
import { copyFromTemplate, createPasswords, createTemplate, type Template } from './template.ts';

const account = serverAccount();

async function query(connectionString: string, sql: string): Promise<unknown[][]> {
  const client = new Client({ connectionString });
  await client.connect();
  try {
    return (await client.query({ text: sql, rowMode: 'array' })).rows;
  } finally {
    await client.end();
  }
}

describe('templates', () => {
  let directory: string;
  let binaries: PostgresBinaries;
  let template: Template;
  let migrations = 0;
  const options = () => ({
    binaries,
    directory: join(directory, 'templates'),
    kind: 'tenant',
    release: '1.0.0',
    schemaVersion: '0001',
    async migrate(connectionString: string) {
      migrations += 1;
      await query(
        connectionString,
        'CREATE SCHEMA billing; CREATE TABLE billing.invoices (id bigserial PRIMARY KEY, amount bigint)',
      );
    },
  });

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'dm-template-'));
    chmodSync(directory, 0o711);
    binaries = await installBinaries(join(directory, 'postgres'));
    template = await createTemplate(options());
  });
  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  async function withCopy(
    name: string,
    work: (
      server: PostgresServer,
      passwords: ReturnType<typeof createPasswords>,
      o: PostgresOptions,
    ) => Promise<void>,
  ) {
    const dataDirectory = join(directory, name, 'data');
    const passwords = createPasswords();
    await copyFromTemplate(binaries, template, dataDirectory, `dotmac_t_${name}`, passwords, account);
    const server = {
      binaries,
      dataDirectory,
      socketDirectory: join(directory, name, 's'),
      logFile: join(directory, `${name}.log`),
      account,
    };
    await using running = await startPostgres(server);
    await work(running, passwords, server);
  }

  it('is built once per release and schema version', async () => {
    await createTemplate(options());
    expect(migrations).toBe(1);
  });

  it('leaves nothing behind when its migration fails', async () => {
    const failing = {
      ...options(),
      schemaVersion: '0002',
      migrate: () => Promise.reject(new Error('relation is wrong')),
    };
    await expect(createTemplate(failing)).rejects.toThrow('relation is wrong');
    expect(await createTemplate({ ...options(), schemaVersion: '0002' })).toMatchObject({
      schemaVersion: '0002',
    });
  });

  it('gives a copy its own name and passwords, and the application no DDL', async () => {
    await withCopy('alpha', async (server, passwords) => {
      const as = (user: string, password: string) =>
        server.connectionString('dotmac_t_alpha', { user, password });
      const app = as(APPLICATION_ROLE, passwords.application);
      expect(await query(app, 'INSERT INTO billing.invoices (amount) VALUES (7) RETURNING id')).toEqual([
        ['1'],
      ]);
      await expect(query(app, 'CREATE TABLE billing.mine ()')).rejects.toThrow(/permission denied/);
      await expect(query(app, 'DROP TABLE billing.invoices')).rejects.toThrow(/must be owner/);
      await expect(query(app, 'CREATE SCHEMA mine')).rejects.toThrow(/permission denied/);
      await expect(query(app, `COPY billing.invoices TO PROGRAM 'true'`)).rejects.toThrow(
        /permission denied/,
      );
      const owner = as(OWNER_ROLE, passwords.owner);
      await query(owner, 'CREATE TABLE billing.later (id int)');
      expect(await query(app, 'SELECT * FROM billing.later')).toEqual([]);
      await expect(query(as(SUPERUSER, 'template'), 'SELECT 1')).rejects.toThrow(/password authentication/);
      expect(await query(as(SUPERUSER, passwords.superuser), 'SELECT 1')).toEqual([[1]]);
    });
  });

  it('never copies over data', async () => {
    await expect(
      copyFromTemplate(binaries, template, directory, 'dotmac_t_alpha', createPasswords(), account),
    ).rejects.toMatchObject({ code: 'GENERATION_CONFLICT' });
  });

  it('is adopted when it already runs, and comes back after kill -9 without losing a commit', async () => {
    await withCopy('bravo', async (server, passwords, options) => {
      const app = server.connectionString('dotmac_t_bravo', {
        user: APPLICATION_ROLE,
        password: passwords.application,
      });
      await query(app, 'INSERT INTO billing.invoices (amount) VALUES (1), (2)');
      const again = await startPostgres(options);
      expect(again).toMatchObject({ adopted: true, identity: server.identity });
      signal(server.identity, 'SIGKILL');
      await server.ended(AbortSignal.timeout(10_000));
      await using recovered = await startPostgres(options);
      expect(recovered.adopted).toBe(false);
      expect(await query(app, 'SELECT count(*)::int FROM billing.invoices')).toEqual([[2]]);
    });
  });

  it('says what is wrong with a missing cluster and with a long socket path', async () => {
    const base = { binaries, logFile: join(directory, 'log'), account };
    await expect(
      startPostgres({ ...base, dataDirectory: join(directory, 'none'), socketDirectory: directory }),
    ).rejects.toMatchObject({ code: 'DATA_MISSING' });
    await expect(
      startPostgres({
        ...base,
        dataDirectory: template.dataDirectory,
        socketDirectory: join(directory, 'x'.repeat(100)),
      }),
    ).rejects.toMatchObject({ code: 'SOCKET_PATH_TOO_LONG' });
  });
});
