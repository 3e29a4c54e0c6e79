import type { LabValue } from './value.ts';

type Objects = Record<string, LabValue>;

const lldp = '1.0.8802.1.1.2.1';
const bytesOf = (mac: string): LabValue => ({ type: 'bytes', hex: mac.replaceAll(':', '') });
const partsOf = (mac: string) =>
  mac
    .split(':')
    .map((octet) => Number.parseInt(octet, 16))
    .join('.');

/** What a device tells of itself over LLDP, with a MAC address as chassis (LLDP-MIB). */
export function lldpLocal(mac: string, systemName: string): Objects {
  return {
    [`${lldp}.3.1.0`]: { type: 'integer', value: 4 },
    [`${lldp}.3.2.0`]: bytesOf(mac),
    [`${lldp}.3.3.0`]: { type: 'string', value: systemName },
  };
}

/** Neighbours heard on ports by ifIndex, with LldpPortIdSubtype 5 (interfaceName) unless a MAC address is given. */
export function lldpRemotes(
  remotes: readonly {
    readonly ifIndex: number;
    readonly chassis: string;
    readonly port: string;
    readonly systemName: string;
    readonly address?: string;
  }[],
): Objects {
  const objects: Objects = {};
  remotes.forEach(({ ifIndex, chassis, port, systemName, address }, i) => {
    const index = `${1000 + i}.${ifIndex}.${i + 1}`;
    const isMac = /^([0-9a-f]{2}:){5}[0-9a-f]{2}$/.test(port);
    const entry = `${lldp}.4.1.1`;
    objects[`${entry}.4.${index}`] = { type: 'integer', value: 4 };
    objects[`${entry}.5.${index}`] = bytesOf(chassis);
    objects[`${entry}.6.${index}`] = { type: 'integer', value: isMac ? 3 : 5 };
    objects[`${entry}.7.${index}`] = isMac ? bytesOf(port) : { type: 'string', value: port };
    objects[`${entry}.8.${index}`] = { type: 'string', value: `port ${port}` };
    objects[`${entry}.9.${index}`] = { type: 'string', value: systemName };
    if (address !== undefined)
      objects[`${lldp}.4.2.1.3.${index}.1.4.${address}`] = { type: 'integer', value: 2 };
  });
  return objects;
}

/** A bridge whose port numbers are the ifIndexes plus 100, and what it has learnt (BRIDGE-MIB or Q-BRIDGE-MIB). */
export function bridgeForwarding(
  ports: number,
  learnt: readonly { readonly mac: string; readonly ifIndex: number; readonly vlan?: number }[],
): Objects {
  const objects: Objects = {};
  for (let ifIndex = 1; ifIndex <= ports; ifIndex++)
    objects[`1.3.6.1.2.1.17.1.4.1.2.${ifIndex + 100}`] = { type: 'integer', value: ifIndex };
  for (const { mac, ifIndex, vlan } of learnt) {
    const entry =
      vlan === undefined ? ['1.3.6.1.2.1.17.4.3.1', ''] : ['1.3.6.1.2.1.17.7.1.2.2.1', `${vlan}.`];
    const index = `${entry[1]}${partsOf(mac)}`;
    objects[`${entry[0]}.2.${index}`] = { type: 'integer', value: ifIndex + 100 };
    objects[`${entry[0]}.3.${index}`] = { type: 'integer', value: 3 };
  }
  return objects;
}

