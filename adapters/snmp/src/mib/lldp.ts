import type { LocalSystem, Neighbor, NeighborId } from '@dotmac/device';
import type { SnmpValue } from '../codec/value.ts';
import type { SnmpSession } from '../engine/session.ts';
import type { TableOptions } from '../engine/table.ts';
import { presentSubtrees } from '../profile/presence.ts';
import { asMac, asNumber, asText } from '../reading.ts';
import { addressOf } from './inet-address.ts';
import { type Port, portName, readBridgePorts, readPorts } from './ports.ts';

/** LLDP-MIB (IEEE 802.1AB-2005); it lies outside of 1.3.6.1. */
const lldp = '1.0.8802.1.1.2.1';
const local = {
  chassisKind: `${lldp}.3.1.0`,
  chassis: `${lldp}.3.2.0`,
  systemName: `${lldp}.3.3.0`,
};
const localPort = [`${lldp}.3.7.1.2`, `${lldp}.3.7.1.3`, `${lldp}.3.7.1.4`];
const remote = [4, 5, 6, 7, 8, 9].map((column) => `${lldp}.4.1.1.${column}`);
const remoteAddressKind = `${lldp}.4.2.1.3`;

/** LldpChassisIdSubtype and LldpPortIdSubtype. */
const chassisKinds: readonly NeighborId['kind'][] = [
  'component',
  'interfaceAlias',
  'component',
  'mac',
  'address',
  'interfaceName',
  'local',
];
const portKinds: readonly NeighborId['kind'][] = [
  'interfaceAlias',
  'component',
  'mac',
  'address',
  'interfaceName',
  'circuitId',
  'local',
];

/** An identifier of a subtype; null when its octets do not fit it or it is empty. */
function idOf(
  kinds: readonly NeighborId['kind'][],
  subtype: SnmpValue | undefined,
  value: SnmpValue | undefined,
): NeighborId | null {
  const kind = kinds[(asNumber(subtype) ?? 0) - 1];
  if (kind === undefined || value?.type !== 'octets') return null;
  if (kind === 'mac') {
    // Some agents send the text of the address instead of its octets.
    const text = asText(value)?.toLowerCase().replaceAll('-', ':') ?? '';
    const mac = asMac(value) ?? (/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/.test(text) ? text : null);
    return mac === null ? null : { kind, value: mac };
  }
  if (kind === 'address') {
    const address = addressOf(value.value[0] ?? 0, value.value.subarray(1));
    return address === null ? null : { kind, value: address };
  }
  const text = asText(value);
  return text === null ? null : { kind, value: text };
}

/** What the device tells its neighbours of itself; null without LLDP-MIB. */
export async function readLocalSystem(
  session: SnmpSession,
  options: TableOptions,
): Promise<LocalSystem | null> {
  const [kind, chassis, name, sysName] = await session.get(
    [local.chassisKind, local.chassis, local.systemName, '1.3.6.1.2.1.1.5.0'],
    options,
  );
  return {
    chassis: idOf(chassisKinds, kind, chassis),
    systemName: asText(name) ?? asText(sysName),
  };
}

/** lldpRemTable with the addresses of lldpRemManAddrTable; `complete` as for a table. */
export async function readNeighbors(
  session: SnmpSession,
  options: TableOptions,
): Promise<{ readonly neighbors: readonly Neighbor[]; readonly complete: boolean }> {
  if (!(await presentSubtrees(session, [lldp], options)).has(lldp)) return { neighbors: [], complete: true };
  const table = await session.table(remote, options);
  if (table.rows.size === 0) return { neighbors: [], complete: table.complete };
  const ports = await localPorts(session, options);
  const addresses = await managementAddresses(session, options);
  const neighbors = [...table.rows].flatMap(
    ([index, [chassisKind, chassis, portKind, port, descr, name]]) => {
      // lldpRemTimeMark, lldpRemLocalPortNum, lldpRemIndex.
      const parts = index.split('.');
      if (parts.length !== 3) return [];
      return [
        {
          protocol: 'LLDP' as const,
          localPort: portName(ports.get(Number(parts[1]))),
          chassis: idOf(chassisKinds, chassisKind, chassis),
          port: idOf(portKinds, portKind, port),
          portDescription: asText(descr),
          systemName: asText(name),
          addresses: addresses.get(index) ?? [],
        },
      ];
    },
  );
  return { neighbors, complete: table.complete };
}

/**
 * lldpLocPortNum counts ports in numbers of its own (802.1AB 11.5.1): the identifier or description of that number
 * names the interface; where neither does, agents use dot1dBasePort or ifIndex.
 */
async function localPorts(
  session: SnmpSession,
  options: TableOptions,
): Promise<ReadonlyMap<number, Port | undefined>> {
  const ports = await readPorts(session, options);
  const bridgePorts = await readBridgePorts(session, ports, options);
  const { rows } = await session.table(localPort, options);
  const found = new Map<number, Port | undefined>();
  for (const [index, [kind, id, descr]] of rows)
    found.set(
      Number(index),
      namedPort(ports, idOf(portKinds, kind, id), asText(descr)) ??
        bridgePorts.get(Number(index)) ??
        ports.get(Number(index)),
    );
  for (const [index, port] of bridgePorts) if (!found.has(index)) found.set(index, port);
  for (const [index, port] of ports) if (!found.has(index)) found.set(index, port);
  return found;
}

function namedPort(
  ports: ReadonlyMap<number, Port>,
  id: NeighborId | null,
  description: string | null,
): Port | undefined {
  const all = [...ports.values()];
  const only = (test: (port: Port) => boolean) => {
    const fit = all.filter(test);
    return fit.length === 1 ? fit[0] : undefined;
  };
  const value = id?.value;
  const byId =
    id?.kind === 'mac'
      ? only((port) => port.mac === value)
      : (only((port) => port.name === value || port.ifDescr === value) ??
        only((port) => port.alias === value));
  return byId ?? only((port) => port.name === description || port.ifDescr === description);
}

/** The addresses by the index of their neighbour: they stand in the index of their table. */
async function managementAddresses(
  session: SnmpSession,
  options: TableOptions,
): Promise<ReadonlyMap<string, string[]>> {
  const { rows } = await session.table([remoteAddressKind], options);
  const found = new Map<string, string[]>();
  for (const index of rows.keys()) {
    // TimeMark, LocalPortNum, Index, subtype, length, octets.
    const parts = index.split('.').map(Number);
    const [family = 0, length = 0] = parts.slice(3, 5);
    const address = addressOf(family, Uint8Array.from(parts.slice(5, 5 + length)));
    if (address === null) continue;
    const key = parts.slice(0, 3).join('.');
    found.set(key, [...(found.get(key) ?? []), address]);
  }
  return found;
}
