import type { SensorLimits } from '@dotmac/device';
import type { SnmpValue } from '../codec/value.ts';
import { asNumber } from '../reading.ts';
import type { LimitName } from './schema.ts';

/** entSensorThresholdSeverity, entSensorThresholdRelation and entSensorThresholdValue (CISCO-ENTITY-SENSOR-MIB). */
export const thresholdColumns = [2, 3, 4] as const;

const none: SensorLimits = { lowCritical: null, lowWarning: null, highWarning: null, highCritical: null };

/** The limits a source names; null when the row has none of them, or such as contradict each other. */
export function limitsOf(
  named: Readonly<Partial<Record<LimitName, string>>> | undefined,
  read: (oid: string) => number | null,
): SensorLimits | null {
  if (named === undefined) return null;
  const limits: Record<LimitName, number | null> = { ...none };
  for (const [name, oid] of Object.entries(named) as [LimitName, string][]) limits[name] = read(oid);
  return sensible(limits);
}

/** Severities of a threshold: 10 minor, 20 major, 30 critical. A transceiver's alarms are major, its warnings minor. */
const CRITICAL: ReadonlySet<number> = new Set([20, 30]);
const WARNING = 10;
/** Relations: less than, or equal; greater than, or equal. */
const BELOW: ReadonlySet<number> = new Set([1, 2]);
const ABOVE: ReadonlySet<number> = new Set([3, 4]);

/**
 * The limits of each entity in a table shaped as entSensorThresholdTable: several rows an entity, each with a severity and
 * a relation. Values are as they stand in the table.
 */
export function thresholdsByEntity(
  entry: string,
  columns: ReadonlyMap<string, ReadonlyMap<string, SnmpValue>>,
): ReadonlyMap<string, Readonly<Partial<Record<LimitName, SnmpValue>>>> {
  const found = new Map<string, Partial<Record<LimitName, SnmpValue>>>();
  const [severities, relations, values] = thresholdColumns.map((column) => columns.get(`${entry}.${column}`));
  for (const [index, value] of values ?? []) {
    const severity = asNumber(severities?.get(index)) ?? 0;
    const relation = asNumber(relations?.get(index)) ?? 0;
    const level = CRITICAL.has(severity) ? 'Critical' : severity === WARNING ? 'Warning' : null;
    const side = BELOW.has(relation) ? 'low' : ABOVE.has(relation) ? 'high' : null;
    if (level === null || side === null) continue;
    const entity = index.slice(0, index.lastIndexOf('.'));
    const limits = found.get(entity) ?? {};
    // Of a critical and a major one the first row counts.
    limits[`${side}${level}`] ??= value;
    found.set(entity, limits);
  }
  return found;
}

/** Null without any limit, and where low ones are above high ones: a transceiver without such limits sends zeros. */
export function sensible(limits: SensorLimits): SensorLimits | null {
  const inOrder = [limits.lowCritical, limits.lowWarning, limits.highWarning, limits.highCritical].filter(
    (limit) => limit !== null,
  );
  if (inOrder.length === 0) return null;
  const rising = inOrder.every((limit, i) => i === 0 || limit >= (inOrder[i - 1] as number));
  const allEqual = inOrder.length > 1 && inOrder.every((limit) => limit === inOrder[0]);
  return rising && !allEqual ? limits : null;
}
