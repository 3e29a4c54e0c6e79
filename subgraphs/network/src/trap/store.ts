import type { TenantDatabase } from '@dotmac/migrations';
import type { Executor } from '@dotmac/platform';
import { type Selectable, sql } from 'kysely';
import type { TrapHint } from '../ports.ts';

export type UnknownTrap = Selectable<TenantDatabase['network.trapInbox']>;

/** Sources and kinds that are kept; whoever sends from ever new addresses fills no disk. */
const mostUnknown = 1_000;

/** Devices that are managed at each of some addresses; one that nobody has is not among the keys. */
export async function devicesAt(
  db: Executor<TenantDatabase>,
  addresses: readonly string[],
): Promise<ReadonlyMap<string, readonly string[]>> {
  const rows = await db
    .selectFrom('network.managementAddress')
    .select(['host', 'deviceId'])
    .distinct()
    .where('host', 'in', addresses)
    .orderBy('deviceId')
    .execute();
  const byHost = Map.groupBy(rows, ({ host }) => host);
  return new Map([...byHost].map(([host, all]) => [host, all.map(({ deviceId }) => deviceId)]));
}

/** Counts traps of addresses that no device has. When the inbox is full, only what is in it already is counted. */
export async function keepUnknown(
  db: Executor<TenantDatabase>,
  hints: readonly TrapHint[],
  at: Date,
): Promise<void> {
  if (hints.length === 0) return;
  const kinds = Map.groupBy(hints, ({ sourceAddress, trapOid }) => `${sourceAddress} ${trapOid}`);
  const rows = [...kinds.values()].map((same) => ({ ...same.at(-1), count: same.length }));
  await sql`
    with given as materialized (
      select (r->>'sourceAddress')::inet as source_address, r->>'trapOid' as trap_oid, r->>'version' as version, (r->>'count')::bigint as count, n
      from jsonb_array_elements(${JSON.stringify(rows)}::jsonb) with ordinality as t (r, n)
    ), placed as (
      select g.*, known.there, row_number() over (partition by known.there order by g.n) as place
      from given g cross join lateral (select exists (
        select from network.trap_inbox i where i.source_address = g.source_address and i.trap_oid = g.trap_oid) as there) known
    )
    insert into network.trap_inbox (source_address, trap_oid, version, count, first_at, last_at)
    select source_address, trap_oid, version, count, ${at}, ${at} from placed
    where there or place <= ${mostUnknown} - (select count(*) from network.trap_inbox)
    on conflict (source_address, trap_oid) do update
      set count = trap_inbox.count + excluded.count, last_at = excluded.last_at, version = excluded.version`.execute(
    db,
  );
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
