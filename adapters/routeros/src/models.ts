import { isIP } from 'node:net';
import type {
  AccessListEntry,
  AccessSession,
  DeviceHealth,
  DeviceIdentity,
  DeviceInterface,
} from '@dotmac/device';
import type { Row } from './reply.ts';
import {
  parseBoolean,
  parseDurationSeconds,
  parseLinkRate,
  parseMac,
  parseNumber,
  parseWhole,
  shapingOf,
} from './values.ts';

/** Comments that begin so are ours. */
const markerPrefix = 'dotmac:';

export const interfaceFields = [
  'name',
  'type',
  'mac-address',
  'actual-mtu',
  'running',
  'disabled',
  'comment',
  'rx-byte',
  'tx-byte',
] as const;
export const sessionFields = [
  '.id',
  'name',
  'address',
  'caller-id',
  'uptime',
  'session-id',
  'service',
] as const;
export const queueFields = [
  '.id',
  'name',
  'target',
  'max-limit',
  'burst-limit',
  'burst-threshold',
  'burst-time',
  'disabled',
  'dynamic',
  'comment',
] as const;
export const listFields = ['.id', 'list', 'address', 'disabled', 'dynamic', 'comment'] as const;

/** Who the device is. `board` is null on a device without `/system/routerboard` (CHR, x86). */
export function identityOf(identity: Row, resource: Row, board: Row | null): DeviceIdentity {
  return {
    vendor: 'MikroTik',
    os: 'RouterOS',
    model: board?.model || resource['board-name'] || null,
    version: resource.version?.replace(/ .*$/, '') || null,
    serial: board?.['serial-number'] || null,
    sysName: identity.name || null,
    sysDescr: null,
    sysObjectId: null,
  };
}

export function healthOf(resource: Row): DeviceHealth {
  const total = parseWhole(resource['total-memory']);
  const free = parseWhole(resource['free-memory']);
  const load = parseNumber(resource['cpu-load']);
  return {
    uptimeSeconds: parseDurationSeconds(resource.uptime) ?? 0,
    processors: load === null ? [] : [{ index: '0', name: resource.cpu || 'cpu', usagePercent: load }],
    memory: [
      { name: 'main', totalBytes: total, usedBytes: total === null || free === null ? null : total - free },
    ],
  };
}

/** A port. Names are unique on RouterOS; counters have 64 bit. `link` is the row of `/interface/ethernet/monitor`. */
export function interfaceOf(row: Row, link: Row | null, uptimeSeconds: number | null): DeviceInterface {
  const name = row.name ?? '';
  const disabled = parseBoolean(row.disabled);
  const running = parseBoolean(row.running);
  return {
    stableKey: name,
    ifIndex: null,
    name,
    alias: row.comment || null,
    mac: parseMac(row['mac-address']),
    mtu: parseNumber(row['actual-mtu']),
    speedBitsPerSecond: parseLinkRate(link?.rate),
    adminStatus: disabled === null ? null : disabled ? 'down' : 'up',
    operStatus: running === null ? null : running ? 'up' : 'down',
    inOctets: parseWhole(row['rx-byte']),
    outOctets: parseWhole(row['tx-byte']),
    counterBits: 64,
    uptimeSeconds,
  };
}

/** Acct-Session-Id of a session: RouterOS prints it with `0x`, RADIUS carries it without. */
export function sessionIdOf(row: Row): string {
  return (row['session-id'] ?? '').replace(/^0x/i, '').toLowerCase();
}

/** The dynamic interface of a PPP session, which is also the target of the queue RADIUS makes for it. */
export function sessionPort(row: Row): string {
  return `<${row.service ?? 'pppoe'}-${row.name ?? ''}>`;
}

/** A PPP session. The router receives what the subscriber sends: rx is upstream. */
export function sessionOf(row: Row, port: Row | null, queue: Row | null): AccessSession {
  return {
    nativeId: sessionIdOf(row),
    username: row.name ?? '',
    address: row.address || null,
    mac: parseMac(row['caller-id']),
    uptimeSeconds: parseDurationSeconds(row.uptime),
    upstreamOctets: parseWhole(port?.['rx-byte']),
    downstreamOctets: parseWhole(port?.['tx-byte']),
    shaping: queue === null ? null : shapingOf(queue),
  };
}

/** An entry that is one address; ranges, prefixes and names are null. */
export function accessListEntryOf(row: Row): AccessListEntry | null {
  const address = row.address ?? '';
  if (isIP(address) === 0) return null;
  const comment = row.comment ?? '';
  return { list: row.list ?? '', address, marker: comment.startsWith(markerPrefix) ? comment : null };
}
