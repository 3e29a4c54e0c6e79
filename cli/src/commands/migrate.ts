import { type DatabaseKind, migrate } from '@dotmac/migrations';
import { installJobs } from '@dotmac/platform';
import type { Flags } from '../main.ts';
import { UsageError } from './command.ts';

/** `dotmac migrate`: brings a database of the operator's own to the newest schema. */
export async function runMigrate([connectionString]: readonly string[], flags: Flags): Promise<void> {
  const kind = flags.kind ?? 'tenant';
  if (connectionString === undefined)
    throw new UsageError('Give the connection string of the database, as its owner');
  if (kind !== 'tenant' && kind !== 'platform')
    throw new UsageError(`--kind is tenant or platform, not "${kind}"`);
  await installJobs(connectionString);
  const ran = await migrate({ connectionString, kind: kind satisfies DatabaseKind });
  process.stdout.write(ran.length === 0 ? 'Nothing to do\n' : `${ran.join('\n')}\n`);
}
