import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { errnoOf } from './error.ts';
import { identify } from './process/process-identity.ts';

/**
 * Builds a directory beside its place and renames it into place, so that it is whole or absent, whatever is
 * killed when. When another process put one there first, that one is kept and the answer is false. Remains of
 * builders that died are removed, after `beforeRemoval` has ended what may still run in them.
 */
export async function buildOnce(
  target: string,
  build: (building: string) => Promise<void>,
  beforeRemoval: (building: string) => Promise<void> = () => Promise.resolve(),
): Promise<boolean> {
  // Traversable, not readable: servers run as other users when we are root.
  await mkdir(dirname(target), { recursive: true, mode: 0o711 });
  await removeAbandonedBuilds(target, beforeRemoval);
  const building = `${target}.building-${process.pid}-${crypto.randomUUID().slice(0, 8)}`;
  try {
    await build(building);
    await rename(building, target);
    return true;
  } catch (error) {
    await rm(building, { recursive: true, force: true });
    const errno = errnoOf(error);
    if (errno === 'ENOTEMPTY' || errno === 'EEXIST') return false;
    throw error;
  }
}

async function removeAbandonedBuilds(
  target: string,
  beforeRemoval: (building: string) => Promise<void>,
): Promise<void> {
  const prefix = `${basename(target)}.building-`;
  for (const name of await readdir(dirname(target))) {
    if (!name.startsWith(prefix)) continue;
    const pid = Number(name.slice(prefix.length).split('-')[0]);
    if (identify(pid) !== undefined) continue;
    const building = join(dirname(target), name);
    await beforeRemoval(building);
    // A program that the dead builder started (initdb, cp) may still write into it, until it misses its files.
    await rm(building, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  }
}
