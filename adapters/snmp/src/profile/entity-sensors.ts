import type { Row } from '../engine/table.ts';
import { asNumber } from '../reading.ts';
import { tidy } from './scale.ts';

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
