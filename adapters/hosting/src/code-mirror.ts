import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdirSync, statSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { isRoot } from './account.ts';
import { buildOnce } from './build-once.ts';
import { writingState } from './error.ts';
import { isTraversable, openPaths } from './state/paths.ts';

const run = promisify(execFile);

/** Whether a tenant's account could run code from a folder: every parent lets it pass, and its files are readable. */
function isReachable(source: string): boolean {
  return !isRoot() || (isTraversable(source) && (statSync(join(source, 'package.json')).mode & 0o004) !== 0);
}

/** A tree of code that every workload of an installation can run. */
export interface InstalledCode {
  readonly folder: string;
  /** Digest of the sources and the lockfile: another one for other code. */
  readonly digest: string;
  /** Where `deriveOnce` (`derived-code.ts`) puts what is made of it. */
  readonly derived: string;
}

/**
 * The code in `source` as workloads of the installation in `home` can run it: `source` itself where their accounts can
 * reach it, else a mirror (hard links where possible) named after the content, so that its path stays the same
 * until the code changes. As root a checkout in `/root` or in a private temporary folder needs it.
 * @throws HostingError `STATE_FOLDER_UNWRITABLE`, `STATE_FOLDER_FULL`
 */
export async function installCode(home: string, source: string): Promise<InstalledCode> {
  return writingState(home, async () => {
    const derived = join(openPaths(home).root, 'code');
    const digest = contentDigest(source);
    if (isReachable(source)) return { folder: source, digest, derived };
    const folder = join(derived, digest);
    await buildOnce(folder, (building) => mirror(source, building));
    return { folder, digest, derived };
  });
}

async function mirror(source: string, building: string): Promise<void> {
  await mkdir(building, { mode: 0o755 });
  const entries = mirrored(source).map((name) => join(source, name));
  const readable = (statSync(join(source, 'package.json')).mode & 0o004) !== 0;
  try {
    // Links share their mode with the original: what others may not read must be a copy.
    if (readable && process.platform === 'linux')
      return void (await run('cp', ['-al', ...entries, building]));
  } catch (error) {
    if (!(error instanceof Error) || !/cross-device|not permitted/.test(error.message)) throw error;
  }
  await run('cp', ['-a', ...entries, building]);
  await run('chmod', ['-R', 'go+rX', building]);
}

/** Everything but hidden folders (.git, the state folder) at the top. */
function mirrored(source: string): string[] {
  return readdirSync(source).filter((name) => !name.startsWith('.'));
}

/** Digest of the names, sizes and times of the sources, the lockfile among them, which stands for the dependencies. */
function contentDigest(source: string): string {
  const hash = createHash('sha256');
  const add = (folder: string) => {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name);
      if (entry.name === 'node_modules' || entry.name.startsWith('.')) continue;
      if (entry.isDirectory()) add(path);
      else if (entry.isFile()) hash.update(`${path}\0${statSync(path).size}\0${statSync(path).mtimeMs}\n`);
    }
  };
  add(source);
  return hash.digest('hex').slice(0, 16);
}
