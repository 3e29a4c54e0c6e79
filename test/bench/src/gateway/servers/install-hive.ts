import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const version = '2.15.1';

/**
 * Installs Hive Gateway into a folder that is not part of the workspace, once: nobody else should wait for it.
 * Rejects when the package manager cannot get it. Returns the folder.
 */
export async function installHive(): Promise<string> {
  const folder = fileURLToPath(new URL('../../../../../.dotmac/bench/hive/', import.meta.url));
  if (existsSync(`${folder}node_modules/@graphql-hive/gateway/package.json`)) return folder;
  await mkdir(folder, { recursive: true });
  const manifest = {
    name: 'dotmac-bench-hive',
    private: true,
    type: 'module',
    dependencies: { '@graphql-hive/gateway': version, graphql: '16.15.0' },
  };
  await writeFile(`${folder}package.json`, JSON.stringify(manifest, null, 2));
  await run('npx', ['-y', 'pnpm@12', 'install', '--ignore-workspace', '--ignore-scripts', '--no-lockfile'], {
    cwd: folder,
    timeout: 300_000,
  });
  return folder;
}
