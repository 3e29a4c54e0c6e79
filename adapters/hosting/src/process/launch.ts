import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, closeSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Account, giveTo, isRoot } from '../account.ts';
import { HostingError } from '../error.ts';
import { poll } from '../poll.ts';
import type { Endpoint, Exit, ResolveSecret, WorkloadSpec } from '../port.ts';
import { seedCodeCache } from './code-cache.ts';
import { labelsOf } from './labels.ts';
import { openLog } from './log-files.ts';
import { identify, isRunning, type ProcessIdentity } from './process-identity.ts';

/** A process of ours: launched by us, or found running. */
export interface Run {
  readonly identity: ProcessIdentity;
  /** How it ended; the code of a process that is not our child cannot be known. */
  readonly ended: Promise<Pick<Exit, 'code' | 'signal'>>;
}

export interface LaunchPlace {
  readonly owner: string;
  /** Folder of the workload: its secrets, logs and record. */
  readonly directory: string;
  /** Writable for the workload, the same for all its generations. */
  readonly stateDirectory: string;
  readonly socketDirectory: string;
  readonly account: Account | undefined;
  /** Compiled code of the installation, copied to workloads that have none. */
  readonly codeCacheSeed: string | undefined;
}

/** The socket on which a workload serves HTTP. */
export function httpSocket(socketDirectory: string): string {
  return join(socketDirectory, 'http.sock');
}

/** Where a workload answers: its HTTP socket, and the ports it was given. */
export function endpointsOf(spec: WorkloadSpec, socketDirectory: string): Endpoint[] {
  return [
    { name: 'http', kind: 'unix', path: httpSocket(socketDirectory) },
    ...spec.ports.map(({ name, protocol, host, port }) => ({ name, kind: protocol, host, port })),
  ];
}

/**
 * Makes the folders and secret files of a workload. Secrets are readable by the tenant's account alone; its cache of
 * compiled code is its own too, since whoever writes there decides what runs.
 */
export async function prepare(
  spec: WorkloadSpec,
  place: LaunchPlace,
  resolveSecret: ResolveSecret,
): Promise<void> {
  const { directory, socketDirectory, stateDirectory, account } = place;
  mkdirSync(join(directory, 'log'), { recursive: true, mode: 0o711 });
  mkdirSync(socketDirectory, { recursive: true, mode: 0o700 });
  giveTo(socketDirectory, account);
  mkdirSync(dirname(stateDirectory), { recursive: true, mode: 0o711 });
  mkdirSync(stateDirectory, { recursive: true, mode: 0o700 });
  giveTo(stateDirectory, account);
  mkdirSync(cacheDirectory(directory), { recursive: true, mode: 0o700 });
  giveTo(cacheDirectory(directory), account);
  if (place.codeCacheSeed !== undefined)
    await seedCodeCache(place.codeCacheSeed, cacheDirectory(directory), account);
  // A socket file outlives a process that was killed, and listen() refuses it.
  rmSync(httpSocket(socketDirectory), { force: true });
  const secrets = secretsDirectory(directory);
  rmSync(secrets, { recursive: true, force: true });
  mkdirSync(secrets, { mode: 0o700 });
  for (const reference of spec.secrets) {
    const path = join(secrets, reference.name);
    writeFileSync(path, await resolveSecret(spec.tenant, reference), { mode: 0o400 });
    giveTo(path, account);
  }
  if (account !== undefined) {
    // Root still replaces them; an ordinary user could not.
    chmodSync(secrets, 0o500);
    giveTo(secrets, account);
  }
}

/** Starts the process detached: it keeps running, and logging, when this one is killed. @throws `START_FAILED` */
export async function launch(spec: WorkloadSpec, place: LaunchPlace): Promise<Run> {
  const log = openLog(join(place.directory, 'log'));
  try {
    const [file, ...args] = confined(spec.command, place.account);
    const child = spawn(file, args, {
      // setpriv changes the user itself, after it has dropped what only root may drop.
      ...(file === spec.command[0] ? place.account : undefined),
      cwd: place.directory,
      env: environmentOf(spec, place),
      detached: true,
      stdio: ['ignore', log, log],
    });
    const ended = new Promise<Pick<Exit, 'code' | 'signal'>>((resolve) => {
      child.once('exit', (code, signal) => resolve({ code, signal }));
    });
    await new Promise((resolve, reject) => child.once('spawn', resolve).once('error', reject));
    child.unref();
    // An exit that was already noticed leaves no process to identify; `ended` tells.
    const identity = identify(child.pid ?? 0) ?? { pid: child.pid ?? 0, startTime: 'ended' };
    return { identity, ended };
  } catch (cause) {
    throw new HostingError('START_FAILED', `Cannot start ${spec.command[0]}: ${String(cause)}`, { cause });
  } finally {
    closeSync(log);
  }
}

/** Watches a process that is not our child. Stops watching when `signal` aborts. */
export function adopt(identity: ProcessIdentity, signal: AbortSignal): Run {
  const gone = () => (signal.aborted || !isRunning(identity) ? true : undefined);
  const ended = poll(gone, { deadlineMs: Number.POSITIVE_INFINITY, intervalMs: 100 });
  return { identity, ended: ended.then(() => ({ code: null, signal: null })) };
}

function environmentOf(spec: WorkloadSpec, place: LaunchPlace): NodeJS.ProcessEnv {
  const ports = spec.ports.map(({ name, protocol, host, port }) => [
    `DOTMAC_PORT_${name.toUpperCase().replaceAll('-', '_')}`,
    `${protocol}:${host}:${port}`,
  ]);
  return {
    PATH: process.env.PATH,
    TZ: 'UTC',
    // A third of a start is compiling the same code again.
    NODE_COMPILE_CACHE: cacheDirectory(place.directory),
    ...spec.environment,
    ...Object.fromEntries(ports),
    ...labelsOf(place.owner, spec),
    DOTMAC_RELEASE: spec.release,
    DOTMAC_LISTEN: `unix:${httpSocket(place.socketDirectory)}`,
    DOTMAC_SECRETS: secretsDirectory(place.directory),
    DOTMAC_STATE: place.stateDirectory,
  };
}

function secretsDirectory(directory: string): string {
  return join(directory, 'secrets');
}

function cacheDirectory(directory: string): string {
  return join(directory, 'cache');
}

function confined(
  command: readonly [string, ...string[]],
  account: Account | undefined,
): readonly [string, ...string[]] {
  if (!hasSetpriv()) return command;
  const user =
    account === undefined ? [] : [`--reuid=${account.uid}`, `--regid=${account.gid}`, '--clear-groups'];
  const bounds = isRoot() ? ['--bounding-set=-all', '--inh-caps=-all'] : [];
  return ['setpriv', ...user, '--no-new-privs', ...bounds, '--', ...command];
}

let setprivWorks: boolean | undefined;

/** Whether setpriv (util-linux) can do what is asked of it here; without it only the user is changed. */
function hasSetpriv(): boolean {
  const bounds = isRoot() ? ['--bounding-set=-all', '--inh-caps=-all', '--clear-groups'] : [];
  setprivWorks ??= spawnSync('setpriv', ['--no-new-privs', ...bounds, '--', 'true']).status === 0;
  return setprivWorks;
}
