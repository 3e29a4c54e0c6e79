import type { PortName } from '@dotmac/device';
import type { SnmpSession } from '../engine/session.ts';
import type { TableOptions } from '../engine/table.ts';
import { asMac, asNumber, asText } from '../reading.ts';
import { stableKeys } from './interfaces.ts';

/** What other tables refer to a port by. */
export interface Port extends PortName {
  readonly stableKey: string;
  readonly ifIndex: number;
  readonly ifDescr: string | null;
  readonly alias: string | null;
  readonly mac: string | null;
}

const columns = [
  '1.3.6.1.2.1.31.1.1.1.1',
  '1.3.6.1.2.1.2.2.1.2',
  '1.3.6.1.2.1.31.1.1.1.18',
  '1.3.6.1.2.1.2.2.1.6',
  '1.3.6.1.2.1.2.2.1.3',
];

/** The ports by ifIndex, named as `readInterfaces` names them: only names, no counters. */
export async function readPorts(
  session: SnmpSession,
  options: TableOptions,
): Promise<ReadonlyMap<number, Port>> {
  const { rows } = await session.table(columns, options);
  const ports = [...rows]
    .filter(([index]) => /^\d+$/.test(index))
    .map(([index, [name, descr, alias, mac, type]]) => ({
      ifIndex: Number(index),
      ifName: asText(name),
      ifDescr: asText(descr),
      ifAlias: asText(alias),
      mac: asMac(mac),
      ifType: asNumber(type),
    }))
    .sort((a, b) => a.ifIndex - b.ifIndex);
  const keys = stableKeys(ports);
  return new Map(
    ports.map(({ ifIndex, ifName, ifDescr, ifAlias, mac }, i) => [
      ifIndex,
      {
        stableKey: keys[i] as string,
        ifIndex,
        name: ifName ?? ifDescr ?? `ifIndex ${ifIndex}`,
        ifDescr,
        alias: ifAlias,
        mac,
      },
    ]),
  );
}

export function portName(port: Port | undefined): PortName | null {
  return port === undefined ? null : { stableKey: port.stableKey, name: port.name };
}

/** dot1dBasePortIfIndex (BRIDGE-MIB, RFC 4188): bridges count their ports in numbers of their own. */
export async function readBridgePorts(
  session: SnmpSession,
  ports: ReadonlyMap<number, Port>,
  options: TableOptions,
): Promise<ReadonlyMap<number, Port>> {
  const { rows } = await session.table(['1.3.6.1.2.1.17.1.4.1.2'], options);
  const found = new Map<number, Port>();
  for (const [index, [ifIndex]] of rows) {
    const port = ports.get(asNumber(ifIndex) ?? -1);
    if (port !== undefined) found.set(Number(index), port);
  }
  return found;
}
