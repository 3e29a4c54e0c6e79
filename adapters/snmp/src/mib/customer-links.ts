import type { CustomerLink, PortName } from '@dotmac/device';
import type { SnmpValue } from '../codec/value.ts';
import type { SnmpSession } from '../engine/session.ts';
import type { TableOptions } from '../engine/table.ts';
import { presentSubtrees } from '../profile/presence.ts';
import { asMac, asNumber, asText } from '../reading.ts';
import { macOf } from './bridge.ts';
import { type CustomerTable, customerTables, type Quantity, type Scaled } from './customer-tables.ts';
import { portName, readPorts } from './ports.ts';

export interface CustomerLinksResult {
  readonly links: readonly CustomerLink[];
  readonly complete: boolean;
  /** Whether the device has any such table. */
  readonly serves: boolean;
}

/** Everybody who is registered at the radios and optical ports of a device, by the tables of `customerTables`. */
export async function readCustomerLinks(
  session: SnmpSession,
  options: TableOptions,
): Promise<CustomerLinksResult> {
  const present = await presentSubtrees(
    session,
    customerTables.map((table) => table.present),
    options,
  );
  const tables = customerTables.filter((table) => present.has(table.present));
  if (tables.length === 0) return { links: [], complete: true, serves: false };
  const ports = await readPorts(session, options);
  const links: CustomerLink[] = [];
  let complete = true;
  for (const table of tables) {
    const columns = columnsOf(table);
    const result = await session.table(columns, { ...options, maxRows: table.mostRows });
    complete &&= result.complete;
    for (const [index, row] of result.rows) {
      const cell = (column: string | undefined) =>
        column === undefined ? undefined : row[columns.indexOf(column)];
      const port = portName(ports.get(portIndex(table, index, cell) ?? -1));
      const link = linkOf(table, index, cell, port);
      if (link !== null) links.push(link);
    }
  }
  return { links, complete, serves: true };
}

type Cell = (column: string | undefined) => SnmpValue | undefined;

function linkOf(table: CustomerTable, index: string, cell: Cell, port: PortName | null): CustomerLink | null {
  const parts = index.split('.').map(Number);
  const mac =
    table.macIndex === undefined
      ? (asMac(cell(table.mac)) ?? macInText(asText(cell(table.mac))))
      : macOf(parts.slice(table.macIndex, table.macIndex + 6));
  const serial = serialOf(cell(table.serial));
  if (mac === null && serial === null) return null;
  const scaled = (quantity: Quantity) => {
    const source = table.quantities[quantity];
    return source === undefined ? null : quantityOf(source, cell(source.column));
  };
  const bits = (quantity: Quantity) => {
    const value = scaled(quantity);
    return value === null ? null : BigInt(Math.round(value));
  };
  const signalDbm = scaled('signalDbm');
  const noiseDbm = scaled('noiseDbm');
  return {
    medium: table.medium,
    mac,
    serial,
    name: asText(cell(table.name)),
    port,
    signalDbm,
    snrDb: scaled('snrDb') ?? (signalDbm === null || noiseDbm === null ? null : signalDbm - noiseDbm),
    ccqPercent: scaled('ccqPercent'),
    downBitsPerSecond: bits('downBitsPerSecond'),
    upBitsPerSecond: bits('upBitsPerSecond'),
    rxPowerDbm: scaled('rxPowerDbm'),
    txPowerDbm: scaled('txPowerDbm'),
    lineRxPowerDbm: scaled('lineRxPowerDbm'),
    distanceMeters: scaled('distanceMeters'),
  };
}

function columnsOf(table: CustomerTable): string[] {
  const named = [table.mac, table.serial, table.name, table.port?.column];
  const measured = Object.values(table.quantities).map((source) => source.column);
  return [...new Set([...named.filter((column) => column !== undefined), ...measured])];
}

function portIndex(table: CustomerTable, index: string, cell: Cell): number | null {
  if (table.port === undefined) return null;
  if (table.port.column !== undefined) return asNumber(cell(table.port.column));
  return Number(index.split('.')[table.port.index]);
}

function quantityOf({ divisor = 1, offset = 0, absent = [] }: Scaled, value: SnmpValue | undefined) {
  const raw = asNumber(value);
  if (raw === null || absent.includes(raw)) return null;
  return (raw + offset) / divisor;
}

/** Twelve hexadecimal digits, pairs parted or not; where a MAC address is a text. */
function macInText(text: string | null): string | null {
  const digits = text?.replaceAll(/[:.-]/g, '').toLowerCase() ?? '';
  return /^[0-9a-f]{12}$/.test(digits) ? digits.replace(/(..)(?=.)/g, '$1:') : null;
}

/** Four octets of letters and four of a number (ITU-T G.984.3, 9.2.4.1), or text that says the same. */
function serialOf(value: SnmpValue | undefined): string | null {
  if (value?.type !== 'octets') return null;
  const octets = value.value;
  if (octets.length === 8) {
    const maker = octets.subarray(0, 4).toString('latin1');
    if (/^[A-Za-z]{4}$/.test(maker) && !/^[0-9A-Fa-f]{4}$/.test(octets.subarray(4).toString('latin1')))
      return `${maker}${octets.subarray(4).toString('hex')}`.toUpperCase();
  }
  const text = asText(value);
  return text === null ? null : text.replaceAll(/[\s:-]/g, '').toUpperCase();
}
