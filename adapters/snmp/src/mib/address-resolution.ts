import type { IpAddress, ResolvedAddress } from '@dotmac/device';
import type { SnmpSession } from '../engine/session.ts';
import type { TableOptions } from '../engine/table.ts';
import { presentSubtrees } from '../profile/presence.ts';
import { asMac, asNumber } from '../reading.ts';
import { addressOf } from './inet-address.ts';
import { portName, readPorts } from './ports.ts';

/** ipNetToPhysicalEntry (IP-MIB, RFC 4293): IPv4 and IPv6. */
const toPhysical = '1.3.6.1.2.1.4.35.1';
/** ipNetToMediaEntry (RFC 1213, deprecated by RFC 4293): IPv4 only, and what most equipment has. */
const toMedia = '1.3.6.1.2.1.4.22.1';
/** Of both types: `invalid`, and `local`, which are the device's own addresses. */
const notOthers: ReadonlySet<number | null> = new Set([2, 5]);
/** IpNetToPhysicalState: `invalid` and `incomplete`. */
const unresolved: ReadonlySet<number | null> = new Set([5, 7]);

export interface ResolutionResult {
  readonly entries: readonly ResolvedAddress[];
  readonly complete: boolean;
}

/** Which MAC address the device has found for an IP address, and at which of its ports. */
export async function readResolvedAddresses(
  session: SnmpSession,
  options: TableOptions,
): Promise<ResolutionResult> {
  const present = await presentSubtrees(session, [toPhysical, toMedia], options);
  if (present.size === 0) return { entries: [], complete: true };
  const ports = await readPorts(session, options);
  const found: ResolvedAddress[] = [];
  let complete = true;
  const read = async (columns: readonly number[], entry: string, addressAt: AddressAt) => {
    const table = await session.table(
      columns.map((column) => `${entry}.${column}`),
      options,
    );
    complete &&= table.complete;
    for (const [index, [mac, type, state]] of table.rows) {
      const [ifIndex = 0, ...rest] = index.split('.').map(Number);
      const address = addressAt(rest);
      const physical = asMac(mac);
      if (address === null || physical === null || physical === '00:00:00:00:00:00') continue;
      if (notOthers.has(asNumber(type)) || unresolved.has(asNumber(state))) continue;
      found.push({ address, mac: physical, port: portName(ports.get(ifIndex)) });
    }
  };
  if (present.has(toPhysical)) await read([4, 6, 7], toPhysical, typedAddress);
  // Some agents keep IPv6 there and IPv4 in the old table.
  const hasV4 = found.some(({ address }) => !address.includes(':'));
  if (present.has(toMedia) && !hasV4) await read([2, 4], toMedia, plainAddress);
  return { entries: found, complete };
}

type AddressAt = (parts: readonly number[]) => IpAddress | null;

/** InetAddressType (RFC 4001), length, octets. Those with a zone have it in four octets more: it is the port already. */
function typedAddress([type = 0, length = 0, ...octets]: readonly number[]): IpAddress | null {
  if (octets.length !== length) return null;
  if (type === 1 || type === 3) return addressOf(1, octets.slice(0, 4));
  return type === 2 || type === 4 ? addressOf(2, octets.slice(0, 16)) : null;
}

function plainAddress(octets: readonly number[]): IpAddress | null {
  return addressOf(1, octets);
}
