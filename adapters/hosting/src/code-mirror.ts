import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
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
  /** Where `deriveOnce` puts what is made of it. */
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

/**
 * The folder of something made of the code, such as a bundle: made by `build` when it is not there yet, readable for every
 * workload, whole or absent. What was made of earlier code goes, but for the newest: a workload may still run it.
 * @throws HostingError `STATE_FOLDER_FULL`, and whatever `build` throws
 */
export async function deriveOnce(
  { derived, digest }: InstalledCode,
  name: string,
  build: (building: string) => Promise<void>,
): Promise<string> {
  const folder = join(derived, `${name}-${digest}`);
  if (existsSync(folder)) return folder;
  await writingState(derived, async () => {
    await buildOnce(folder, async (building) => {
      await mkdir(building);
      await build(building);
      await run('chmod', ['-R', 'u+rwX,go=rX', building]);
    });
    const changedAt = (path: string) => statSync(path).mtimeMs;
    const earlier = readdirSync(derived)
      .filter((entry) => entry.startsWith(`${name}-`) && !entry.includes('.building-'))
      .map((entry) => join(derived, entry))
      .filter((path) => path !== folder)
      .sort((one, other) => changedAt(other) - changedAt(one));
    for (const old of earlier.slice(1)) await rm(old, { recursive: true, force: true });
  });
  return folder;
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
