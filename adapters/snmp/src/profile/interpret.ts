import type { SensorLimits } from '@dotmac/device';
import type { SnmpValue } from '../codec/value.ts';
import { asNumber, asText } from '../reading.ts';
import { entitySensorReadings } from './entity-sensors.ts';
import { limitsOf } from './limits.ts';
import { scaled } from './scale.ts';
import type { Kind, Profile, SensorSource, Severity } from './schema.ts';

/** A reading of a class in the class's unit. */
export interface SensorReading {
  readonly class: string;
  readonly oid: string;
  readonly name: string;
  readonly value: number;
  readonly severity?: Severity;
  readonly text?: string;
  /** As the device itself names them. */
  readonly limits?: SensorLimits;
  /** Why an object that no profile knows was taken for this. */
  readonly guessed?: string;
}

/** What was read for a profile: scalars by OID, and for each column its values by index. */
export interface ProfileValues {
  readonly scalars: ReadonlyMap<string, SnmpValue>;
  readonly columns: ReadonlyMap<string, ReadonlyMap<string, SnmpValue>>;
  /** Names of physical entities by index, for tables that share it. */
  readonly entityNames: ReadonlyMap<string, string>;
}

interface Instance {
  readonly index: string;
  readonly oid: string;
  readonly name: string;
  readonly value: SnmpValue;
}

/** The objects of a source that are there, each with its name. */
export function instances(
  source: {
    oid?: string;
    column?: string;
    name: string;
    nameColumn?: string;
    nameOid?: string;
    textIndex?: true;
  },
  values: ProfileValues,
): Instance[] {
  if (source.oid !== undefined) {
    const value = values.scalars.get(source.oid);
    const name = asText(values.scalars.get(source.nameOid ?? '')) ?? source.name;
    return value === undefined ? [] : [{ index: '0', oid: source.oid, name, value }];
  }
  const names = values.columns.get(source.nameColumn ?? '');
  return [...(values.columns.get(source.column ?? '') ?? [])].map(([index, value]) => ({
    index,
    oid: `${source.column}.${index}`,
    name:
      asText(names?.get(index)) ??
      source.name.replace('{index}', (source.textIndex && indexText(index)) || index),
    value,
  }));
}

/** The text of an index that is one string (RFC 2578 §7.7), or null. */
function indexText(index: string): string | null {
  const [length, ...codes] = index.split('.').map(Number);
  if (length !== codes.length || codes.some((code) => code < 32 || code > 126)) return null;
  return String.fromCharCode(...codes);
}

export function sensorReadings(
  source: SensorSource,
  values: ProfileValues,
  states: Profile['states'] = {},
): SensorReading[] {
  if (source.entitySensors) return entitySensorReadings(source, values);
  const cell = (column: string | undefined, index: string) =>
    column === undefined ? undefined : values.columns.get(column)?.get(index);
  const rows = source.rows === undefined ? null : new RegExp(source.rows);
  const found = instances(source, values).flatMap((instance) => {
    const { index } = instance;
    const { when } = source;
    if (rows !== null && !rows.test(index)) return [];
    if (source.aggregate === 'rows')
      return [{ class: source.class, oid: instance.oid, name: source.name, value: 1 }];
    const told = when?.oid === undefined ? cell(when?.column, index) : values.scalars.get(when.oid);
    if (when !== undefined && !when.values.includes(asNumber(told) ?? Number.NaN)) return [];
    const kind = kindOf(source, instance, { cell, scalars: values.scalars });
    if (kind === null) return [];
    const limit = (oid: string) => (source.oid === undefined ? cell(oid, index) : values.scalars.get(oid));
    return reading(instance, kind, { source, states, factor: rowFactor(source, index, cell), limit });
  });
  const [first] = found;
  if (source.aggregate === undefined || first === undefined) return found;
  return [{ ...first, name: source.name, value: found.reduce((sum, { value }) => sum + value, 0) }];
}

type Cell = (column: string | undefined, index: string) => SnmpValue | undefined;

