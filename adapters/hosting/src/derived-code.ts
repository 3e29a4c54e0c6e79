import { execFile } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { buildOnce } from './build-once.ts';
import type { InstalledCode } from './code-mirror.ts';
import { writingState } from './error.ts';

const run = promisify(execFile);

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
