import { execFile, spawn } from 'node:child_process';
import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { type Account, giveTo } from '../account.ts';
import { HostingError } from '../error.ts';
import type { PostgresBinaries } from './binaries.ts';

const run = promisify(execFile);

/** The superuser of every server. Only the supervisor knows its password; nothing that serves requests does. */
export const SUPERUSER = 'dotmac_admin';

/** Measured for a small server on a shared host; `shared_buffers` is raised by size class at start. */
const SETTINGS: Readonly<Record<string, string>> = {
  listen_addresses: '',
  shared_buffers: '16MB',
  max_connections: '30',
  autovacuum_max_workers: '1',
  max_worker_processes: '2',
  min_wal_size: '32MB',
  max_wal_size: '128MB',
  jit: 'off',
  io_method: 'sync',
  // A crash recovery of 670 MB was ready in 1.5 s instead of 3.7 s (64.9 s under disk load).
  recovery_init_sync_method: 'syncfs',
  log_timezone: 'UTC',
  timezone: 'UTC',
};

/** Initialises an empty database cluster in `dataDirectory`, which must not exist, with scram on the socket only. */
export async function initialiseCluster(
  binaries: PostgresBinaries,
  dataDirectory: string,
  password: string,
  account: Account | undefined,
): Promise<void> {
  mkdirSync(dataDirectory, { mode: 0o700 });
  giveTo(dataDirectory, account);
  const passwordFile = `${dataDirectory}.password`;
  writeFileSync(passwordFile, password, { mode: 0o400 });
  giveTo(passwordFile, account);
  const locale = process.platform === 'linux' ? 'C.UTF-8' : 'C';
  try {
    await run(
      binaries.initdb,
      [
        `--pgdata=${dataDirectory}`,
        `--username=${SUPERUSER}`,
        `--pwfile=${passwordFile}`,
        '--auth=scram-sha-256',
        '--encoding=UTF8',
        `--locale=${locale}`,
        '--locale-provider=builtin',
        '--builtin-locale=C.UTF-8',
        '--wal-segsize=4',
        // Copies of a finished cluster are synced; a crash during initdb throws the whole directory away.
        '--no-sync',
        ...Object.entries(SETTINGS).flatMap(([name, value]) => ['--set', `${name}=${value}`]),
      ],
      { ...account, env: serverEnvironment(), cwd: dirname(dataDirectory) },
    );
  } catch (error) {
    const detail = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : String(error);
    throw new HostingError('START_FAILED', `initdb failed for ${dataDirectory}: ${detail}`, { cause: error });
  } finally {
    rmSync(passwordFile, { force: true });
  }
}

/** Copies a cleanly stopped cluster, its owner kept; blocks are shared where the file system can. */
export async function copyCluster(from: string, to: string): Promise<void> {
  await run('cp', process.platform === 'linux' ? ['-a', '--reflink=auto', from, to] : ['-a', from, to]);
  chmodSync(to, 0o700);
}

/** Hands a cluster that is not running to another account. */
export async function giveCluster(dataDirectory: string, account: Account): Promise<void> {
  await run('chown', ['-R', `${account.uid}:${account.gid}`, dataDirectory]);
}

/**
 * Executes statements in single-user mode: no socket exists, so nobody can connect meanwhile. For what must be
 * true before the first start of a copy (passwords, names). A statement must not contain a newline. Like initdb,
 * this mode asks the user database for the account's name; the ordinary server does not.
 */
export async function executeOffline(
  binaries: PostgresBinaries,
  dataDirectory: string,
  statements: readonly string[],
  account: Account | undefined,
): Promise<void> {
  const child = spawn(
    binaries.postgres,
    ['--single', '-D', dataDirectory, '-c', 'exit_on_error=on', '-c', 'log_statement=none', 'postgres'],
    { ...account, env: serverEnvironment(), cwd: dataDirectory, stdio: ['pipe', 'ignore', 'pipe'] },
  );
  let output = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  const closed = Promise.withResolvers<number | null>();
  child.once('close', closed.resolve).once('error', closed.reject);
  // A server that refuses to start closes its input early; its exit code and output say why.
  child.stdin.on('error', () => {});
  child.stdin.end(`${statements.join('\n')}\n`);
  const code = await closed.promise;
  if (code !== 0 || /^.*\b(?:ERROR|FATAL|PANIC):/m.test(output)) {
    // The statements carry passwords: name the failure, never the text that was sent.
    const reason = /(?:ERROR|FATAL|PANIC):.*/.exec(output)?.[0] ?? `exit code ${code}`;
    throw new HostingError('START_FAILED', `Preparing the database in ${dataDirectory} failed: ${reason}`);
  }
}

/** The server inherits nothing of ours: no PG* variable, no secret, no locale of the caller. */
export function serverEnvironment(): NodeJS.ProcessEnv {
  return { PATH: process.env.PATH, TZ: 'UTC', LC_ALL: 'C' };
}

/** File in the data directory that names the running postmaster (pid, start, socket directory, state). */
export function postmasterFile(dataDirectory: string): string {
  return join(dataDirectory, 'postmaster.pid');
}
