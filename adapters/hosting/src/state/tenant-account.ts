import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Account, isRoot } from '../account.ts';
import { errnoOf } from '../error.ts';
import type { TenantId } from '../port.ts';

/** Numeric accounts without an entry in the user database, clear of those that distributions hand out. */
const FIRST_UID = 200_000;
/** Where a container maps only 65,536 ids. */
const FIRST_UID_SMALL_MAP = 20_000;

/**
 * The account of a tenant's processes and files: one uid per tenant as root, given once and
 * never to another, since files of it may survive somewhere; undefined
 * (ourselves) for an ordinary user.
 */
export function tenantAccount(directory: string, tenant: TenantId): Account | undefined {
  if (!isRoot()) return undefined;
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const taken = readdirSync(directory).map(Number);
  for (const uid of taken) {
    if (readFileSync(join(directory, String(uid)), 'utf8') === tenant) return { uid, gid: uid };
  }
  for (let uid = Math.max(firstUid() - 1, ...taken) + 1; ; uid += 1) {
    try {
      writeFileSync(join(directory, String(uid)), tenant, { flag: 'wx', mode: 0o600 });
      return { uid, gid: uid };
    } catch (error) {
      if (errnoOf(error) !== 'EEXIST') throw error;
    }
  }
}

function firstUid(): number {
  if (process.platform !== 'linux') return FIRST_UID;
  const mapped = readFileSync('/proc/self/uid_map', 'utf8')
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number))
    .some(([from = 0, , length = 0]) => from <= FIRST_UID && FIRST_UID + 10_000 <= from + length);
  return mapped ? FIRST_UID : FIRST_UID_SMALL_MAP;
}
