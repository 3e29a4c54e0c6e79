import type { DeviceSensor } from './sensors.ts';
import type {
  CustomerLink,
  ForwardingEntry,
  LocalSystem,
  Neighbor,
  ResolvedAddress,
} from './surroundings.ts';
import type { BitsPerSecond, IpAddress, MacAddress, Octets, Shaping } from './units.ts';

/** A value with its source and time. Stale is unknown, never "up". */
export interface Observed<T> {
  readonly value: T;
  /** Protocol and object that gave it, such as `snmp:IF-MIB::ifTable` or `routeros:/ppp/active`. */
  readonly source: string;
  /** When it was read, milliseconds since the epoch. */
  readonly observedAt: number;
  readonly quality: 'good' | 'stale' | 'estimated' | 'counter-reset';
}

/** Who the device is. Unknown is null, never an empty string or a guess. */
export interface DeviceIdentity {
  readonly vendor: string | null;
  readonly os: string | null;
  readonly model: string | null;
  readonly version: string | null;
  readonly serial: string | null;
  readonly sysName: string | null;
  readonly sysDescr: string | null;
  /** SNMP sysObjectID, dotted, without a leading dot. */
  readonly sysObjectId: string | null;
}

export interface Processor {
  readonly index: string;
  readonly name: string;
  /** 0 to 100. */
  readonly usagePercent: number;
}

export interface MemoryPool {
  readonly name: string;
  readonly usedBytes: bigint | null;
  readonly totalBytes: bigint | null;
  /** For devices that report only a share, 0 to 100. */
  readonly usedPercent?: number;
}

export interface DeviceHealth {
  /** Seconds since the device (or its agent) started. */
  readonly uptimeSeconds: number;
  readonly processors: readonly Processor[];
  readonly memory: readonly MemoryPool[];
}

export type AdminStatus = 'up' | 'down' | 'testing';
export type OperStatus = 'up' | 'down' | 'testing' | 'unknown' | 'dormant' | 'notPresent' | 'lowerLayerDown';

/** A port of the device. `in` and `out` are the port's own view. */
export interface DeviceInterface {
  /** Identity that survives a new ifIndex: the first of ifName, (ifDescr, ifType), MAC that is unique. */
  readonly stableKey: string;
  readonly ifIndex: number | null;
  readonly name: string;
  readonly alias: string | null;
  readonly mac: MacAddress | null;
  readonly mtu: number | null;
  readonly speedBitsPerSecond: BitsPerSecond | null;
  readonly adminStatus: AdminStatus | null;
  readonly operStatus: OperStatus | null;
  readonly inOctets: Octets | null;
  readonly outOctets: Octets | null;
  /** 32-bit counters wrap within seconds on fast ports; 64-bit ones never do. */
  readonly counterBits: 32 | 64 | null;
  /** Device uptime in the same reply as the counters, for rates by device time. */
  readonly uptimeSeconds: number | null;
}

/** A subscriber's live session as the access device or NAS shows it. */
export interface AccessSession {
  /** The device's own id of it (Acct-Session-Id, RouterOS `session-id`). */
  readonly nativeId: string;
  readonly username: string;
  readonly address: IpAddress | null;
  readonly mac: MacAddress | null;
  readonly uptimeSeconds: number | null;
  readonly downstreamOctets: Octets | null;
  readonly upstreamOctets: Octets | null;
  readonly shaping: Shaping | null;
}

/** An address on a named list, such as the list of suspended subscribers. */
export interface AccessListEntry {
  readonly list: string;
  readonly address: IpAddress;
  /** Our own mark on the entry; null when somebody else made it. */
  readonly marker: string | null;
}

/** The models a driver can read, by name. */
export interface ModelOf {
  identity: DeviceIdentity;
  health: DeviceHealth;
  interface: DeviceInterface;
  session: AccessSession;
  accessListEntry: AccessListEntry;
  localSystem: LocalSystem;
  neighbor: Neighbor;
  forwardingEntry: ForwardingEntry;
  resolvedAddress: ResolvedAddress;
  customerLink: CustomerLink;
  /** What is measured often, and what only now and then: optics of a line card. */
  sensor: DeviceSensor;
  lineSensor: DeviceSensor;
}
export type ModelName = keyof ModelOf;