/** What a router has resolved: IPv4 in ipNetToMediaTable, or both families in ipNetToPhysicalTable (IP-MIB). */
export function resolvedAddresses(
  table: 'media' | 'physical',
  entries: readonly {
    readonly address: string;
    readonly mac: string;
    readonly ifIndex: number;
    /** Of both tables: 2 is invalid, 3 dynamic (as when left out), 5 the device's own. */
    readonly type?: number;
    /** IpNetToPhysicalState: 1 is reachable (as when left out), 7 incomplete. */
    readonly state?: number;
  }[],
): Objects {
  const objects: Objects = {};
  for (const { address, mac, ifIndex, type = 3, state = 1 } of entries) {
    if (table === 'media') {
      const entry = '1.3.6.1.2.1.4.22.1';
      objects[`${entry}.2.${ifIndex}.${address}`] = bytesOf(mac);
      objects[`${entry}.4.${ifIndex}.${address}`] = { type: 'integer', value: type };
      continue;
    }
    const octets = octetsOf(address);
    // InetAddressType: ipv4, and ipv6z for what is local to a link.
    const zone = address.startsWith('fe80:') ? [0, 0, 0, ifIndex] : [];
    const kind = octets.length === 4 ? 1 : zone.length > 0 ? 4 : 2;
    const index = [ifIndex, kind, octets.length + zone.length, ...octets, ...zone].join('.');
    const entry = '1.3.6.1.2.1.4.35.1';
    objects[`${entry}.4.${index}`] = bytesOf(mac);
    objects[`${entry}.6.${index}`] = { type: 'integer', value: type };
    objects[`${entry}.7.${index}`] = { type: 'integer', value: state };
  }
  return objects;
}

function octetsOf(address: string): number[] {
  if (!address.includes(':')) return address.split('.').map(Number);
  const [head = '', tail = ''] = address.split('::');
  const groups = (text: string) =>
    text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16));
  const [before, after] = [groups(head), groups(tail)];
  const zeros = new Array<number>(8 - before.length - after.length).fill(0);
  return [...before, ...zeros, ...after].flatMap((group) => [group >> 8, group & 0xff]);
}

/** Radios registered at an access point (MIKROTIK-MIB, mtxrWlRtabTable). */
export function registrations(
  stations: readonly {
    readonly mac: string;
    readonly ifIndex: number;
    readonly signalDbm: number | LabValue;
    readonly snrDb?: number;
    readonly downBitsPerSecond?: number;
    readonly upBitsPerSecond?: number;
    readonly name?: string;
  }[],
): Objects {
  const objects: Objects = {};
  const entry = '1.3.6.1.4.1.14988.1.1.1.2.1';
  for (const { mac, ifIndex, signalDbm, ...rest } of stations) {
    const index = `${partsOf(mac)}.${ifIndex}`;
    objects[`${entry}.3.${index}`] =
      typeof signalDbm === 'number' ? { type: 'integer', value: signalDbm } : signalDbm;
    objects[`${entry}.8.${index}`] = { type: 'gauge32', value: rest.downBitsPerSecond ?? 130_000_000 };
    objects[`${entry}.9.${index}`] = { type: 'gauge32', value: rest.upBitsPerSecond ?? 65_000_000 };
    objects[`${entry}.12.${index}`] = { type: 'integer', value: rest.snrDb ?? 35 };
    objects[`${entry}.20.${index}`] = { type: 'string', value: rest.name ?? '' };
  }
  return objects;
}

/** ONTs of a line card (HUAWEI-XPON-MIB): powers in dBm. */
export function onts(
  all: readonly {
    readonly serial: string;
    readonly ifIndex: number;
    readonly ont: number;
    readonly rxPowerDbm: number;
    readonly distanceMeters: number;
  }[],
): Objects {
  const objects: Objects = {};
  const xpon = '1.3.6.1.4.1.2011.6.128.1.1.2';
  for (const { serial, ifIndex, ont, rxPowerDbm, distanceMeters } of all) {
    const index = `${ifIndex}.${ont}`;
    const maker = Buffer.from(serial.slice(0, 4), 'latin1').toString('hex');
    objects[`${xpon}.43.1.3.${index}`] = { type: 'bytes', hex: `${maker}${serial.slice(4)}` };
    objects[`${xpon}.43.1.9.${index}`] = { type: 'string', value: `ont-${ont}` };
    objects[`${xpon}.46.1.20.${index}`] = { type: 'integer', value: distanceMeters };
    objects[`${xpon}.51.1.3.${index}`] = { type: 'integer', value: 215 };
    objects[`${xpon}.51.1.4.${index}`] = { type: 'integer', value: Math.round(rxPowerDbm * 100) };
    objects[`${xpon}.51.1.6.${index}`] = {
      type: 'integer',
      value: 10_000 + Math.round(rxPowerDbm * 100) - 150,
    };
  }
  return objects;
}
