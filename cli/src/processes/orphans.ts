/**
 * Processes that outlived the `start` that had begun them, because it was killed: they serve on, and the next `start`
 * ends them before it begins its own. `run/<name>.json` in the state folder names each.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { identify, isRunning, type ProcessIdentity, signal } from '@dotmac/hosting/process';
import { isMissing } from '../secrets/file-secrets.ts';

const folderOf = (home: string) => join(home, 'run');
const fileOf = (home: string, name: string) => join(folderOf(home), `${name}.json`);

/** Notes that a process runs under this name. */
export function remember(home: string, name: string, pid: number): void {
  const identity = identify(pid);
  // One that has ended already needs no ending.
  if (identity === undefined) return;
  mkdirSync(folderOf(home), { recursive: true, mode: 0o700 });
  writeFileSync(fileOf(home, name), JSON.stringify(identity), { mode: 0o600 });
}

export function forget(home: string, name: string): void {
  rmSync(fileOf(home, name), { force: true });
}

/** Ends what an earlier `start` left running: SIGTERM, after `graceMilliseconds` SIGKILL. @returns their names. */
export async function endOrphans(home: string, graceMilliseconds: number): Promise<string[]> {
  const found = namesIn(home).flatMap((name) => {
    const identity = read(fileOf(home, name));
    return identity !== null && isRunning(identity) ? [{ name, identity }] : [];
  });
  await Promise.all(found.map(({ identity }) => end(identity, graceMilliseconds)));
  for (const name of namesIn(home)) forget(home, name);
  return found.map(({ name }) => name);
}

async function end(identity: ProcessIdentity, graceMilliseconds: number): Promise<void> {
  signal(identity, 'SIGTERM');
  const deadline = performance.now() + graceMilliseconds;
  // Not our child: the system tells nobody else of its end.
  while (isRunning(identity)) {
    if (performance.now() > deadline) signal(identity, 'SIGKILL');
    await new Promise((again) => setTimeout(again, 20));
  }
}

function namesIn(home: string): string[] {
  try {
    return readdirSync(folderOf(home))
      .filter((file) => file.endsWith('.json') && file !== 'supervisor.json')
      .map((file) => basename(file, '.json'));
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

/** A file that was cut by a crash names nobody. */
function read(file: string): ProcessIdentity | null {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as ProcessIdentity;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}
