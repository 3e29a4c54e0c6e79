import { isIP } from 'node:net';
import type {
  CustomerLink,
  ForwardingEntry,
  LocalSystem,
  Neighbor,
  PortName,
  ResolvedAddress,
} from '@dotmac/device';
import { DeviceError } from '@dotmac/device';
import type { RouterosClient } from './client.ts';
import { type CallOptions, rowsOf, whenPresent } from './reads.ts';
import type { Row } from './reply.ts';
import { parseBoolean, parseLinkRate, parseMac, parseNumber } from './values.ts';

const neighborFields = [
  'interface',
  'interface-name',
  'address',
  'address4',
  'address6',
  'mac-address',
  'identity',
  'discovered-by',
];

function port(name: string | undefined): PortName | null {
  // Of a port in a bridge both are printed: `ether2,bridge1`.
  const first = name?.split(',')[0]?.trim() ?? '';
  return first === '' ? null : { stableKey: first, name: first };
}

/** The router tells its neighbours its identity; the chassis is the MAC address of whichever port it sends from. */
export async function readLocalSystem(client: RouterosClient, call: CallOptions): Promise<LocalSystem> {
  const [row] = await client.print('/system/identity', { fields: ['name'] }, call);
  return { chassis: null, systemName: row?.name || null };
}

/** `/ip/neighbor`: what is heard by LLDP, CDP and MNDP; nothing where the router has no such menu. */
export async function* readNeighbors(client: RouterosClient, call: CallOptions): AsyncGenerator<Neighbor> {
  const rows = await whenPresent(client.print('/ip/neighbor', { fields: neighborFields }, call));
  for (const row of rows ?? []) yield neighborOf(row);
}

function neighborOf(row: Row): Neighbor {
  const mac = parseMac(row['mac-address']);
  const remote = row['interface-name'] ?? '';
  const addresses = [row.address, row.address4, row.address6].filter(
    (address): address is string => address !== undefined && isIP(address) !== 0,
  );
  const by = (row['discovered-by'] ?? 'mndp').toLowerCase();
  return {
    protocol: by.includes('lldp') ? 'LLDP' : by.includes('cdp') ? 'CDP' : 'MNDP',
    localPort: port(row.interface),
    chassis: mac === null ? null : { kind: 'mac', value: mac },
    port: remote === '' ? null : { kind: 'interfaceName', value: remote.split('/').at(-1) ?? remote },
    portDescription: null,
    systemName: row.identity || null,
    addresses: [...new Set(addresses)],
  };
}

/** `/interface/bridge/host` without the router's own addresses. */
export async function* readForwarding(
  client: RouterosClient,
  call: CallOptions,
): AsyncGenerator<ForwardingEntry> {
  const print = { fields: ['mac-address', 'on-interface', 'interface', 'vid', 'local'] };
  if ((await whenPresent(client.count('/interface/bridge/host', [], call))) === null) return;
  for await (const row of rowsOf(client, '/interface/bridge/host', print, call)) {
    const mac = parseMac(row['mac-address']);
    if (mac === null || parseBoolean(row.local) === true) continue;
    yield { mac, port: port(row['on-interface'] ?? row.interface), vlan: parseNumber(row.vid) };
  }
}

/** `/ip/arp`, and `/ipv6/neighbor` where the router has it: what has no MAC address (yet) is left out. */
export async function* readResolvedAddresses(
  client: RouterosClient,
  call: CallOptions,
): AsyncGenerator<ResolvedAddress> {
  const fields = ['address', 'mac-address', 'interface', 'invalid', 'disabled'];
  for (const menu of ['/ip/arp', '/ipv6/neighbor']) {
    if ((await whenPresent(client.count(menu, [], call))) === null) continue;
    for await (const row of rowsOf(client, menu, { fields }, call)) {
      const mac = parseMac(row['mac-address']);
      const address = row.address ?? '';
      const valid = parseBoolean(row.invalid) !== true && parseBoolean(row.disabled) !== true;
      if (mac !== null && isIP(address) !== 0 && valid) yield { address, mac, port: port(row.interface) };
    }
  }
}

const radios = [
  '/interface/wireless/registration-table',
  '/interface/wifi/registration-table',
  '/interface/wifiwave2/registration-table',
];
const radioFields = [
  'interface',
  'mac-address',
  'radio-name',
  'signal-strength',
  'signal',
  'signal-to-noise',
  'tx-ccq',
  'tx-rate',
  'rx-rate',
];

/**
 * The registration tables of whichever wireless packages the router has.
 * @throws DeviceError CAPABILITY_UNSUPPORTED when it has none.
 */
export async function* readCustomerLinks(
  client: RouterosClient,
  call: CallOptions,
): AsyncGenerator<CustomerLink> {
  let menus = 0;
  for (const menu of radios) {
    const rows = await whenPresent(client.print(menu, { fields: radioFields }, call));
    if (rows === null) continue;
    menus++;
    for (const row of rows) {
      const mac = parseMac(row['mac-address']);
      if (mac !== null) yield radioOf(row, mac);
    }
  }
  if (menus === 0) throw new DeviceError('CAPABILITY_UNSUPPORTED', 'The router has no wireless package');
}

function radioOf(row: Row, mac: string): CustomerLink {
  return {
    medium: 'WIRELESS',
    mac,
    serial: null,
    name: row['radio-name'] || null,
    port: port(row.interface),
    // `-63`, or `-63dBm@6Mbps`.
    signalDbm: parseNumber(/^-?\d+/.exec(row['signal-strength'] ?? row.signal ?? '')?.[0]),
    snrDb: parseNumber(row['signal-to-noise']),
    ccqPercent: parseNumber(row['tx-ccq']),
    downBitsPerSecond: rateOf(row['tx-rate']),
    upBitsPerSecond: rateOf(row['rx-rate']),
    rxPowerDbm: null,
    txPowerDbm: null,
    lineRxPowerDbm: null,
    distanceMeters: null,
  };
}

/** `130Mbps-20MHz/2S`, or the plain number of the newer packages. */
function rateOf(text: string | undefined): bigint | null {
  if (text !== undefined && /^\d+$/.test(text)) return BigInt(text);
  return parseLinkRate(/^[\d.]+[kMG]bps/.exec(text ?? '')?.[0]);
}
