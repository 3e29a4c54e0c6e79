import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { secretBox } from '@dotmac/platform/secrets';
import type { TenantSecrets } from '@dotmac/subgraph-tenants';

/**
 * Secrets of the control plane and of tenants as sealed files below the state folder, outside every database.
 * The sealing key lies beside them with mode 0600; operators who have a key store mount that file from there.
 */
export interface FileSecrets extends TenantSecrets {
  /** The value kept under a name. @throws when there is none. */
  read(tenant: string, name: string): Promise<string>;
  has(tenant: string, name: string): boolean;
}

export function openFileSecrets(home: string): FileSecrets {
  const folder = join(home, 'secrets');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const box = secretBox(readOrMakeKey(join(folder, 'sealing-key')));
  const fileOf = (tenant: string, name: string) =>
    join(folder, encodeURIComponent(tenant), encodeURIComponent(name));
  const purposeOf = (tenant: string, name: string) => `${tenant}/${name}`;
  const read = async (tenant: string, name: string) =>
    box.open(readFileSync(fileOf(tenant, name)), purposeOf(tenant, name));
  return {
    read,
    has: (tenant, name) => existsSync(fileOf(tenant, name)),
    async ensure(tenant, name, make) {
      const file = fileOf(tenant, name);
      try {
        return await read(tenant, name);
      } catch (error) {
        if (!isMissing(error)) throw error;
      }
      const value = await make();
      mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
      writeWhole(file, box.seal(value, purposeOf(tenant, name)));
      return value;
    },
  };
}

function readOrMakeKey(file: string): Uint8Array {
  try {
    return readFileSync(file);
  } catch (error) {
    if (!isMissing(error)) throw error;
    const key = randomBytes(32);
    writeWhole(file, key);
    return key;
  }
}

/** Whole or not at all, whatever happens in between. */
function writeWhole(file: string, bytes: Uint8Array): void {
  writeFileSync(`${file}.new`, bytes, { mode: 0o600, flush: true });
  renameSync(`${file}.new`, file);
}

export function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
