import { execFile } from 'node:child_process';

/** What a program wrote and how it ended; `missing` when it is not there or may not be run. */
interface Ran {
  readonly stdout: string;
  readonly stderr: string;
  /** Null when a signal ended it. */
  readonly code: number | null;
  readonly missing: boolean;
}

/** Runs a program without a shell. */
export type Run = (program: string, words: readonly string[], signal: AbortSignal) => Promise<Ran>;

const mostOctets = 1024 * 1024;
const mostMilliseconds = 15_000;

export const runProgram: Run = (program, words, signal) =>
  new Promise((resolve) => {
    execFile(
      program,
      [...words],
      {
        signal,
        maxBuffer: mostOctets,
        timeout: mostMilliseconds,
        // Words as they were recorded, whatever language the machine speaks; and nothing of our own environment.
        env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' },
      },
      (error, stdout, stderr) => {
        const { code } = (error ?? { code: 0 }) as { code?: number | string };
        resolve({
          stdout,
          stderr,
          code: typeof code === 'number' ? code : null,
          missing: code === 'ENOENT' || code === 'EACCES' || code === 'EPERM',
        });
      },
    );
  });
