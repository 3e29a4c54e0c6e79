import type { TenantDatabase } from '@dotmac/migrations';
import { sql, type Transaction } from 'kysely';

interface Learnt {
  readonly mac: string;
  readonly interfaceId: string | null;
  readonly portName: string | null;
  readonly vlan: number | null;
}

/** Makes what a bridge has learnt that of a complete reading. An address on several VLANs is kept once. */
export async function replaceForwarding(
  transaction: Transaction<TenantDatabase>,
  deviceId: string,
  entries: readonly Learnt[],
  { source, at }: { readonly source: string; readonly at: Date },
): Promise<void> {
  const rows = JSON.stringify([...new Map(entries.map((one) => [one.mac, one])).values()]);
  await sql`
    with new as materialized (
      select r->>'mac' as mac, r->>'interfaceId' as interface_id, r->>'portName' as port_name, (r->>'vlan')::integer as vlan
      from jsonb_array_elements(${rows}::jsonb) as t (r)
    ), gone as (
      delete from network.forwarding f where device_id = ${deviceId} and not exists (select from new where new.mac = f.mac)
    )
    insert into network.forwarding (device_id, mac, interface_id, port_name, vlan, source, seen_at)
    select ${deviceId}, mac, interface_id, port_name, vlan, ${source}, ${at} from new
    on conflict (device_id, mac) do update set interface_id = excluded.interface_id, port_name = excluded.port_name,
      vlan = excluded.vlan, source = excluded.source, seen_at = excluded.seen_at`.execute(transaction);
}
