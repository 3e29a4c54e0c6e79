import type { SensorLimits } from '@dotmac/device';
import type { SnmpValue } from '../codec/value.ts';
import type { Row } from '../engine/table.ts';
import { asNumber } from '../reading.ts';
import type { ProfileValues, SensorReading } from './interpret.ts';
import { sensible, thresholdsByEntity } from './limits.ts';
import { tidy, wattsToDbm } from './scale.ts';
import type { LimitName, SensorSource } from './schema.ts';

/** EntitySensorDataType (RFC 3433) to our classes; 14 (dBm) is Cisco's addition. Others are no measured quantity. */
const classes: Readonly<Record<number, string>> = {
  3: 'voltage',
  4: 'voltage',
  5: 'current',
  6: 'power',
  7: 'frequency',
  8: 'temperature',
  9: 'humidity',
  10: 'fanspeed',
  11: 'airflow',
  14: 'dbm',
};
const UNITS = 9;
const STATUS_OK = 1;

/**
 * Class and value of a row of entPhySensorTable: type, scale (powers of a thousand around `units`), precision
 * (decimal places), value, status. Null when it measures nothing we know or says it does not work.
 */
export function entitySensor(row: Row): { class: string; value: number } | null {
  const [type, scale, precision, value, status] = row.map(asNumber);
  const kind = classes[type ?? 0];
  if (kind === undefined || value === null || value === undefined) return null;
  if (status !== null && status !== undefined && status !== STATUS_OK) return null;
  // The MIB's own overflow marks, and the 16-bit minimum that transceivers send for "no reading".
  if (Math.abs(value) >= 1_000_000_000 || value === -32_768) return null;
  const exponent = 3 * ((scale ?? UNITS) - UNITS) - (precision ?? 0);
  return { class: kind, value: tidy(value * 10 ** exponent) };
}

/** The MIB has no unit for optical power but the watt; a transceiver's is shown as everybody compares it. */
const TRANSCEIVER = /\b(?:rx|tx|receive|transmit|optical|laser|xcvr|transceiver)\b/i;

/** The readings of a table shaped as entPhySensorTable, with the device's own limits where it has a table of them. */
export function entitySensorReadings(source: SensorSource, values: ProfileValues): SensorReading[] {
  const entry = source.column ?? '';
  const columns = [1, 2, 3, 4, 5].map((column) => values.columns.get(`${entry}.${column}`));
  const thresholds =
    source.thresholds === undefined ? null : thresholdsByEntity(source.thresholds, values.columns);
  return [...(columns[3]?.keys() ?? [])].flatMap((index): SensorReading[] => {
    const row: Row = columns.map((column) => column?.get(index));
    const found = entitySensor(row);
    if (found === null) return [];
    const oid = `${entry}.4.${index}`;
    const name = values.entityNames.get(index) ?? `sensor ${index}`;
    const limits = limitsOfRow(row, thresholds?.get(index));
    const plain = { ...found, oid, name, ...(limits === null ? {} : { limits }) };
    if (found.class !== 'power' || !TRANSCEIVER.test(name)) return [plain];
    const light = wattsToDbm(found.value);
    // The watts stay beside it: they are what the agent says, and all that a dark port has.
    return [plain, ...(light === null ? [] : [{ ...inDbm(limits), class: 'dbm', oid, name, value: light }])];
  });
}

/** A limit has the scale and precision of its sensor. */
function limitsOfRow(
  [type, scale, precision]: Row,
  given: Readonly<Partial<Record<LimitName, SnmpValue>>> | undefined,
): SensorLimits | null {
  if (given === undefined) return null;
  const limit = (name: LimitName) =>
    given[name] === undefined ? null : (entitySensor([type, scale, precision, given[name]])?.value ?? null);
  return sensible({
    lowCritical: limit('lowCritical'),
    lowWarning: limit('lowWarning'),
    highWarning: limit('highWarning'),
    highCritical: limit('highCritical'),
  });
}

function inDbm(limits: SensorLimits | null): { limits?: SensorLimits } {
  if (limits === null) return {};
  const dbm = (watts: number | null) => (watts === null ? null : wattsToDbm(watts));
  return {
    limits: {
      lowCritical: dbm(limits.lowCritical),
      lowWarning: dbm(limits.lowWarning),
      highWarning: dbm(limits.highWarning),
      highCritical: dbm(limits.highCritical),
    },
  };
}
