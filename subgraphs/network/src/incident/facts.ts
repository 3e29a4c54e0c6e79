import type { TenantDatabase } from '@dotmac/migrations';
import type { Clock } from '@dotmac/platform';
import type { Transaction } from 'kysely';
import { silentIntervals } from '../session/rules.ts';
import type { Topology } from '../topology/rules.ts';
import { newestSessionWords } from '../topology/store.ts';
import type { OpenIncident } from './match.ts';
import type { OutageFacts } from './rules.ts';
import { devicesOfIncidents, type Incident, type IncidentDevice, openIncidents } from './store.ts';
import type { WatchedDevice } from './watched-devices.ts';

export interface IncidentOptions {
  /** The time in which sessions live; see `NetworkPorts`. */
  readonly sessionClock: Clock;
  /** An answer of a device older than this proves nothing. */
  readonly answerFreshMilliseconds: number;
  /** For so long a root has to answer before its incident is resolved. */
  readonly clearingMilliseconds: number;
}

/** An open incident with what it consists of. */
export interface Open extends OpenIncident {
  readonly row: Incident;
  readonly members: readonly IncidentDevice[];
}

/** Planned work covers everything that has no way around it. */
export function underPlannedWork(
  watched: readonly WatchedDevice[],
  ways: Topology,
): ReadonlyMap<string, WatchedDevice> {
  const planned = watched.filter((device) => device.maintenance).map((device) => device.id);
  const covered = ways.cutOffBy(new Set(planned));
  return new Map(watched.map((device) => [device.id, { ...device, maintenance: covered.has(device.id) }]));
}

export async function factsOf(
  {
    transaction,
    devices,
    doubts,
    ways,
  }: {
    readonly transaction: Transaction<TenantDatabase>;
    readonly devices: ReadonlyMap<string, WatchedDevice>;
    readonly doubts: ReadonlyMap<string, number>;
    readonly ways: Topology;
  },
  { sessionClock, answerFreshMilliseconds }: IncidentOptions,
  now: number,
): Promise<OutageFacts> {
  const silent = [...devices.values()].filter((device) => device.silentSince !== null);
  const since = Math.min(...silent.map((device) => device.silentSince ?? now), now);
  // Sessions live in a time of their own.
  const shift = sessionClock.now() - now;
  const words = await newestSessionWords(
    transaction,
    [...new Set(silent.flatMap(({ id }) => ways.below(id)))],
    { after: new Date(since + shift), now: new Date(now + shift), intervals: silentIntervals },
  );
  return {
    topology: ways,
    devices,
    words: new Map(words.map((word) => [word.deviceId, { ...word, at: word.at.getTime() - shift }])),
    doubtedSince: doubts,
    answersSince: now - answerFreshMilliseconds,
  };
}

export async function openOnes(transaction: Transaction<TenantDatabase>): Promise<Open[]> {
  const rows = await openIncidents(transaction);
  if (rows.length === 0) return [];
  const members = Map.groupBy(
    await devicesOfIncidents(
      transaction,
      rows.map((row) => row.id),
    ),
    (device) => device.incidentId,
  );
  return rows.map((row) => ({
    id: row.id,
    row,
    rootDeviceId: row.rootDeviceId,
    state: row.state,
    clearingSince: row.clearingSince?.getTime() ?? null,
    members: members.get(row.id) ?? [],
    deviceIds: (members.get(row.id) ?? []).map((device) => device.deviceId),
  }));
}
