import type { StatementValues } from '@dotmac/platform';

/** On which line of which NAS a service's session began. */
export interface SessionLine {
  readonly serviceId: string;
  readonly nasId: string;
  readonly deviceId: string | null;
  readonly port: string | null;
  readonly circuitId: string | null;
  readonly remoteId: string | null;
  readonly mac: string | null;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/**
 * Writes lines as a part of a larger statement; the newest of each service stays. One that says what is known since less than
 * five minutes is not written anew.
 * @param values of that statement
 * @returns text that returns a row per line written
 */
export function linesUpsert(values: StatementValues, lines: readonly SessionLine[]): string {
  const newest = new Map<string, SessionLine>();
  for (const line of lines) {
    const other = newest.get(line.serviceId);
    if (other === undefined || other.at <= line.at) newest.set(line.serviceId, line);
  }
  // In one order, so that two who write the same services do not wait for each other.
  const rows = [...newest.values()].sort((a, b) => (a.serviceId < b.serviceId ? -1 : 1));
  const text = (pick: (line: SessionLine) => string | null) => values.array('text', rows, pick);
  return `
    insert into network.session_line as l (service_id, nas_id, device_id, port, circuit_id, remote_id, mac, at)
    select * from unnest(${text((line) => line.serviceId)}, ${text((line) => line.nasId)}, ${text((line) => line.deviceId)},
      ${text((line) => line.port)}, ${text((line) => line.circuitId)}, ${text((line) => line.remoteId)},
      ${text((line) => line.mac)}, ${values.array('timestamptz', rows, (line) => line.at)})
      as r (service_id, nas_id, device_id, port, circuit_id, remote_id, mac, at)
    where not exists (select from network.session_line k where k.service_id = r.service_id
        and (k.nas_id, k.device_id, k.port, k.circuit_id, k.remote_id, k.mac)
          is not distinct from (r.nas_id, r.device_id, r.port, r.circuit_id, r.remote_id, r.mac)
        and k.at > r.at - interval '5 minutes')
      and exists (select from network.nas n where n.id = r.nas_id)
    on conflict (service_id) do update set nas_id = excluded.nas_id, device_id = excluded.device_id, port = excluded.port,
      circuit_id = excluded.circuit_id, remote_id = excluded.remote_id, mac = excluded.mac, at = excluded.at
    where l.at <= excluded.at
    returning 1`;
}
