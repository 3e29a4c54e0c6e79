import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';

export interface ProcessOptions {
  /** Names it in messages and its log file. */
  readonly name: string;
  /** Module to run. */
  readonly module: URL;
  readonly environment: Readonly<Record<string, string>>;
  /** Folder for `<name>.log`. */
  readonly logFolder: string;
  /** Told when it ended unasked and is started again. */
  readonly onRestart: (message: string) => void;
}

export interface Supervised {
  /** Of the running process; it changes with a restart. */
  readonly pid: number | undefined;
  readonly logFile: string;
  /** SIGTERM, and SIGKILL when that does not end it. */
  stop(): Promise<void>;
}

const firstPauseMilliseconds = 200;
const longestPauseMilliseconds = 10_000;
/** A run of this length was a good one: the pauses begin anew. */
const goodRunMilliseconds = 30_000;
const gracePeriodMilliseconds = 20_000;

/** Keeps one of our own processes running until `stop`, with growing pauses between starts. */
export function supervise(options: ProcessOptions): Supervised {
  mkdirSync(options.logFolder, { recursive: true });
  const logFile = join(options.logFolder, `${options.name}.log`);
  let child: ChildProcess | undefined;
  let stopping = false;
  let pause = firstPauseMilliseconds;
  let timer: NodeJS.Timeout | undefined;

  const start = () => {
    const log = openSync(logFile, 'a');
    const startedAt = performance.now();
    const running = spawn(process.execPath, [options.module.pathname], {
      env: { ...process.env, ...options.environment },
      // A group of its own: Ctrl-C reaches us only, and we stop everything in order.
      detached: true,
      stdio: ['ignore', log, log],
    });
    child = running;
    running.once('exit', (code, signal) => {
      if (stopping) return;
      if (performance.now() - startedAt > goodRunMilliseconds) pause = firstPauseMilliseconds;
      options.onRestart(`${options.name} ended (${signal ?? code}); it is started again. See ${logFile}`);
      timer = setTimeout(start, pause);
      pause = Math.min(pause * 2, longestPauseMilliseconds);
    });
  };
  start();

  return {
    get pid() {
      return child?.pid;
    },
    logFile,
    async stop() {
      stopping = true;
      clearTimeout(timer);
      if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
      const exited = once(child, 'exit');
      child.kill('SIGTERM');
      const kill = setTimeout(() => child?.kill('SIGKILL'), gracePeriodMilliseconds);
      await exited;
      clearTimeout(kill);
    },
  };
}
