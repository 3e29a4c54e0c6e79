import { execFile } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { installBinaries, startPostgres } from '@dotmac/hosting';
import pg from 'pg';

const execute = promisify(execFile);

/** One durable PostgreSQL for both sides. */
export interface BenchDatabase {
  readonly pid: number;
  readonly socketDirectory: string;
  urlOf(database: string): string;
  /** Statements on a database of it; `postgres` by default. */
  run(sql: string, database?: string): Promise<void>;
  stop(): Promise<void>;
}

const user = 'bench';
/** The same for both: what the comparison's method prescribes. */
const settings = {
  fsync: 'on',
  synchronous_commit: 'on',
  shared_buffers: '512MB',
  max_wal_size: '4GB',
  max_connections: '60',
  listen_addresses: '',
};

export async function startDatabase(folder: string): Promise<BenchDatabase> {
  const binaries = await installBinaries(join(folder, 'postgres'));
  const dataDirectory = join(folder, 'data');
  // PostgreSQL refuses to run as root; Debian's package has an account for it.
  const account = process.geteuid?.() === 0 ? await accountOf('postgres') : undefined;
  mkdirSync(dataDirectory, { mode: 0o700 });
  if (account !== undefined) {
    chmodSync(folder, 0o711);
    chownSync(dataDirectory, account.uid, account.gid);
  }
  await execute(
    binaries.initdb,
    ['-D', dataDirectory, '-U', user, '--auth=trust', '-E', 'UTF8', '--locale=C'],
    {
      ...account,
      cwd: '/',
    },
  );
  const server = await startPostgres({
    binaries,
    dataDirectory,
    socketDirectory: join(folder, 's'),
    logFile: join(folder, 'postgres.log'),
    account,
    settings,
  });
  const urlOf = (database: string) => server.connectionString(database, { user, password: 'unused' });
  return {
    pid: server.identity.pid,
    socketDirectory: server.socketDirectory,
    urlOf,
    async run(sql, database = 'postgres') {
      const client = new pg.Client({ connectionString: urlOf(database) });
      await client.connect();
      try {
        await client.query(sql);
      } finally {
        await client.end();
      }
    },
    stop: () => server.stop(),
  };
}

async function accountOf(name: string): Promise<{ uid: number; gid: number }> {
  const [uid, gid] = await Promise.all(
    ['-u', '-g'].map(async (flag) => Number((await execute('id', [flag, name])).stdout)),
  );
  return { uid: uid ?? 0, gid: gid ?? 0 };
}
