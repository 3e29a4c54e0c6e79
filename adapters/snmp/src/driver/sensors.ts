import { type DeviceSensor, unitOfSensor } from '@dotmac/device';
import type { SnmpValue } from '../codec/value.ts';
import type { SnmpSession } from '../engine/session.ts';
import type { TableOptions } from '../engine/table.ts';
import { readEntities } from '../mib/entity.ts';
import type { SensorReading } from '../profile/interpret.ts';
import { presentSubtrees } from '../profile/presence.ts';
import { objectsOf, readProfiles } from '../profile/read.ts';
import type { Profile, SensorSource } from '../profile/schema.ts';

/** What is read of a device's sensors: often, and only now and then. Profiles with nothing in them but what is there. */
export interface SensorPlan {
  readonly often: readonly Profile[];
  readonly seldom: readonly Profile[];
}

export const noSensors: SensorPlan = { often: [], seldom: [] };

/** Optics of so many rows are those of a line card's customers, whatever its profile says. */
const MOST_OFTEN_ROWS = 256;
const noValue: ReadonlySet<SnmpValue['type']> = new Set([
  'noSuchObject',
  'noSuchInstance',
  'endOfMibView',
  'null',
  'malformed',
]);
const OPTICAL: ReadonlySet<string> = new Set(['dbm', 'signal']);

/**
 * Which sources of the profiles a device has objects for: scalars by GET, tables by one question each, sixteen in a request.
 * `crowded`: columns that turned out to be a line card's. Rejects with `SnmpError`.
 */
export async function planSensors(
  session: SnmpSession,
  profiles: readonly Profile[],
  crowded: ReadonlySet<string>,
  options: TableOptions,
): Promise<SensorPlan> {
  const all = profiles.map(({ id, match, states, sensors = [], wireless = [] }) => ({
    id,
    match,
    ...(states === undefined ? {} : { states }),
    sensors,
    wireless,
  }));
  const { scalars, tables } = objectsOf(all);
  const names = [...scalars];
  const answers = await session.get(names, options);
  const there = new Set(names.filter((_, i) => isValue(answers[i]?.type)));
  const present = await presentSubtrees(session, [...tables.keys()], options);
  const has = ({ oid, column, entitySensors }: SensorSource) =>
    oid === undefined ? present.has(entitySensors ? (column ?? '') : entryOf(column ?? '')) : there.has(oid);
  const part = (wanted: (source: SensorSource) => boolean) =>
    all
      .map((profile) => ({
        ...profile,
        sensors: profile.sensors.filter((source) => has(source) && wanted(source)),
        wireless: profile.wireless.filter((source) => has(source) && wanted(source)),
      }))
      .filter(({ sensors, wireless }) => sensors.length + wireless.length > 0);
  const seldom = ({ care, column }: SensorSource) => care === 'hourly' || crowded.has(column ?? '');
  return { often: part((source) => !seldom(source)), seldom: part(seldom) };
}

export interface SensorsRead {
  /** Each with the object it was read from. */
  readonly sensors: readonly { readonly sensor: DeviceSensor; readonly oid: string }[];
  readonly complete: boolean;
  /** Columns that are a line card's by how many rows they have. */
  readonly crowded: readonly string[];
}

/** Reads one part of a plan. Rejects with `SnmpError`. */
export async function readSensors(
  session: SnmpSession,
  profiles: readonly Profile[],
  entityNames: ReadonlyMap<string, string>,
  options: TableOptions,
): Promise<SensorsRead> {
  const { sensors, wireless, values, complete } = await readProfiles(session, profiles, entityNames, options);
  const rows = (column: string | undefined) => values.columns.get(column ?? '')?.size ?? 0;
  const sources = profiles.flatMap((profile) => [...(profile.sensors ?? []), ...(profile.wireless ?? [])]);
  const crowded = sources.flatMap(({ class: kind, column = '' }) =>
    OPTICAL.has(kind) && rows(column) > MOST_OFTEN_ROWS ? [column] : [],
  );
  const { tables, scalars } = objectsOf(profiles);
  const objects = new Set([...scalars, ...[...tables.values()].flatMap((columns) => [...columns])]);
  return {
    sensors: [...keyed('sensor', sensors, objects), ...keyed('radio', wireless, objects)],
    complete,
    crowded,
  };
}

/** Names of physical entities, which sensor tables share; empty where no profile of the plan needs them. */
export async function entityNamesFor(
  session: SnmpSession,
  { often, seldom }: SensorPlan,
  options: TableOptions,
): Promise<ReadonlyMap<string, string>> {
  const needed = [...often, ...seldom].some(({ sensors }) => sensors?.some((it) => it.entitySensors));
  if (!needed) return new Map();
  const { entities } = await readEntities(session, options);
  return new Map([...entities].map(([index, { name, descr }]) => [index, name ?? descr ?? index]));
}

/** By class, object and name, which outlive an index; by the index too where that is not enough. */
function keyed(
  kind: DeviceSensor['kind'],
  readings: readonly SensorReading[],
  objects: ReadonlySet<string>,
): { readonly sensor: DeviceSensor; readonly oid: string }[] {
  const keyOf = (reading: SensorReading) =>
    `${kind} ${reading.class} ${objectOf(reading.oid, objects)} ${reading.name}`;
  // Two profiles may give the same object: the later one knows the device better.
  const once = [...new Map(readings.map((reading) => [`${reading.class} ${reading.oid}`, reading])).values()];
  const uses = new Map<string, number>();
  for (const reading of once) uses.set(keyOf(reading), (uses.get(keyOf(reading)) ?? 0) + 1);
  return once.map((reading) => {
    const { oid, name, value, severity = null, text = null, limits = null } = reading;
    const key = uses.get(keyOf(reading)) === 1 ? keyOf(reading) : `${kind} ${reading.class} ${oid}`;
    const unit = unitOfSensor(kind, reading.class);
    const sensor = { key, kind, class: reading.class, name, value, unit, severity, text, limits };
    return { sensor, oid };
  });
}

function objectOf(oid: string, objects: ReadonlySet<string>): string {
  for (let end = oid.length; end > 0; end = oid.lastIndexOf('.', end - 1)) {
    const object = oid.slice(0, end);
    if (objects.has(object)) return object;
  }
  return oid;
}

function entryOf(column: string): string {
  return column.slice(0, column.lastIndexOf('.'));
}

function isValue(type: SnmpValue['type'] | undefined): boolean {
  return type !== undefined && !noValue.has(type);
}
