import type { SnmpValue } from '../codec/value.ts';
import type { SnmpSession } from '../engine/session.ts';
import type { TableOptions } from '../engine/table.ts';
import type { MemoryReading, ProcessorReading } from '../mib/host.ts';
import { firstReadings, memoryReadings, processorReadings } from './health.ts';
import { type ProfileValues, type SensorReading, sensorReadings } from './interpret.ts';
import { thresholdColumns } from './limits.ts';
import { portColumns } from './ports.ts';
import { presentSubtrees } from './presence.ts';
import type { Profile, SensorSource } from './schema.ts';

export interface ProfileReadings {
  readonly values: ProfileValues;
  readonly processors: readonly ProcessorReading[];
  readonly memory: readonly MemoryReading[];
  readonly sensors: readonly SensorReading[];
  readonly wireless: readonly SensorReading[];
  /** Every table was read to its end. Otherwise a reading that is missing means nothing. */
  readonly complete: boolean;
  readonly warnings: readonly string[];
}

/** Reads every object the profiles name, each once: scalars by GET, the columns of a table side by side. */
export async function readProfiles(
  session: SnmpSession,
  profiles: readonly Profile[],
  entityNames: ReadonlyMap<string, string>,
  options: TableOptions,
): Promise<ProfileReadings> {
  const { scalars, tables } = objectsOf(profiles);
  const values = {
    scalars: new Map<string, SnmpValue>(),
    columns: new Map<string, Map<string, SnmpValue>>(),
    entityNames,
  };
  const names = [...scalars];
  const got = await session.get(names, options);
  names.forEach((oid, i) => {
    values.scalars.set(oid, got[i] as SnmpValue);
  });
  const warnings: string[] = [];
  let complete = true;
  const present = await presentSubtrees(session, [...tables.keys()], options);
  for (const [entry, columns] of tables) {
    if (!present.has(entry)) continue;
    const result = await session.table([...columns], options);
    warnings.push(...result.warnings);
    complete &&= result.complete;
    [...columns].forEach((column, i) => {
      const cells = new Map<string, SnmpValue>();
      for (const [index, row] of result.rows) {
        const cell = row[i];
        if (cell !== undefined) cells.set(index, cell);
      }
      values.columns.set(column, cells);
    });
  }
  return {
    values,
    processors: profiles.flatMap((it) =>
      firstReadings(it.processors ?? [], (source) => processorReadings(source, values)),
    ),
    memory: profiles.flatMap((it) =>
      firstReadings(it.memory ?? [], (source) => memoryReadings(source, values)),
    ),
    sensors: profiles.flatMap((it) =>
      (it.sensors ?? []).flatMap((s) => sensorReadings(s, values, it.states)),
    ),
    wireless: profiles.flatMap((it) =>
      (it.wireless ?? []).flatMap((s) => sensorReadings(s, values, it.states)),
    ),
    complete,
    warnings,
  };
}

/** Scalars, and columns grouped by the table entry they stand in, so that each table is walked once. */
export function objectsOf(profiles: readonly Profile[]): {
  scalars: Set<string>;
  tables: Map<string, Set<string>>;
} {
  const scalars = new Set<string>();
  const tables = new Map<string, Set<string>>();
  const column = (oid: string | undefined) => {
    if (oid === undefined) return;
    const entry = oid.slice(0, oid.lastIndexOf('.'));
    const columns = tables.get(entry);
    if (columns === undefined) tables.set(entry, new Set([oid]));
    else columns.add(oid);
  };
  const sensor = (source: SensorSource) => {
    if (source.entitySensors) {
      for (const part of [1, 2, 3, 4, 5]) column(`${source.column}.${part}`);
      if (source.thresholds !== undefined)
        for (const part of thresholdColumns) column(`${source.thresholds}.${part}`);
      return;
    }
    if (source.oid !== undefined) scalars.add(source.oid);
    if (source.nameOid !== undefined) scalars.add(source.nameOid);
    column(source.column);
    column(source.nameColumn);
    if (source.variant !== undefined && 'column' in source.variant) column(source.variant.column);
    if (source.variant !== undefined && 'oid' in source.variant) scalars.add(source.variant.oid);
    column(source.when?.column);
    if (source.when?.oid !== undefined) scalars.add(source.when.oid);
    column(source.exponentColumn);
    column(source.precisionColumn);
    column(source.signedScaleColumn);
    column(source.divisorColumn);
    for (const limit of Object.values(source.limits ?? {})) {
      if (source.oid === undefined) column(limit);
      else scalars.add(limit);
    }
  };
  const identity = (source: { readonly oid?: string; readonly column?: string }) => {
    if (source.oid !== undefined) scalars.add(source.oid);
    column(source.column);
  };
  for (const profile of profiles) {
    const { model = [], version = [], serial = [] } = profile.identity ?? {};
    for (const source of [...model, ...version, ...serial]) identity(source);
    for (const source of profile.processors ?? []) {
      if (source.oid !== undefined) scalars.add(source.oid);
      column(source.column);
      column(source.nameColumn);
    }
    for (const source of profile.memory ?? []) {
      for (const oid of [source.total, source.used, source.free, source.percent, source.nameColumn]) {
        if (source.scalar && oid !== undefined) scalars.add(oid);
        else column(oid);
      }
    }
    for (const source of profile.ports ?? []) for (const oid of portColumns(source)) column(oid);
    for (const source of [...(profile.sensors ?? []), ...(profile.wireless ?? [])]) sensor(source);
  }
  return { scalars, tables };
}
