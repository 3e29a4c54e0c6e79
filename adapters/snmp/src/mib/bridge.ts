import type { ForwardingEntry, MacAddress } from '@dotmac/device';
import type { SnmpSession } from '../engine/session.ts';
import type { TableOptions } from '../engine/table.ts';
import { presentSubtrees } from '../profile/presence.ts';
import { asNumber } from '../reading.ts';
import { portName, readBridgePorts, readPorts } from './ports.ts';

const bridge = '1.3.6.1.2.1.17.4.3.1';
const qBridge = '1.3.6.1.2.1.17.7.1.2.2.1';
const vlanFdb = '1.3.6.1.2.1.17.7.1.4.2.1.3';
/** dot1dTpFdbStatus and dot1qTpFdbStatus: `learned`; `self` and `mgmt` are nobody's equipment. */
const LEARNED = 3;

export interface ForwardingResult {
  readonly entries: readonly ForwardingEntry[];
  readonly complete: boolean;
}

/** The bridge's forwarding database: Q-BRIDGE-MIB (RFC 4363) by VLAN where there is one, else BRIDGE-MIB (RFC 4188). */
export async function readForwarding(session: SnmpSession, options: TableOptions): Promise<ForwardingResult> {
  const present = await presentSubtrees(session, [qBridge, bridge], options);
  if (present.size === 0) return { entries: [], complete: true };
  const ports = await readBridgePorts(session, await readPorts(session, options), options);
  const entriesOf = async (entry: string, first: number): Promise<ForwardingResult> => {
    const table = await session.table([`${entry}.2`, `${entry}.3`], options);
    const entries: ForwardingEntry[] = [];
    for (const [index, [port, status]] of table.rows) {
      const parts = index.split('.').map(Number);
      const mac = macOf(parts.slice(first));
      const number = asNumber(port);
      if (mac === null || number === null || number === 0) continue;
      if ((asNumber(status) ?? LEARNED) !== LEARNED) continue;
      entries.push({ mac, port: portName(ports.get(number)), vlan: first === 0 ? null : (parts[0] ?? null) });
    }
    return { entries, complete: table.complete };
  };
  if (present.has(qBridge)) {
    const found = await entriesOf(qBridge, 1);
    if (found.entries.length > 0 || !present.has(bridge)) return withVlans(session, found, options);
  }
  return entriesOf(bridge, 0);
}

/** dot1qVlanFdbId: the index counts databases, which are VLANs for most agents but not for all. */
async function withVlans(
  session: SnmpSession,
  { entries, complete }: ForwardingResult,
  options: TableOptions,
): Promise<ForwardingResult> {
  const { rows } = await session.table([vlanFdb], options);
  const vlans = new Map<number, number>();
  for (const [index, [fdb]] of rows) vlans.set(asNumber(fdb) ?? -1, Number(index.split('.')[1]));
  return {
    complete,
    entries: entries.map((entry) => ({ ...entry, vlan: vlans.get(entry.vlan ?? -1) ?? entry.vlan })),
  };
}

/** Six sub-identifiers as an address; null for anything else. */
export function macOf(parts: readonly number[]): MacAddress | null {
  if (parts.length !== 6 || parts.some((part) => !(part >= 0 && part <= 255))) return null;
  return parts.map((part) => part.toString(16).padStart(2, '0')).join(':');
}
