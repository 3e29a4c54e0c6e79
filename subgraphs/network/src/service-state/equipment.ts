import type { TenantDatabase } from '@dotmac/migrations';
import type { Executor } from '@dotmac/platform';
import type { DeviceState } from '@dotmac/schema';
import { sql } from 'kysely';
import type { DeviceWord, EquipmentFacts } from './facts.ts';

interface Row {
  readonly serviceId: string;
  readonly medium: 'WIRELESS' | 'OPTICAL' | null;
  readonly signalDbm: number | null;
  readonly snrDb: number | null;
  readonly rxPowerDbm: number | null;
  readonly lineRxPowerDbm: number | null;
  readonly source: string;
  readonly seenAt: Date;
  readonly goneSince: Date | null;
  readonly at: DeviceJson | null;
  readonly alarm: string | null;
  readonly device: DeviceJson | null;
}

interface DeviceJson {
  readonly id: string;
  readonly name: string;
  readonly state: DeviceState;
  readonly source: string;
  /** Milliseconds since the epoch. */
  readonly polledAt: number | null;
}

const deviceJson = sql`jsonb_build_object('id', d.id, 'name', d.name, 'state', d.state, 'source', d.state_source,
  'polledAt', extract(epoch from d.polled_at) * 1000)`;

/**
 * What is known of each service's equipment, in one query: where it is registered now or was last, the oldest alarm about its
 * levels, and the device that it is when it has a management address. One without any of it is left out.
 */
export async function equipmentFactsOfServices(
  db: Executor<TenantDatabase>,
  serviceIds: readonly string[],
): Promise<(EquipmentFacts & { readonly serviceId: string })[]> {
  const { rows } = await sql<Row>`
    select s.id as "serviceId", l.medium, l.signal_dbm as "signalDbm", l.snr_db as "snrDb", l.rx_power_dbm as "rxPowerDbm",
      l.line_rx_power_dbm as "lineRxPowerDbm", l.source, l.seen_at as "seenAt", l.gone_since as "goneSince", l.at,
      a.evidence as alarm, own.device
    from unnest(${[...serviceIds]}::text[]) as s (id)
    left join lateral (
      select l.*, ${deviceJson} as at from network.customer_link l join network.device d on d.id = l.device_id
      where l.service_id = s.id order by (l.gone_since is null) desc, l.seen_at desc limit 1
    ) l on true
    left join lateral (
      select evidence from network.alarm where service_id = s.id and cleared_at is null order by raised_at limit 1
    ) a on true
    left join lateral (
      select ${deviceJson} as device from network.interface i join network.device d on d.id = i.device_id
      where i.mac in (select e.mac from network.customer_equipment e where e.service_id = s.id union select l.mac)
        and exists (select from network.management_address m where m.device_id = d.id)
      order by d.id limit 1
    ) own on true
    where l.medium is not null or own.device is not null`.execute(db);
  return rows.map(({ serviceId, alarm, device, ...link }) => ({
    serviceId,
    alarm,
    device: wordOf(device),
    link: linkOf(link),
  }));
}

function wordOf(device: DeviceJson | null): DeviceWord | null {
  return device === null
    ? null
    : { ...device, polledAt: device.polledAt === null ? null : Number(device.polledAt) };
}

function linkOf(row: Omit<Row, 'serviceId' | 'alarm' | 'device'>): EquipmentFacts['link'] {
  const at = wordOf(row.at);
  if (row.medium === null || at === null) return null;
  const level = (what: string, value: number | null, unit: string) =>
    value === null ? [] : [`${what} ${Math.round(value * 10) / 10} ${unit}`];
  return {
    medium: row.medium,
    at,
    levels: [
      ...level('signal', row.signalDbm, 'dBm'),
      ...level('signal to noise', row.snrDb, 'dB'),
      ...level('receives', row.rxPowerDbm, 'dBm'),
      ...level('line card receives', row.lineRxPowerDbm, 'dBm'),
    ].join(', '),
    seenAt: row.seenAt.getTime(),
    goneSince: row.goneSince?.getTime() ?? null,
    source: row.source,
  };
}
