import { chownSync, readFileSync } from 'node:fs';
import { HostingError } from './error.ts';

/** The user a child process runs as. Undefined fields are left out, so it spreads into spawn options. */
export interface Account {
  readonly uid: number;
  readonly gid: number;
}

/** Whether this process may change the user of its children. */
export function isRoot(): boolean {
  return process.geteuid?.() === 0;
}

/**
 * The account database servers are initialised as: undefined (ourselves) unless we are root, since
 * PostgreSQL refuses uid 0. initdb wants an entry in the user database: `postgres`, else `nobody`.
 * @throws HostingError `ACCOUNT_MISSING` when root has neither.
 */
export function serverAccount(passwd = '/etc/passwd'): Account | undefined {
  if (!isRoot()) return undefined;
  const lines = readFileSync(passwd, 'utf8').split('\n');
  for (const name of ['postgres', 'nobody']) {
    const [, , uid, gid] = lines.find((line) => line.startsWith(`${name}:`))?.split(':') ?? [];
    if (uid !== undefined && gid !== undefined) return { uid: Number(uid), gid: Number(gid) };
  }
  throw new HostingError(
    'ACCOUNT_MISSING',
    `PostgreSQL does not run as root, and ${passwd} has neither a "postgres" nor a "nobody" account. Add one, or start as an ordinary user.`,
  );
}

/** Hands a path to an account; nothing to do for an ordinary user. */
export function giveTo(path: string, account: Account | undefined): void {
  if (account !== undefined) chownSync(path, account.uid, account.gid);
}
