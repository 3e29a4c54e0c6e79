import { spawn } from 'node:child_process';
import { chmodSync, closeSync, fstatSync, mkdirSync, openSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type Account, giveTo } from '../account.ts';
import { errnoOf, HostingError } from '../error.ts';
import { poll } from '../poll.ts';
import {
  commandLine,
  identify,
  isRunning,
  type ProcessIdentity,
  signal,
} from '../process/process-identity.ts';
import type { PostgresBinaries } from './binaries.ts';
import { postmasterFile, serverEnvironment } from './cluster.ts';
import { type Credentials, SOCKET_PORT, socketConnectionString } from './connection-string.ts';

/** After kill -9 of the postmaster its children hold the shared memory for a while: start again until then. */
const START_DEADLINE_MS = 10_000;
/** How long one attempt may recover from its log before it counts as failed. */
const READY_DEADLINE_MS = 120_000;
const WATCH_INTERVAL_MS = 100;
const STOP_DEADLINE_MS = 30_000;
/** sockaddr_un.sun_path holds 108 bytes with its terminating zero. */
const SOCKET_PATH_BYTES = 107;

export interface PostgresOptions {
  readonly binaries: PostgresBinaries;
  readonly dataDirectory: string;
  /** Short (its socket path must fit 107 bytes); created with mode 0700 when absent. */
  readonly socketDirectory: string;
  /** Appended to; holds the server's own messages. */
  readonly logFile: string;
  /** Who the server runs as: required when we are root, otherwise undefined. */
  readonly account?: Account | undefined;
  /** Settings over those of the cluster, for example `{ shared_buffers: '32MB' }`. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** A running PostgreSQL server. It is detached: it outlives this process unless it is stopped. */
export interface PostgresServer extends AsyncDisposable {
  readonly identity: ProcessIdentity;
  readonly socketDirectory: string;
  /** True when the server was found running rather than started by this call. */
  readonly adopted: boolean;
  connectionString(database: string, credentials: Credentials): string;
  isRunning(): boolean;
  /** Resolves when the server has ended, however it did. Aborting the signal gives up waiting. */
  ended(signal: AbortSignal): Promise<void>;
  /** Fast shutdown (SIGINT): aborts transactions, checkpoints, keeps the data. @throws `STOP_TIMEOUT` */
  stop(): Promise<void>;
}

/**
 * Starts the server of a data directory, or adopts the one that already runs on it, and waits until it accepts
 * connections. Data left by a crash is recovered.
 * @throws HostingError `DATA_MISSING`, `SOCKET_PATH_TOO_LONG`, `START_FAILED`, `START_TIMEOUT`
 */
export async function startPostgres(options: PostgresOptions): Promise<PostgresServer> {
  checkOptions(options);
  const running = runningPostmaster(options.dataDirectory);
  if (running !== undefined && (await waitUntilReady(options, running))) {
    return serverHandle(options, running, true);
  }
  mkdirSync(options.socketDirectory, { recursive: true, mode: 0o700 });
  chmodSync(options.socketDirectory, 0o700);
  giveTo(options.socketDirectory, options.account);
  let failure = '';
  const started = await poll(
    async () => {
      const { identity, exited, logStart } = spawnServer(options);
      if (identity !== undefined && (await waitUntilReady(options, identity))) return identity;
      const end = await exited;
      failure = /(?:FATAL|PANIC): .*/.exec(logFrom(options.logFile, logStart))?.[0] ?? end;
      if (/still in use|Is another postmaster|lock file .* already exists/.test(failure)) return undefined;
      throw startFailed(options, failure);
    },
    { deadlineMs: START_DEADLINE_MS, intervalMs: 100 },
  );
  if (started === undefined) throw startFailed(options, failure);
  return serverHandle(options, started, false);
}

function startFailed({ dataDirectory, logFile }: PostgresOptions, reason: string): HostingError {
  return new HostingError(
    'START_FAILED',
    `PostgreSQL on ${dataDirectory} did not start: ${reason} (see ${logFile}).`,
  );
}

/** The server that runs on a data directory: its pid file names it and the process is that server, not a namesake. */
export function runningPostmaster(dataDirectory: string): ProcessIdentity | undefined {
  const pid = Number(postmasterLines(dataDirectory)?.[0]);
  if (!Number.isInteger(pid) || pid <= 1) return undefined;
  const identity = identify(pid);
  if (identity === undefined || !commandLine(pid)?.includes(` -D ${dataDirectory} `)) return undefined;
  return identity;
}

/** Stops the server of a data directory if one runs. */
export async function stopPostgres(dataDirectory: string): Promise<void> {
  const identity = runningPostmaster(dataDirectory);
  if (identity !== undefined) await stop(dataDirectory, identity);
}

function checkOptions({ dataDirectory, socketDirectory }: PostgresOptions): void {
  try {
    statSync(join(dataDirectory, 'PG_VERSION'));
  } catch (cause) {
    if (errnoOf(cause) !== 'ENOENT') throw cause;
    throw new HostingError('DATA_MISSING', `${dataDirectory} holds no database cluster.`, { cause });
  }
  const socket = join(socketDirectory, `.s.PGSQL.${SOCKET_PORT}`);
  if (Buffer.byteLength(socket) > SOCKET_PATH_BYTES) {
    throw new HostingError(
      'SOCKET_PATH_TOO_LONG',
      `The socket path ${socket} has ${Buffer.byteLength(socket)} bytes; at most ${SOCKET_PATH_BYTES} are possible. Use a shorter directory.`,
    );
  }
}

interface Spawned {
  readonly identity: ProcessIdentity | undefined;
  /** Settles when the server ends. */
  readonly exited: Promise<string>;
  /** Size of the log file before this start, bytes. */
  readonly logStart: number;
}

function spawnServer(options: PostgresOptions): Spawned {
  const { binaries, dataDirectory, socketDirectory, account, settings = {} } = options;
  const log = openSync(options.logFile, 'a', 0o600);
  const logStart = fstatSync(log).size;
  try {
    const assignments = Object.entries({ ...settings, unix_socket_directories: socketDirectory });
    const child = spawn(
      binaries.postgres,
      ['-D', dataDirectory, ...assignments.flatMap(([name, value]) => ['-c', `${name}=${value}`])],
      {
        ...account,
        env: serverEnvironment(),
        cwd: dataDirectory,
        detached: true,
        stdio: ['ignore', log, log],
      },
    );
    const exited = new Promise<string>((resolve) => {
      child.once('error', (error) => resolve(error.message));
      child.once('exit', (code, name) => resolve(`it ended with ${name ?? `code ${code}`}`));
    });
    child.unref();
    return { identity: child.pid === undefined ? undefined : identify(child.pid), exited, logStart };
  } finally {
    closeSync(log);
  }
}

function logFrom(logFile: string, start: number): string {
  return readFileSync(logFile).subarray(start).toString('utf8');
}

/** True when it accepts connections, false when it ended before. @throws `START_TIMEOUT` */
async function waitUntilReady(
  { dataDirectory, logFile }: PostgresOptions,
  identity: ProcessIdentity,
): Promise<boolean> {
  const ready = await poll(
    () => {
      if (!isRunning(identity)) return false;
      const lines = postmasterLines(dataDirectory);
      return Number(lines?.[0]) === identity.pid && lines?.[7]?.trim() === 'ready' ? true : undefined;
    },
    { deadlineMs: READY_DEADLINE_MS },
  );
  if (ready !== undefined) return ready;
  throw new HostingError(
    'START_TIMEOUT',
    `PostgreSQL on ${dataDirectory} was not ready after ${READY_DEADLINE_MS / 1000} s (see ${logFile}).`,
  );
}

function serverHandle(options: PostgresOptions, identity: ProcessIdentity, adopted: boolean): PostgresServer {
  const { dataDirectory, socketDirectory } = options;
  return {
    identity,
    socketDirectory,
    adopted,
    connectionString: (database, credentials) =>
      socketConnectionString(socketDirectory, database, credentials),
    isRunning: () => isRunning(identity),
    async ended(signal) {
      const over = () => (signal.aborted || !isRunning(identity) ? true : undefined);
      await poll(over, { deadlineMs: Number.POSITIVE_INFINITY, intervalMs: WATCH_INTERVAL_MS });
    },
    stop: () => stop(dataDirectory, identity),
    [Symbol.asyncDispose]: () => stop(dataDirectory, identity),
  };
}

async function stop(dataDirectory: string, identity: ProcessIdentity): Promise<void> {
  for (const name of ['SIGINT', 'SIGQUIT'] as const) {
    if (!signal(identity, name)) return;
    const ended = await poll(() => (isRunning(identity) ? undefined : true), {
      deadlineMs: STOP_DEADLINE_MS,
    });
    if (ended) return;
  }
  throw new HostingError(
    'STOP_TIMEOUT',
    `PostgreSQL on ${dataDirectory} (pid ${identity.pid}) did not stop within ${(2 * STOP_DEADLINE_MS) / 1000} s.`,
  );
}

/** Lines of postmaster.pid: 1 pid, 2 data directory, 3 start, 4 port, 5 socket directory, 6 address, 7 key, 8 state. */
function postmasterLines(dataDirectory: string): string[] | undefined {
  try {
    return readFileSync(postmasterFile(dataDirectory), 'utf8').split('\n');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}
