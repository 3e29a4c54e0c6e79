import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { serverAccount } from '../account.ts';
import { databaseContract } from '../contract/database-contract.ts';
import { query, sampleMigrate } from '../contract/samples.ts';
import { openProcessHosting } from '../hosting.ts';
import type { Tombstone } from '../port.ts';
import { startPostgres } from './server.ts';
import { startTestPostgres, type TestPostgres } from './test-postgres.ts';

const DEBIAN_15 = '/usr/lib/postgresql/15/bin';

/** A superuser's connection string of a server that is not ours, and its end. */
type ForeignServer = { url: string; close(): Promise<void> };

function createHome(): string {
  const home = mkdtempSync(join(tmpdir(), 'dm-shared-'));
  chmodSync(home, 0o711);
  return home;
}

function open(home: string, databaseUrl: string, tombstones = new Map<string, Tombstone>()) {
  return openProcessHosting({
    home,
    databaseUrl,
    migrate: sampleMigrate,
    resolveSecret: () => Promise.reject(new Error('no workload is started here')),
    findTombstone: async (id) => tombstones.get(id),
    onProblem: (problem) => {
      throw problem;
    },
  });
}

/** An administrator as a careful operator would give us: no superuser. */
async function administrator(url: string, role: string, privileges: string): Promise<string> {
  await query(url, `CREATE ROLE ${role} LOGIN PASSWORD 'operator' ${privileges}`);
  const own = new URL(url);
  own.username = role;
  own.password = 'operator';
  return own.href;
}

function sharedContract(name: string, start: () => Promise<ForeignServer>) {
  databaseContract(name, { ownServer: false }, async (tombstones) => {
    const server = await start();
    const home = createHome();
    const url = await administrator(server.url, 'operator', 'CREATEDB CREATEROLE');
    let hosting = await open(home, url, tombstones);
    return {
      database: hosting.database,
      async reopen() {
        await hosting.release();
        hosting = await open(home, url, tombstones);
        return hosting.database;
      },
      async close() {
        await hosting.shutDown();
        await server.close();
        rmSync(home, { recursive: true, force: true });
      },
    };
  });
}

sharedContract('shared server, PostgreSQL 18', async () => {
  const server = await startTestPostgres();
  return { url: server.connectionString, close: server.close };
});

describe.skipIf(!existsSync(DEBIAN_15))('with PostgreSQL 15 of Debian', () => {
  sharedContract('shared server, PostgreSQL 15', startDebianServer);
});

describe('the role of DATABASE_URL', () => {
  let server: TestPostgres;
  let home: string;
  beforeAll(async () => {
    server = await startTestPostgres();
    home = createHome();
  });
  afterAll(async () => {
    await server.close();
    rmSync(home, { recursive: true, force: true });
  });

  it('without CREATEDB is refused with the statement that helps', async () => {
    const url = await administrator(server.connectionString, 'weak', 'NOCREATEDB');
    await expect(open(home, url)).rejects.toMatchObject({
      code: 'CREATEDB_MISSING',
      message: expect.stringContaining('ALTER ROLE "weak" CREATEDB CREATEROLE;'),
    });
  });

  it('that cannot sign in is refused without its password', async () => {
    const url = new URL(server.connectionString);
    url.password = 'not-the-password';
    const refused = open(home, url.href);
    await expect(refused).rejects.toMatchObject({ code: 'DATABASE_FAILED' });
    await expect(refused).rejects.not.toThrow(/not-the-password/);
  });
});

async function startDebianServer(): Promise<ForeignServer> {
  const account = serverAccount();
  const directory = createHome();
  const dataDirectory = join(directory, 'data');
  mkdirSync(dataDirectory, { mode: 0o700 });
  if (account !== undefined) chownSync(dataDirectory, account.uid, account.gid);
  const passwordFile = join(directory, 'password');
  writeFileSync(passwordFile, 'debian', { mode: 0o644 });
  execFileSync(
    join(DEBIAN_15, 'initdb'),
    [
      '-D',
      dataDirectory,
      '-U',
      'postgres',
      '--auth=scram-sha-256',
      `--pwfile=${passwordFile}`,
      '--no-sync',
      '--locale=C.UTF-8',
      '--encoding=UTF8',
    ],
    { ...account, cwd: '/', stdio: 'ignore' },
  );
  const server = await startPostgres({
    binaries: { version: '15', postgres: join(DEBIAN_15, 'postgres'), initdb: join(DEBIAN_15, 'initdb') },
    dataDirectory,
    socketDirectory: join(directory, 's'),
    logFile: join(directory, 'log'),
    account,
    settings: { listen_addresses: '', fsync: 'off' },
  });
  return {
    url: server.connectionString('postgres', { user: 'postgres', password: 'debian' }),
    async close() {
      await server.stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
