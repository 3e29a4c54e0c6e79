import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { serverAccount } from '../account.ts';
import { buildOnce } from '../build-once.ts';
import { openPrivateDirectory } from '../private-directory.ts';
import { identify, signal } from '../process/process-identity.ts';
import { installBinaries, type PostgresBinaries } from './binaries.ts';
import { copyCluster, initialiseCluster, SUPERUSER } from './cluster.ts';
import { runningPostmaster, startPostgres, stopPostgres } from './server.ts';

/** A throw-away server for tests: real PostgreSQL without durability. */
export interface TestPostgres extends AsyncDisposable {
  /** Superuser on the empty database `postgres`. */
  readonly connectionString: string;
  /** Creates an empty database and gives its connection string. Without a name, a fresh one. */
  createDatabase(name?: string): Promise<string>;
  /** Stops the server; `resume` starts it again on the same files and connection strings. */
  suspend(): Promise<void>;
  /** `kill -9` of its postmaster: it says goodbye to nobody, and `resume` recovers. Loses commits unless it is durable. */
  kill(): Promise<void>;
  resume(): Promise<void>;
  /** Stops the server and removes its files. */
  close(): Promise<void>;
}

/** The socket directory is private to this user, so the password protects nothing. */
const PASSWORD = 'test';
const SETTINGS = { max_connections: '100' };
const NOT_DURABLE = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' };

/**
 * Starts a PostgreSQL server for this process, in well under a second: programs and an initialised cluster are
 * kept in the temporary directory per user and version. Several workers may call it at once. A server whose
 * test process died without closing it is stopped by the next call.
 */
export async function startTestPostgres(
  options: {
    /** Benchmarks measure what production waits for. */
    readonly durable?: boolean;
  } = {},
): Promise<TestPostgres> {
  const cache = openPrivateDirectory(join(tmpdir(), `dotmac-test-postgres-${process.geteuid?.() ?? 'user'}`));
  await removeAbandonedServers(cache);
  const account = serverAccount();
  const binaries = await installBinaries(cache);
  const cluster = await initialisedCluster(cache, binaries);

  const directory = mkdtempSync(join(cache, `run-${process.pid}-${startTimeOf(process.pid)}-`));
  const dataDirectory = join(directory, 'data');
  await copyCluster(cluster, dataDirectory);
  // mkdtemp makes it 0700 for us; the server runs as another user when we are root.
  chmodSync(directory, 0o711);
  const serverOptions = {
    binaries,
    dataDirectory,
    socketDirectory: join(directory, 's'),
    logFile: join(directory, 'log'),
    account,
    settings: options.durable === true ? SETTINGS : { ...SETTINGS, ...NOT_DURABLE },
  };
  let server = await startPostgres(serverOptions);
  const url = (database: string) =>
    server.connectionString(database, { user: SUPERUSER, password: PASSWORD });
  const close = async () => {
    await server.stop();
    rmSync(directory, { recursive: true, force: true });
  };
  return {
    connectionString: url('postgres'),
    async createDatabase(name = `test_${crypto.randomUUID().replaceAll('-', '')}`) {
      const client = new Client({ connectionString: url('postgres') });
      await client.connect();
      try {
        await client.query(`CREATE DATABASE ${client.escapeIdentifier(name)} STRATEGY wal_log`);
      } finally {
        await client.end();
      }
      return url(name);
    },
    suspend: () => server.stop(),
    kill: async () => {
      signal(server.identity, 'SIGKILL');
      await server.ended(new AbortController().signal);
    },
    resume: async () => {
      server = await startPostgres(serverOptions);
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

async function initialisedCluster(cache: string, binaries: PostgresBinaries): Promise<string> {
  const target = join(cache, `cluster-${binaries.version}`);
  if (!existsSync(target)) {
    await buildOnce(target, async (building) => {
      mkdirSync(building, { mode: 0o711 });
      await initialiseCluster(binaries, join(building, 'data'), PASSWORD, serverAccount());
    });
  }
  return join(target, 'data');
}

async function removeAbandonedServers(cache: string): Promise<void> {
  for (const name of readdirSync(cache)) {
    const [, pid, startTime] = /^run-(\d+)-([^-]+)-/.exec(name) ?? [];
    if (pid === undefined || startTimeOf(Number(pid)) === startTime) continue;
    const dataDirectory = join(cache, name, 'data');
    if (runningPostmaster(dataDirectory) !== undefined) await stopPostgres(dataDirectory);
    rmSync(join(cache, name), { recursive: true, force: true });
  }
}

function startTimeOf(pid: number): string {
  return identify(pid)?.startTime.replaceAll(/\W/g, '') ?? 'gone';
}
