import type { SensorLimits } from '@dotmac/device';
import type { SnmpValue } from '../codec/value.ts';
import type { MemoryReading, ProcessorReading } from '../mib/host.ts';
import { asBigInt, asNumber, asText } from '../reading.ts';
import { entitySensorReadings } from './entity-sensors.ts';
import { limitsOf } from './limits.ts';
import { scaled } from './scale.ts';
import type { Kind, MemorySource, ProcessorSource, Profile, SensorSource, Severity } from './schema.ts';

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

function instances(
  source: { oid?: string; column?: string; name: string; nameColumn?: string; textIndex?: true },
  values: ProfileValues,
): Instance[] {
  if (source.oid !== undefined) {
    const value = values.scalars.get(source.oid);
    return value === undefined ? [] : [{ index: '0', oid: source.oid, name: source.name, value }];
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

export function processorReadings(source: ProcessorSource, values: ProfileValues): ProcessorReading[] {
  const rows = source.rows === undefined ? null : new RegExp(source.rows);
  return instances(source, values).flatMap(({ index, oid, name, value }) => {
    if (rows !== null && !rows.test(index)) return [];
    const share = scaled(
      source.pattern === undefined ? asNumber(value) : numberIn(value, source.pattern),
      source,
    );
    if (share === null || share < 0 || share > 100) return [];
    return [{ index, oid, name, usagePercent: source.idle ? 100 - share : share }];
  });
}

function numberIn(value: SnmpValue, pattern: string): number | null {
  const found = new RegExp(pattern).exec(asText(value) ?? '')?.[1];
  return found === undefined || found.trim() === '' ? null : Number(found);
}

/** The readings of a profile's sources; a fallback counts only while nothing was found. */
export function firstReadings<S extends { readonly fallback?: true }, R>(
  sources: readonly S[],
  read: (source: S) => readonly R[],
): R[] {
  const found: R[] = [];
  for (const source of sources) if (!source.fallback || found.length === 0) found.push(...read(source));
  return found;
}

export function memoryReadings(source: MemorySource, values: ProfileValues): MemoryReading[] {
  const cells = (oid: string | undefined): ReadonlyMap<string, SnmpValue> => {
    if (oid === undefined) return new Map();
    if (!source.scalar) return values.columns.get(oid) ?? new Map();
    const value = values.scalars.get(oid);
    return value === undefined ? new Map() : new Map([['0', value]]);
  };
  const unit = BigInt(source.unitBytes ?? 1);
  const names = cells(source.nameColumn);
  const basis = source.percent ?? source.total ?? source.used;
  return [...cells(basis).keys()].flatMap((index): MemoryReading[] => {
    const name = asText(names.get(index)) ?? source.name.replace('{index}', index);
    const amount = (oid: string | undefined) => {
      const cell = cells(oid).get(index);
      const number = cell?.type === 'octets' ? asNumber(cell) : null;
      const value = number === null ? asBigInt(cell) : BigInt(Math.round(number));
      return value === null || value < 0n ? null : value * unit;
    };
    const percent = asNumber(cells(source.percent).get(index));
    if (source.percent !== undefined) {
      if (percent === null || percent < 0 || percent > 100) return [];
      // A table lists entities without memory too, with a share of nothing.
      if (percent === 0 && !source.scalar) return [];
      const whole = amount(source.total);
      if (source.total === undefined)
        return [{ name, usedBytes: null, totalBytes: null, usedPercent: percent }];
      if (whole === null || whole === 0n) return [];
      const used = BigInt(Math.round((Number(whole) * percent) / 100));
      return [{ name, usedBytes: used, totalBytes: whole, usedPercent: percent }];
    }
    const free = amount(source.free);
    const used = amount(source.used);
    const total = amount(source.total) ?? (used !== null && free !== null ? used + free : null);
    if (total === null || total === 0n) return [];
    return [{ name, totalBytes: total, usedBytes: used ?? (free === null ? null : total - free) }];
  });
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
    const kind = kindOf(source, instance, cell);
    if (kind === null) return [];
    const limit = (oid: string) => (source.oid === undefined ? cell(oid, index) : values.scalars.get(oid));
    return reading(instance, kind, { source, states, factor: rowFactor(source, index, cell), limit });
  });
  const [first] = found;
  if (source.aggregate === undefined || first === undefined) return found;
  return [{ ...first, name: source.name, value: found.reduce((sum, { value }) => sum + value, 0) }];
}

type Cell = (column: string | undefined, index: string) => SnmpValue | undefined;

function kindOf(source: SensorSource, { index, name }: Instance, cell: Cell): Kind | null {
  const { variant } = source;
  if (variant === undefined) return source;
  if ('names' in variant) {
    return variant.names.find(({ pattern }) => new RegExp(pattern, 'i').test(name)) ?? null;
  }
  if ('lastIndex' in variant) return variant.cases[index.slice(index.lastIndexOf('.') + 1)] ?? null;
  const key = cell(variant.column, index);
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
  if (value === null) return [];
  const limits = limitsOf(source.limits, (name) => inUnit(rawNumber(source, limit(name))));
  return [{ class: chosen.class, oid, name, value, ...(limits === null ? {} : { limits }) }];
}

/** A text whose number, the first in it, is in degrees Fahrenheit. */
const FAHRENHEIT = /^[^\d-]*-?\d+(?:\.\d+)? ?°?F\b/i;

function rawNumber(source: SensorSource, value: SnmpValue | undefined): number | null {
  if (source.bits) return value?.type === 'octets' ? (value.value[0] ?? null) : null;
  return asNumber(value) ?? (source.text ? firstNumber(asText(value)) : null);
}

function firstNumber(text: string | null): number | null {
  const match = /-?\d+(?:\.\d+)?/.exec(text ?? '');
  return match === null ? null : Number(match[0]);
}
