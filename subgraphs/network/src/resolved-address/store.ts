import type { TenantDatabase } from '@dotmac/migrations';
import type { Executor } from '@dotmac/platform';
import { type Selectable, sql, type Transaction } from 'kysely';

export type ResolvedAddressRow = Selectable<TenantDatabase['network.resolvedAddress']>;

interface Resolved {
  readonly address: string;
  readonly mac: string;
  readonly interfaceId: string | null;
  readonly portName: string | null;
}

/** Makes what a router has resolved that of a complete reading. */
export async function replaceResolved(
  transaction: Transaction<TenantDatabase>,
  deviceId: string,
  entries: readonly Resolved[],
  { source, at }: { readonly source: string; readonly at: Date },
): Promise<void> {
  const unique = new Map(entries.map((one) => [`${one.address} ${one.mac}`, one]));
  await sql`
    with new as materialized (
      select (r->>'address')::inet as address, r->>'mac' as mac, r->>'interfaceId' as interface_id, r->>'portName' as port_name
      from jsonb_array_elements(${JSON.stringify([...unique.values()])}::jsonb) as t (r)
    ), gone as (
      delete from network.resolved_address a where device_id = ${deviceId}
        and not exists (select from new where new.address = a.address and new.mac = a.mac)
    )
    insert into network.resolved_address (device_id, address, mac, interface_id, port_name, source, seen_at)
    select ${deviceId}, address, mac, interface_id, port_name, ${source}, ${at} from new
    on conflict (device_id, address, mac) do update set interface_id = excluded.interface_id, port_name = excluded.port_name,
      source = excluded.source, seen_at = excluded.seen_at`.execute(transaction);
}

/** Who has resolved an address, or to which addresses a MAC address answers; the newest first. */
export async function resolvedAddresses(
  db: Executor<TenantDatabase>,
  wanted: { readonly address: string | null; readonly mac: string | null; readonly limit: number },
): Promise<ResolvedAddressRow[]> {
  let query = db.selectFrom('network.resolvedAddress').selectAll();
  if (wanted.address !== null) query = query.where('address', '=', wanted.address);
  if (wanted.mac !== null) query = query.where('mac', '=', wanted.mac);
  return query.orderBy('seenAt', 'desc').orderBy('deviceId').limit(wanted.limit).execute();
}
