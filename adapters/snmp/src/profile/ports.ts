import type { AdminStatus, OperStatus } from '@dotmac/device';
import type { SnmpValue } from '../codec/value.ts';
import type { InterfaceRow } from '../mib/interfaces.ts';
import { asBigInt, asNumber, asText } from '../reading.ts';
import type { PortSource } from './schema.ts';

type Columns = ReadonlyMap<string, ReadonlyMap<string, SnmpValue>>;

const columnsOf = ['name', 'alias', 'adminStatus', 'operStatus', 'speed', 'inOctets', 'outOctets'] as const;

/** Every column a source of ports names. */
export function portColumns(source: PortSource): string[] {
  return columnsOf.flatMap((field) => source[field] ?? []);
}

/**
 * The ports of a maker's own tables beside those of IF-MIB: what IF-MIB leaves out of a port is filled in, and a port
 * that it does not have at all is added when the table names it. A source of one `port` of IF-MIB counts before it.
 * In the order of ifIndex.
 */
export function withPorts(
  rows: readonly InterfaceRow[],
  sources: readonly PortSource[],
  columns: Columns,
): InterfaceRow[] {
  const ports = new Map(rows.map((row) => [row.ifIndex, row]));
  for (const source of sources) {
    if (source.port !== undefined) {
      const name = new RegExp(source.port, 'i');
      const known = rows.find(({ ifName, ifDescr }) => name.test(ifName ?? ifDescr ?? ''));
      const [own] = portsOf(source, columns);
      if (known !== undefined && own !== undefined)
        ports.set(known.ifIndex, filled({ ...own, ...identityOf(known) }, known));
      continue;
    }
    for (const own of portsOf(source, columns)) {
      const known = ports.get(own.ifIndex);
      if (known !== undefined) ports.set(own.ifIndex, filled(known, own));
      else if (own.ifName !== null) ports.set(own.ifIndex, own);
    }
  }
  return [...ports.values()].sort((a, b) => a.ifIndex - b.ifIndex);
}

/** Which port it is, as far as that is not a reading. */
function identityOf({ ifIndex, ifName, ifDescr, ifAlias, ifType, mtu, mac, sysUpTime }: InterfaceRow) {
  return { ifIndex, ifName, ifDescr, ifAlias, ifType, mtu, mac, sysUpTime };
}

function filled(known: InterfaceRow, own: InterfaceRow): InterfaceRow {
  return {
    ...known,
    ifName: known.ifName ?? own.ifName,
    ifDescr: known.ifDescr ?? own.ifDescr,
    ifAlias: known.ifAlias ?? own.ifAlias,
    adminStatus: known.adminStatus ?? own.adminStatus,
    operStatus: known.operStatus ?? own.operStatus,
    speedBitsPerSecond: known.speedBitsPerSecond ?? own.speedBitsPerSecond,
    ...(known.counterBits === null
      ? { inOctets: own.inOctets, outOctets: own.outOctets, counterBits: own.counterBits }
      : {}),
  };
}

function portsOf(source: PortSource, columns: Columns): InterfaceRow[] {
  const cells = (field: (typeof columnsOf)[number]) => columns.get(source[field] ?? '');
  const basis = cells('name') ?? cells('alias') ?? cells('inOctets');
  return [...(basis?.keys() ?? [])].flatMap((index, order): InterfaceRow[] => {
    const last = source.numbered === 'order' ? order : Number(index.slice(index.lastIndexOf('.') + 1));
    const ifIndex = last + (source.offset ?? 0);
    if (!Number.isSafeInteger(ifIndex) || ifIndex < 0) return [];
    const cell = (field: (typeof columnsOf)[number]) => cells(field)?.get(index);
    const status = (field: 'adminStatus' | 'operStatus') => {
      const raw = asNumber(cell(field));
      return raw === null ? null : (source.statuses?.[String(raw)] ?? null);
    };
    const name = asText(cell('name'));
    const speed = asBigInt(cell('speed'));
    const octets = { in: asBigInt(cell('inOctets')), out: asBigInt(cell('outOctets')) };
    const wide = cell('inOctets')?.type === 'counter64';
    return [
      {
        ifIndex,
        ifName: name,
        ifDescr: name,
        ifAlias: asText(cell('alias')),
        ifType: null,
        mtu: null,
        mac: null,
        adminStatus: status('adminStatus') as AdminStatus | null,
        operStatus: status('operStatus') as OperStatus | null,
        speedBitsPerSecond: speed === null || speed <= 0n ? null : speed * BigInt(source.speedUnit ?? 1),
        inOctets: octets.in,
        outOctets: octets.out,
        counterBits: octets.in === null && octets.out === null ? null : wide ? 64 : 32,
        sysUpTime: null,
      },
    ];
  });
}
