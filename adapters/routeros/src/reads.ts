import {
  type AccessListEntry,
  type AccessSession,
  type Capability,
  type CapabilityId,
  DeviceError,
  type DeviceHealth,
  type DeviceIdentity,
  type DeviceInterface,
} from '@dotmac/device';
import type { RouterosClient } from './client.ts';
import type { CommandOptions } from './command.ts';
import {
  accessListEntryOf,
  healthOf,
  identityOf,
  interfaceFields,
  interfaceOf,
  listFields,
  queueFields,
  sessionFields,
  sessionOf,
  sessionPort,
} from './models.ts';
import type { Row } from './reply.ts';
import { type PrintOptions, printWords } from './sentence.ts';
import { parseDurationSeconds } from './values.ts';

const resourceFields = ['version', 'board-name', 'uptime', 'cpu', 'cpu-load', 'free-memory', 'total-memory'];

/** What every read passes on to the wire: when to stop, and who goes first. */
export type CallOptions = Required<Pick<CommandOptions, 'signal' | 'priority'>>;

/** A print may be long, but not endless: a device that stops in the middle must not hold its reader. */
const longReadMs = 60_000;

/** Rows of a menu one by one, in flat memory. */
export function rowsOf(
  client: RouterosClient,
  menu: string,
  print: PrintOptions,
  call: CallOptions,
): AsyncGenerator<Row, void, undefined> {
  return client.stream(printWords(menu, print), { ...call, deadlineMs: longReadMs });
}

/** The result, or null when the device has no such menu or verb. */
export async function whenPresent<T>(reading: Promise<T>): Promise<T | null> {
  try {
    return await reading;
  } catch (error) {
    if (error instanceof DeviceError && error.code === 'CAPABILITY_UNSUPPORTED') return null;
    throw error;
  }
}

async function firstRow(client: RouterosClient, menu: string, fields: readonly string[], call: CallOptions) {
  const [row] = await client.print(menu, { fields }, call);
  return row ?? ({} as Row);
}

export async function readIdentity(client: RouterosClient, call: CallOptions): Promise<DeviceIdentity> {
  const [identity, resource, board] = await Promise.all([
    firstRow(client, '/system/identity', ['name'], call),
    firstRow(client, '/system/resource', resourceFields, call),
    whenPresent(firstRow(client, '/system/routerboard', ['model', 'serial-number'], call)),
  ]);
  return identityOf(identity, resource, board);
}

export async function readHealth(client: RouterosClient, call: CallOptions): Promise<DeviceHealth> {
  return healthOf(await firstRow(client, '/system/resource', resourceFields, call));
}

export async function* readInterfaces(
  client: RouterosClient,
  call: CallOptions,
): AsyncGenerator<DeviceInterface> {
  const resource = await firstRow(client, '/system/resource', ['uptime'], call);
  const uptime = parseDurationSeconds(resource.uptime);
  const links = await readLinks(client, call);
  for await (const row of rowsOf(client, '/interface', { fields: interfaceFields }, call))
    yield interfaceOf(row, links.get(row.name ?? '') ?? null, uptime);
}

/** One interface by its name, without the speed of its link; null when there is none of that name. */
export async function readInterface(
  client: RouterosClient,
  name: string,
  call: CallOptions,
): Promise<DeviceInterface | null> {
  const resource = await firstRow(client, '/system/resource', ['uptime'], call);
  const [row] = await client.print('/interface', { fields: interfaceFields, where: [`?name=${name}`] }, call);
  return row === undefined ? null : interfaceOf(row, null, parseDurationSeconds(resource.uptime));
}

async function readLinks(client: RouterosClient, call: CallOptions): Promise<Map<string, Row>> {
  const ports = await whenPresent(client.print('/interface/ethernet', { fields: ['name'] }, call));
  const names = (ports ?? []).map((row) => row.name ?? '').filter((name) => name !== '');
  if (names.length === 0) return new Map();
  const monitor = client.run('/interface/ethernet/monitor', { numbers: names.join(','), once: '' }, call);
  const { rows } = (await whenPresent(monitor)) ?? { rows: [] };
  return new Map(rows.map((row) => [row.name ?? '', row]));
}

