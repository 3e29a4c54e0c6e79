import type { LabValue } from './value.ts';

/** A port of a described device. Directions are the port's own, as in IF-MIB. */
export interface LabInterface {
  readonly name: string;
  readonly description?: string;
  readonly alias?: string;
  /** IANAifType; 6 is ethernetCsmacd, 71 ieee80211, 161 lag, 250 gpon. Default 6. */
  readonly type?: number;
  readonly speedBitsPerSecond: number;
  readonly mtu?: number;
  readonly mac?: string;
  readonly status?: 'up' | 'down';
  /** Constant load while the port is up. */
  readonly inBitsPerSecond?: number;
  readonly outBitsPerSecond?: number;
  /** Counters at the start. */
  readonly inOctets?: bigint;
  readonly outOctets?: bigint;
  /** Without ifXTable, as old and simple agents are. */
  readonly only32Bit?: boolean;
}

/** A device as data: what its agent answers. */
export interface SnmpDeviceDescription {
  readonly id: string;
  /** UDP port; a free one when left out. */
  readonly port?: number;
  readonly community?: string;
  readonly sysDescr: string;
  readonly sysObjectId: string;
  readonly sysName: string;
  readonly sysLocation?: string;
  /** Seconds it has been up when the agent starts. */
  readonly uptimeSeconds?: number;
  readonly interfaces?: readonly LabInterface[];
  /** Everything else, by OID with instance. */
  readonly objects?: Readonly<Record<string, LabValue>>;
  readonly quirks?: readonly Quirk[];
}

/** A device as a recording: a `.snmprec` file, one `OID|TAG|VALUE` a line. */
export interface SnmpRecordingDescription {
  readonly id: string;
  readonly port?: number;
  readonly community?: string;
  readonly recording: string;
  readonly quirks?: readonly Quirk[];
}

/**
 * Misbehaviour seen in the field. `toobig`, `empty`: a GETBULK that would not fit gets tooBig or noError, both with
 * an empty list. `nobulk`: GETBULK is not answered. `loop`: after 40 rows object identifiers do not increase.
 * `badvb`: every 25th value is a one-octet IpAddress. `wrongid`: one reply in ten carries another request id.
 * `v1`: only SNMPv1 is answered. `garbage`: every tenth reply is no SNMP message.
 */
export const quirks = ['toobig', 'empty', 'nobulk', 'loop', 'badvb', 'wrongid', 'v1', 'garbage'] as const;
export type Quirk = (typeof quirks)[number];

/** Rows of a table as objects: `columns` gives each column's OID, in the order of the row's values. */
export function tableObjects(
  columns: readonly string[],
  rows: Readonly<Record<string, readonly LabValue[]>>,
): Record<string, LabValue> {
  const objects: Record<string, LabValue> = {};
  for (const [index, values] of Object.entries(rows)) {
    values.forEach((value, i) => {
      objects[`${columns[i]}.${index}`] = value;
    });
  }
  return objects;
}
