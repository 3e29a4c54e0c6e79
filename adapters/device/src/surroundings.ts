import type { BitsPerSecond, IpAddress, MacAddress } from './units.ts';

/** A port of the device that tells, as it names its own ports elsewhere (`DeviceInterface`). */
export interface PortName {
  /** As in `DeviceInterface`; null for a port that is not among its interfaces. */
  readonly stableKey: string | null;
  readonly name: string;
}

/** How a system or port names itself, in the kinds of LLDP (IEEE 802.1AB-2016, 8.5.2.2 and 8.5.3.2). */
export interface NeighborId {
  readonly kind: 'mac' | 'address' | 'interfaceName' | 'interfaceAlias' | 'component' | 'circuitId' | 'local';
  /** A MAC address as `MacAddress`, an address as `IpAddress`, everything else as the text that was sent. */
  readonly value: string;
}

/** What the device says to its own neighbours about itself. */
export interface LocalSystem {
  readonly chassis: NeighborId | null;
  readonly systemName: string | null;
}

/** Somebody whom a device hears on one of its ports: always one hop away, unless something in between passes it on. */
export interface Neighbor {
  readonly protocol: 'LLDP' | 'CDP' | 'MNDP';
  /** Where it is heard; null when the device does not say. */
  readonly localPort: PortName | null;
  readonly chassis: NeighborId | null;
  /** The neighbour's own port. */
  readonly port: NeighborId | null;
  readonly portDescription: string | null;
  readonly systemName: string | null;
  /** Where it can be managed. */
  readonly addresses: readonly IpAddress[];
}

/** A MAC address that a bridge has learnt behind one of its ports (IEEE 802.1D, 7.9). */
export interface ForwardingEntry {
  readonly mac: MacAddress;
  readonly port: PortName | null;
  /** Null where the bridge keeps one table for all. */
  readonly vlan: number | null;
}

/** The MAC address that a device has found for an IP address: ARP (RFC 826) and neighbour discovery (RFC 4861). */
export interface ResolvedAddress {
  readonly address: IpAddress;
  readonly mac: MacAddress;
  /** Behind which of its own ports; null when the device does not say. */
  readonly port: PortName | null;
}

/** A customer's radio or optical equipment as its access point or line card sees it. Down is towards the customer. */
export interface CustomerLink {
  readonly medium: 'WIRELESS' | 'OPTICAL';
  readonly mac: MacAddress | null;
  /** Of an ONU: four letters of the maker and eight hexadecimal digits (ITU-T G.984.3), upper case; else as printed. */
  readonly serial: string | null;
  /** What the device calls it. */
  readonly name: string | null;
  readonly port: PortName | null;
  /** At the access point. */
  readonly signalDbm: number | null;
  readonly snrDb: number | null;
  readonly ccqPercent: number | null;
  readonly downBitsPerSecond: BitsPerSecond | null;
  readonly upBitsPerSecond: BitsPerSecond | null;
  /** At the customer's equipment. */
  readonly rxPowerDbm: number | null;
  readonly txPowerDbm: number | null;
  /** What the line card receives from it. */
  readonly lineRxPowerDbm: number | null;
  readonly distanceMeters: number | null;
}