export async function* readSessions(
  client: RouterosClient,
  call: CallOptions,
): AsyncGenerator<AccessSession> {
  const ports = new Map<string, Row>();
  const portPrint = { fields: ['name', 'rx-byte', 'tx-byte'], where: ['?dynamic=true'] };
  for await (const row of rowsOf(client, '/interface', portPrint, call)) ports.set(row.name ?? '', row);
  const queues = new Map<string, Row>();
  const queuePrint = { fields: queueFields, where: ['?disabled=false'] };
  for await (const row of rowsOf(client, '/queue/simple', queuePrint, call))
    for (const target of (row.target ?? '').split(',')) if (!queues.has(target)) queues.set(target, row);
  for await (const row of rowsOf(client, '/ppp/active', { fields: sessionFields }, call)) {
    const port = sessionPort(row);
    const queue = queues.get(port) ?? queues.get(`${row.address}/32`) ?? null;
    yield sessionOf(row, ports.get(port) ?? null, queue);
  }
}

export async function* readAccessList(
  client: RouterosClient,
  call: CallOptions,
): AsyncGenerator<AccessListEntry> {
  const print = { fields: listFields, where: ['?disabled=false'] };
  for await (const row of rowsOf(client, '/ip/firewall/address-list', print, call)) {
    const entry = accessListEntryOf(row);
    if (entry !== null) yield entry;
  }
}

interface Probe {
  readonly menu: string;
  readonly where?: readonly string[];
  readonly gives: readonly CapabilityId[];
  readonly modes: Capability['modes'];
}

const probes: readonly Probe[] = [
  { menu: '/system/identity', gives: ['inventory.read'], modes: ['read'] },
  { menu: '/system/resource', gives: ['health.read'], modes: ['read'] },
  { menu: '/interface', gives: ['interfaces.read'], modes: ['read'] },
  { menu: '/interface', gives: ['interfaces.stream'], modes: ['stream'] },
  { menu: '/ppp/active', gives: ['sessions.read'], modes: ['read', 'stream'] },
  { menu: '/ppp/active', gives: ['sessions.disconnect'], modes: ['plan', 'apply'] },
  { menu: '/queue/simple', gives: ['shaping.queue'], modes: ['read', 'plan', 'apply'] },
];

/** Whether the menu is there and the account may see it. */
async function exists(client: RouterosClient, menu: string, call: CallOptions): Promise<boolean> {
  try {
    return (await whenPresent(client.count(menu, [], call))) !== null;
  } catch (error) {
    if (error instanceof DeviceError && error.code === 'PERMISSION_DENIED') return false;
    throw error;
  }
}

/** What the device itself shows it can do: a menu that counts its rows is there. */
export async function probeCapabilities(client: RouterosClient, call: CallOptions): Promise<Capability[]> {
  const capabilities: Capability[] = [];
  for (const { menu, gives, modes } of probes) {
    if (!(await exists(client, menu, call))) continue;
    for (const id of gives) capabilities.push({ id, level: 'full', modes, evidence: 'probed' });
  }
  if (await exists(client, '/ip/firewall/address-list', call)) {
    const enforced = await suspensionEnforced(client, call);
    capabilities.push({
      id: 'accessList',
      level: enforced ? 'full' : 'partial',
      modes: ['read', 'stream', 'plan', 'apply'],
      evidence: 'probed',
      ...(enforced ? {} : { reason: missingRule }),
    });
  }
  return capabilities;
}

/** The list on which suspended addresses stand. The router's own rules decide what that means. */
export const suspendedList = 'dotmac-suspended';
export const missingRule = `no enabled rule in /ip/firewall/filter drops src-address-list=${suspendedList}`;

/** Whether being on the list has any effect: an enabled rule drops what comes from it. */
export async function suspensionEnforced(client: RouterosClient, call: CallOptions): Promise<boolean> {
  const where = [`?src-address-list=${suspendedList}`, '?disabled=false'];
  const rules = await whenPresent(
    client.print('/ip/firewall/filter', { fields: ['chain', 'action'], where }, call),
  );
  return (rules ?? []).some((rule) => rule.action === 'drop' || rule.action === 'reject');
}
