import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { installCode } from '@dotmac/hosting/code';
import { deriveOnce } from '@dotmac/hosting/derived';
import { bundle } from './bundle.ts';
import { type Programs, sources } from './programs.ts';

const checkout = fileURLToPath(new URL('../../../', import.meta.url));

/**
 * The programs made of this checkout for the installation in `home`: bundled at the first start, and again when the
 * code has changed. `docs/decisions/bundled-programs.md` says why.
 * @throws HostingError when the state folder cannot be written; Error that names the file which cannot be bundled
 */
export async function openPrograms(home: string): Promise<Programs> {
  const code = await installCode(home, checkout);
  const entries = Object.entries(sources).map(([name, path]) => [name, join(code.folder, path)]);
  const folder = await deriveOnce(code, 'programs', (building) =>
    bundle(Object.fromEntries(entries), building),
  );
  return { node: nodeIn(code.folder), folder };
}

/** The carried Node as it lies in that folder; one from elsewhere on the machine as it is. */
function nodeIn(folder: string): string {
  const path = relative(checkout, process.execPath);
  return path.startsWith('..') ? process.execPath : join(folder, path);
}
