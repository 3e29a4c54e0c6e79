import { existsSync, readdirSync } from 'node:fs';
import { chown, cp } from 'node:fs/promises';
import { join } from 'node:path';
import type { Account } from '../account.ts';

/** Node keeps compiled code in a folder named after its version, architecture, V8 and the user's id. */
const folderOfUser = /^(v\d.+)-(\d+)$/;

/**
 * Gives a workload that has compiled nothing yet a copy of what was compiled for the installation. A copy, because
 * whoever writes into a cache decides what runs: no tenant reads what another can write.
 */
export async function seedCodeCache(
  seed: string,
  cache: string,
  account: Account | undefined,
): Promise<void> {
  if (!existsSync(seed) || readdirSync(cache).length > 0) return;
  for (const name of readdirSync(seed)) {
    const [, version] = folderOfUser.exec(name) ?? [];
    if (version === undefined) continue;
    const uid = account?.uid ?? process.geteuid?.() ?? 0;
    const target = join(cache, `${version}-${uid}`);
    await cp(join(seed, name), target, { recursive: true });
    if (account === undefined) continue;
    await chown(target, account.uid, account.gid);
    for (const file of readdirSync(target)) await chown(join(target, file), account.uid, account.gid);
  }
}
