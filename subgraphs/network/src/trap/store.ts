import type { TenantDatabase } from '@dotmac/migrations';
import type { Executor } from '@dotmac/platform';
import { type Selectable, sql } from 'kysely';
import type { TrapHint } from '../ports.ts';

export type UnknownTrap = Selectable<TenantDatabase['network.trapInbox']>;

/** Sources and kinds that are kept; whoever sends from ever new addresses fills no disk. */
const mostUnknown = 1_000;

/** Devices that are managed at an address. */
export async function devicesAt(db: Executor<TenantDatabase>, address: string): Promise<string[]> {
  const rows = await db
    .selectFrom('network.managementAddress')
    .select('deviceId')
    .distinct()
    .where('host', '=', address)
    .execute();
  return rows.map((row) => row.deviceId);
}

/** Counts a trap of an address that no device has. When the inbox is full, only what is in it already is counted. */
export async function keepUnknown(
  db: Executor<TenantDatabase>,
  { sourceAddress, trapOid, version }: TrapHint,
  at: Date,
): Promise<void> {
  await sql`
    insert into network.trap_inbox (source_address, trap_oid, version, first_at, last_at)
    select ${sourceAddress}::inet, ${trapOid}, ${version}, ${at}, ${at}
    where (select count(*) from network.trap_inbox) < ${mostUnknown}
      or exists (select from network.trap_inbox where source_address = ${sourceAddress}::inet and trap_oid = ${trapOid})
    on conflict (source_address, trap_oid) do update
      set count = trap_inbox.count + 1, last_at = excluded.last_at, version = excluded.version`.execute(db);
}

/** The newest first. */
export async function unknownTraps(db: Executor<TenantDatabase>): Promise<UnknownTrap[]> {
  return db
    .selectFrom('network.trapInbox')
    .selectAll()
    .orderBy('lastAt', 'desc')
    .orderBy('sourceAddress')
    .orderBy('trapOid')
    .limit(200)
    .execute();
}

export async function forgetUnknownBefore(db: Executor<TenantDatabase>, before: Date): Promise<void> {
  await db.deleteFrom('network.trapInbox').where('lastAt', '<', before).execute();
}
