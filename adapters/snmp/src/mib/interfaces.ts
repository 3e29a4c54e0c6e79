import type { AdminStatus, MacAddress, OperStatus } from '@dotmac/device';
import { encodeOid } from '../codec/oid.ts';
import type { SnmpValue } from '../codec/value.ts';
import type { SnmpSession } from '../engine/session.ts';
import type { TableOptions } from '../engine/table.ts';
import { asBigInt, asMac, asNumber, asText } from '../reading.ts';
import { SYS_UP_TIME } from './system.ts';

/** A row of ifTable and ifXTable (IF-MIB, RFC 2863). Null where the agent has no value. */
export interface InterfaceRow {
  readonly ifIndex: number;
  readonly ifName: string | null;
  readonly ifDescr: string | null;
  readonly ifAlias: string | null;
  readonly ifType: number | null;
  readonly mtu: number | null;
  readonly mac: MacAddress | null;
  readonly adminStatus: AdminStatus | null;
  readonly operStatus: OperStatus | null;
  readonly speedBitsPerSecond: bigint | null;
  readonly inOctets: bigint | null;
  readonly outOctets: bigint | null;
  readonly counterBits: 32 | 64 | null;
  /** sysUpTime of the reply that brought the counters, in hundredths of a second. */
  readonly sysUpTime: number | null;
}

const SYS_UP_TIME_INSTANCE = `${SYS_UP_TIME}.0`;
const ifEntry = '1.3.6.1.2.1.2.2.1';
const ifXEntry = '1.3.6.1.2.1.31.1.1.1';

/** The counters stand first, so that they share a reply with sysUpTime. */
const columns = {
  hcIn: `${ifXEntry}.6`,
  hcOut: `${ifXEntry}.10`,
  in32: `${ifEntry}.10`,
  out32: `${ifEntry}.16`,
  name: `${ifXEntry}.1`,
  descr: `${ifEntry}.2`,
  adminStatus: `${ifEntry}.7`,
  operStatus: `${ifEntry}.8`,
  alias: `${ifXEntry}.18`,
  highSpeed: `${ifXEntry}.15`,
  speed: `${ifEntry}.5`,
  mac: `${ifEntry}.6`,
  type: `${ifEntry}.3`,
  mtu: `${ifEntry}.4`,
} as const;
const columnNames = Object.keys(columns) as (keyof typeof columns)[];

const adminStatuses: readonly AdminStatus[] = ['up', 'down', 'testing'];
const operStatuses: readonly OperStatus[] = [
  'up',
  'down',
  'testing',
  'unknown',
  'dormant',
  'notPresent',
  'lowerLayerDown',
];

export interface InterfacesResult {
  readonly rows: readonly InterfaceRow[];
  readonly complete: boolean;
  readonly warnings: readonly string[];
}

/** All ports of a device by ifIndex. Partial with warnings when the agent fails half-way. */
export async function readInterfaces(session: SnmpSession, options: TableOptions): Promise<InterfacesResult> {
  const table = await session.table(Object.values(columns), {
    ...options,
    companion: encodeOid(SYS_UP_TIME),
  });
  const rows: InterfaceRow[] = [];
  for (const [index, row] of table.rows) {
    if (!/^\d+$/.test(index)) continue;
    rows.push(rowOf(Number(index), (name) => row[columnNames.indexOf(name)], table.companions.get(index)));
  }
  rows.sort((a, b) => a.ifIndex - b.ifIndex);
  return { rows, complete: table.complete, warnings: table.warnings };
}

/** One port with its counters and sysUpTime, in one request where the agent can; null when it is not there. */
export async function readInterface(
  session: SnmpSession,
  ifIndex: number,
  options: TableOptions,
): Promise<InterfaceRow | null> {
  const [upTime, ...values] = await session.get(
    [SYS_UP_TIME_INSTANCE, ...Object.values(columns).map((column) => `${column}.${ifIndex}`)],
    options,
  );
  const row = rowOf(ifIndex, (name) => values[columnNames.indexOf(name)], upTime);
  return row.operStatus === null && row.adminStatus === null ? null : row;
}

function rowOf(
  ifIndex: number,
  cell: (name: keyof typeof columns) => SnmpValue | undefined,
  upTime: SnmpValue | undefined,
): InterfaceRow {
  const wide = { in: asBigInt(cell('hcIn')), out: asBigInt(cell('hcOut')) };
  const narrow = { in: asBigInt(cell('in32')), out: asBigInt(cell('out32')) };
  const is64 = wide.in !== null && wide.out !== null;
  const counters = is64 ? wide : narrow;
  return {
    ifIndex,
    ifName: asText(cell('name')),
    ifDescr: asText(cell('descr')),
    ifAlias: asText(cell('alias')),
    ifType: asNumber(cell('type')),
    mtu: asNumber(cell('mtu')),
    mac: asMac(cell('mac')),
    adminStatus: adminStatuses[(asNumber(cell('adminStatus')) ?? 0) - 1] ?? null,
    operStatus: operStatuses[(asNumber(cell('operStatus')) ?? 0) - 1] ?? null,
    speedBitsPerSecond: portSpeed(asBigInt(cell('speed')), asBigInt(cell('highSpeed'))),
    inOctets: counters.in,
    outOctets: counters.out,
    counterBits: is64 ? 64 : counters.in === null && counters.out === null ? null : 32,
    sysUpTime: asNumber(upTime),
  };
}

/**
 * ifHighSpeed is in Mbit/s and rounded; ifSpeed in bit/s and stuck at 2^32-1 from there on (RFC 2863 §3.1.6).
 * The more exact of both, in bit/s.
 */
export function portSpeed(ifSpeed: bigint | null, ifHighSpeed: bigint | null): bigint | null {
  const fast = (ifHighSpeed ?? 0n) * 1_000_000n;
  if (fast <= 0n) return ifSpeed;
  return ifSpeed !== null && ifSpeed < 4_294_967_295n && ifSpeed > fast ? ifSpeed : fast;
}

/**
 * A name for each port that survives a new ifIndex: the first of ifName, (ifDescr, ifType), (MAC, ifType) and
 * ifAlias that no other port of the device shares, else the ifIndex. In the order of `rows`.
 */
export function stableKeys(
  rows: readonly Pick<InterfaceRow, 'ifIndex' | 'ifName' | 'ifDescr' | 'ifAlias' | 'ifType' | 'mac'>[],
): string[] {
  const candidates = rows.map((row) => [
    row.ifName === null ? null : `name:${row.ifName}`,
    row.ifDescr === null ? null : `descr:${row.ifDescr}:${row.ifType ?? ''}`,
    row.mac === null ? null : `mac:${row.mac}:${row.ifType ?? ''}`,
    row.ifAlias === null ? null : `alias:${row.ifAlias}`,
  ]);
  const uses = new Map<string, number>();
  for (const key of candidates.flat()) if (key !== null) uses.set(key, (uses.get(key) ?? 0) + 1);
  return rows.map(
    (row, i) => candidates[i]?.find((key) => key !== null && uses.get(key) === 1) ?? `index:${row.ifIndex}`,
  );
}
