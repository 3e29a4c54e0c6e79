import type { SnmpValue } from '../codec/value.ts';
import type { MemoryReading, ProcessorReading } from '../mib/host.ts';
import { asBigInt, asNumber, asText } from '../reading.ts';
import { instances, type ProfileValues } from './interpret.ts';
import { scaled } from './scale.ts';
import type { MemorySource, ProcessorSource } from './schema.ts';

/** The processors a source gives, 0 to 100. */
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

/** The memory pools a source gives, in bytes or as a share. */
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
