import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const execute = promisify(execFile);
const source = fileURLToPath(new URL('../../../../../shared/tools/radgen/radgen.c', import.meta.url));

export interface Load {
  /** `mschap` is made by `ms-chap-load.ts`. */
  readonly mode: 'pap' | 'chap' | 'mschap' | 'acct';
  readonly port: number;
  readonly seconds: number;
  readonly warmUpSeconds: number;
  /** Requests in flight at most. */
  readonly inFlight: number;
  /** Requests offered per second however slow the answers are; without it a request follows an answer. */
  readonly rate?: number;
}

/** What the generator counted. `lost` had no answer within 2 s, `not_sent` found no place in flight. */
export interface LoadResult {
  readonly sent: number;
  readonly answered: number;
  readonly rejected: number;
  readonly lost: number;
  readonly not_sent: number;
  readonly bad: number;
  readonly rps: number;
  readonly p50_ms: number;
  readonly p99_ms: number;
}

export const loadSecret = 'testing123';
export const loadUsers = 10_000;

/** Builds the load generator; null when its source or a compiler is not there. */
export async function buildRadgen(folder: string): Promise<((load: Load) => Promise<LoadResult>) | null> {
  if (!existsSync(source)) return null;
  const program = join(folder, 'radgen');
  await execute('cc', ['-O2', '-o', program, source, '-lcrypto']);
  return async (load) => {
    // 250 identifiers per socket; more sockets than needed cost nothing.
    const sockets = Math.min(64, Math.max(4, Math.ceil(load.inFlight / 200)));
    const options: Record<string, string | number> = {
      '-m': load.mode,
      '-p': load.port,
      '-d': load.seconds,
      '-w': load.warmUpSeconds,
      '-k': load.inFlight,
      '-n': sockets,
      '-s': loadSecret,
      '-u': loadUsers,
      ...(load.rate === undefined ? {} : { '-r': load.rate }),
    };
    const { stdout } = await execute(
      program,
      Object.entries(options).flatMap(([name, value]) => [name, String(value)]),
    );
    return JSON.parse(stdout) as LoadResult;
  };
}
