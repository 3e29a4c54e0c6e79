import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, fstatSync, mkdirSync, openSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { forget, remember } from './orphans.ts';

export interface ProcessOptions {
  /** Names it in messages and its files. */
  readonly name: string;
  /** The Node to run it with, and its file. */
  readonly node: string;
  readonly file: string;
  readonly environment: Readonly<Record<string, string>>;
  /** The state folder: `log/<name>.log`, `run/<name>.json` and Node's cache of compiled code lie in it. */
  readonly home: string;
  /** Told when it ended unasked and is started again. */
  readonly onRestart: (message: string) => void;
}

export interface Supervised {
  /** Of the running process; it changes with a restart. */
  readonly pid: number | undefined;
  readonly logFile: string;
  /** What the last run said when it ended by itself with an error; null when none has, or it was killed. */
  readonly refusal: string | null;
  /** SIGTERM, and SIGKILL when that does not end it. */
  stop(): Promise<void>;
}

const firstPauseMilliseconds = 200;
const longestPauseMilliseconds = 10_000;
/** A run of this length was a good one: the pauses begin anew. */
const goodRunMilliseconds = 30_000;
export const gracePeriodMilliseconds = 20_000;
const largestLogBytes = 8 * 1024 * 1024;

/** Keeps one of our own processes running until `stop`, with growing pauses between starts. */
export function supervise(options: ProcessOptions): Supervised {
  const { name, node, file, home } = options;
  const logFile = join(home, 'log', `${name}.log`);
  let child: ChildProcess | undefined;
  let refusal: string | null = null;
  let stopping = false;
  let pause = firstPauseMilliseconds;
  let timer: NodeJS.Timeout | undefined;

  const start = () => {
    const { log, offset } = openLog(logFile);
    const startedAt = performance.now();
    const running = spawn(node, [file], {
      env: {
        ...process.env,
        // The one process that may create databases is told by its own environment.
        DATABASE_URL: undefined,
        // Half of a start is reading and compiling the same code again.
        NODE_COMPILE_CACHE: join(home, 'cache', 'code'),
        ...options.environment,
      },
      // A group of its own: Ctrl-C reaches us only, and we stop everything in order.
      detached: true,
      stdio: ['ignore', log, log],
    });
    closeSync(log);
    child = running;
    if (running.pid !== undefined) remember(home, name, running.pid);
    const ended = (how: string) => {
      if (stopping) return;
      if (performance.now() - startedAt > goodRunMilliseconds) pause = firstPauseMilliseconds;
      options.onRestart(`${name} ended (${how}); it is started again. See ${logFile}`);
      timer = setTimeout(start, pause);
      pause = Math.min(pause * 2, longestPauseMilliseconds);
    };
    running.once('error', (error) => {
      refusal = error.message;
      ended(error.message);
    });
    running.once('exit', (code, signal) => {
      refusal = signal === null ? lastLine(logFile, offset) : null;
      ended(String(signal ?? code));
    });
  };
  start();

  return {
    get pid() {
      return child?.pid;
    },
    get refusal() {
      return refusal;
    },
    logFile,
    async stop() {
      stopping = true;
      clearTimeout(timer);
      if (child?.pid !== undefined && child.exitCode === null && child.signalCode === null) {
        const exited = once(child, 'exit');
        child.kill('SIGTERM');
        const kill = setTimeout(() => child?.kill('SIGKILL'), gracePeriodMilliseconds);
        await exited;
        clearTimeout(kill);
      }
      forget(home, name);
    },
  };
}

/** Opens the log for appending; one that has grown large is moved aside first. `offset` is where this run begins. */
function openLog(file: string): { log: number; offset: number } {
  mkdirSync(join(file, '..'), { recursive: true, mode: 0o700 });
  const log = openSync(file, 'a', 0o600);
  const { size } = fstatSync(log);
  if (size < largestLogBytes) return { log, offset: size };
  closeSync(log);
  rmSync(`${file}.1`, { force: true });
  renameSync(file, `${file}.1`);
  return { log: openSync(file, 'a', 0o600), offset: 0 };
}

function lastLine(file: string, offset: number): string {
  const text = readFileSync(file).subarray(offset).toString('utf8');
  return text.trimEnd().split('\n').at(-1) || 'it said nothing';
}