function kindOf(
  source: SensorSource,
  { index, name }: Instance,
  { cell, scalars }: { readonly cell: Cell; readonly scalars: ProfileValues['scalars'] },
): Kind | null {
  const { variant } = source;
  if (variant === undefined) return source;
  if ('names' in variant) {
    return variant.names.find(({ pattern }) => new RegExp(pattern, 'i').test(name)) ?? null;
  }
  if ('lastIndex' in variant) return variant.cases[index.slice(index.lastIndexOf('.') + 1)] ?? null;
  const key = 'oid' in variant ? scalars.get(variant.oid) : cell(variant.column, index);
  const text = asText(key);
  return variant.cases[String(asNumber(key))] ?? (text === null ? undefined : variant.cases[text]) ?? null;
}

/** What the columns of the row itself multiply its value by. */
function rowFactor(source: SensorSource, index: string, cell: Cell): number {
  const exponent = asNumber(cell(source.exponentColumn, index)) ?? 0;
  const precision = asNumber(cell(source.precisionColumn, index)) ?? 0;
  const signed = asNumber(cell(source.signedScaleColumn, index)) ?? 1;
  const divisor = asNumber(cell(source.divisorColumn, index)) || 1;
  return (10 ** (exponent - precision) * (signed < 0 ? -1 / signed : signed || 1)) / divisor;
}

interface RowFacts {
  readonly source: SensorSource;
  readonly states: Profile['states'];
  /** What the columns of the row itself multiply its value by. */
  readonly factor: number;
  /** An object of the row that is a limit. */
  readonly limit: (oid: string) => SnmpValue | undefined;
}

function reading(
  instance: Instance,
  chosen: Kind,
  { source, states: shared, factor, limit }: RowFacts,
): SensorReading[] {
  const { oid, name } = instance;
  const raw = rawNumber(source, instance.value);
  if (chosen.class === 'state') {
    const word = chosen.texts === undefined ? null : asText(instance.value);
    const told = word === null ? undefined : chosen.texts?.[word.toLowerCase()];
    if (word !== null && told !== undefined) {
      return [{ class: 'state', oid, name, value: told[0], severity: told[1], text: word }];
    }
    if (raw === null || !Number.isInteger(raw)) return [];
    const states = typeof chosen.states === 'string' ? shared?.[chosen.states] : chosen.states;
    const [text, severity] = states?.[String(raw)] ?? [undefined, 'unknown' as const];
    return [{ class: 'state', oid, name, value: raw, severity, ...(text === undefined ? {} : { text }) }];
  }
  const multiplier = (chosen.multiplier ?? 1) * factor;
  const inFahrenheit =
    source.text && chosen.class === 'temperature' && FAHRENHEIT.test(asText(instance.value) ?? '');
  const scale = inFahrenheit ? { ...chosen, convert: 'fahrenheit' as const } : chosen;
  const inUnit = (number: number | null) => scaled(number, factor === 1 ? scale : { ...scale, multiplier });
  const value = inUnit(raw);
  if (value === null || !possible(chosen.class, value)) return [];
  const limits = limitsOf(source.limits, (name) => inUnit(rawNumber(source, limit(name))));
  return [{ class: chosen.class, oid, name, value, ...(limits === null ? {} : { limits }) }];
}

/** Whether a device can measure it of itself or its surroundings; what it cannot is its word for "no reading". */
function possible(kind: string, value: number): boolean {
  if (kind === 'temperature') return value > -100 && value < 1_000;
  return kind !== 'humidity' || (value >= 0 && value <= 110);
}

/** A text whose number, the first in it, is in degrees Fahrenheit. */
const FAHRENHEIT = /^(?:.*(?:[a-z)]:|: ) *)?[^\d-]*-?\d+(?:\.\d+)? ?°?F\b/i;

function rawNumber(source: SensorSource, value: SnmpValue | undefined): number | null {
  if (source.bits) return value?.type === 'octets' ? (value.value[0] ?? null) : null;
  return asNumber(value) ?? (source.text ? firstNumber(asText(value)) : null);
}

/** The first number of a text; where the text begins with a name ("Cell 2 voltage: 2.69V"), the first after the name. */
function firstNumber(text: string | null): number | null {
  const match =
    /^.*(?:[a-z)]:|: ) *(-?\d+(?:\.\d+)?)/i.exec(text ?? '') ?? /(-?\d+(?:\.\d+)?)/.exec(text ?? '');
  return match === null ? null : Number(match[1]);
}
