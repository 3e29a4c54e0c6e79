import type { NeighborId } from '@dotmac/device';
import type { TenantDatabase } from '@dotmac/migrations';
import { appendEvents, type NewEvent, newId } from '@dotmac/platform';
import type { TenantEvents } from '@dotmac/schema';
import type { Transaction } from 'kysely';
import type { NetworkServices } from '../builder.ts';
import { deleteLink, deviceLinks, insertLink, lockTopology } from '../topology/store.ts';
import type { Directory } from './match.ts';
import { type Edge, gatewaysOf, orient } from './orient.ts';
import { forgetMilliseconds, type Half, linksOf, type ObservedLink, stateOf } from './rules.ts';
import {
  allLinks,
  allNeighbors,
  deleteNetworkLinks,
  directoryOf,
  forgetNeighborsBefore,
  insertNetworkLink,
  type NeighborRow,
  type NetworkLink,
  setMatch,
  updateNetworkLink,
  waysOut,
} from './store.ts';

const actor = 'system:links';

/** Brings links, and the ways that follow from confirmed ones, to what the devices hear now. */
export async function reconcileLinks({ database, clock }: NetworkServices): Promise<void> {
  const now = clock.now();
  await database.transaction().execute(async (transaction) => {
    await lockTopology(transaction);
    await forgetNeighborsBefore(transaction, new Date(now - forgetMilliseconds));
    const directory = await directoryOf(transaction);
    const halves = await matchNeighbors(transaction, directory);
    const known = await allLinks(transaction);
    const portNames = new Map(halves.ports);
    const names = {
      device: (id: string) => directory.nameOf(id),
      port: (id: string | null) => (id === null ? 'a port' : (portNames.get(id) ?? id)),
    };
    await writeLinks(transaction, {
      links: linksOf(halves.list, now, names),
      known,
      now,
      newId: () => newId('lnk', clock),
    });
    await followWays(transaction, now);
  });
}

async function matchNeighbors(transaction: Transaction<TenantDatabase>, directory: Directory) {
  const list: Half[] = [];
  const ports: [string, string][] = [];
  for (const row of await allNeighbors(transaction)) {
    const match = directory.whoIs({
      deviceId: row.deviceId,
      portName: row.portName,
      chassis: idOf(row.chassisKind, row.chassis),
      port: idOf(row.remotePortKind, row.remotePort),
      portDescription: row.remotePortDescription,
      systemName: row.systemName,
      addresses: row.addresses,
    });
    await writeMatch(transaction, row, match);
    if (row.interfaceId !== null && row.portName !== null) ports.push([row.interfaceId, row.portName]);
    if (match.interfaceId !== null && row.remotePort !== null)
      ports.push([match.interfaceId, row.remotePort]);
    if (match.deviceId === null) continue;
    list.push({
      from: row.deviceId,
      fromPort: row.interfaceId,
      to: match.deviceId,
      toPort: match.interfaceId,
      seenAt: row.seenAt.getTime(),
      goneSince: row.goneSince?.getTime() ?? null,
    });
  }
  return { list, ports };
}

function idOf(kind: NeighborId['kind'] | null, value: string | null): NeighborId | null {
  return kind === null || value === null ? null : { kind, value };
}

async function writeMatch(
  transaction: Transaction<TenantDatabase>,
  row: NeighborRow,
  { deviceId, interfaceId, problem }: ReturnType<Directory['whoIs']>,
): Promise<void> {
  const same =
    row.matchedDeviceId === deviceId && row.matchedInterfaceId === interfaceId && row.problem === problem;
  if (!same)
    await setMatch(transaction, row, {
      matchedDeviceId: deviceId,
      matchedInterfaceId: interfaceId,
      problem,
    });
}

async function writeLinks(
  transaction: Transaction<TenantDatabase>,
  {
    links,
    known,
    now,
    newId: freshId,
  }: {
    readonly links: readonly ObservedLink[];
    readonly known: readonly NetworkLink[];
    readonly now: number;
    readonly newId: () => string;
  },
): Promise<void> {
  const left = new Set(known);
  for (const link of links) {
    const row = rowOf(link, left);
    if (row !== null) left.delete(row);
    const state = stateOf(link, row?.decision ?? null, row?.state ?? null);
    const values = {
      aInterfaceId: link.aPort,
      bInterfaceId: link.bPort,
      state,
      conflict: state === 'CONFLICT' ? link.conflict : null,
      aSeenAt: link.aSeenAt === null ? null : new Date(link.aSeenAt),
      bSeenAt: link.bSeenAt === null ? null : new Date(link.bSeenAt),
      goneSince: link.goneSince === null ? null : new Date(link.goneSince),
    };
    if (row === null)
      await insertNetworkLink(transaction, {
        ...values,
        id: freshId(),
        aDeviceId: link.a,
        bDeviceId: link.b,
        firstSeenAt: new Date(now),
      });
    else if (Object.entries(values).some(([key, value]) => !sameValue(row[key as keyof NetworkLink], value)))
      await updateNetworkLink(transaction, row.id, values);
  }
  // What no neighbour tells of any more; a person's word about it stays.
  await deleteNetworkLinks(
    transaction,
    [...left].filter(({ decision }) => decision === null).map(({ id }) => id),
  );
}

/** The same two ports; else the two devices with a port that was not known then. */
function rowOf(link: ObservedLink, rows: ReadonlySet<NetworkLink>): NetworkLink | null {
  const pair = [...rows].filter((row) => row.aDeviceId === link.a && row.bDeviceId === link.b);
  const exact = pair.find((row) => row.aInterfaceId === link.aPort && row.bInterfaceId === link.bPort);
  const fits = (known: string | null, port: string | null) =>
    known === null || port === null || known === port;
  return (
    exact ??
    pair.find((row) => fits(row.aInterfaceId, link.aPort) && fits(row.bInterfaceId, link.bPort)) ??
    null
  );
}

function sameValue(a: unknown, b: unknown): boolean {
  return a instanceof Date && b instanceof Date ? a.getTime() === b.getTime() : a === b;
}

/** Confirmed links become ways towards the gateway; what follows from none any more goes. */
export async function followWays(transaction: Transaction<TenantDatabase>, now: number): Promise<void> {
  const ways = await deviceLinks(transaction);
  const manual = ways.filter(({ source }) => source === 'MANUAL');
  const { marked, nas } = await waysOut(transaction);
  const edges = (await allLinks(transaction))
    .filter(({ state }) => state === 'CONFIRMED')
    .map(({ aDeviceId, bDeviceId }): Edge => [aDeviceId, bDeviceId]);
  const wanted = orient(edges, manual, gatewaysOf(marked, manual, nas));
  const key = ({ childId, parentId }: { childId: string; parentId: string }) => `${childId} ${parentId}`;
  const learnt = new Set(ways.filter(({ source }) => source === 'LLDP').map(key));
  const keep = new Set(wanted.map(key));
  const changed = new Set<string>();
  for (const way of ways)
    if (way.source === 'LLDP' && !keep.has(key(way))) {
      await deleteLink(transaction, way);
      changed.add(way.childId);
    }
  for (const way of wanted)
    if (!learnt.has(key(way))) {
      await insertLink(transaction, { ...way, source: 'LLDP', createdAt: new Date(now) });
      changed.add(way.childId);
    }
  if (changed.size === 0) return;
  const directory = await directoryOf(transaction);
  await appendEvents<TenantEvents>(
    transaction,
    [...changed].map(
      (deviceId): NewEvent<TenantEvents> => ({
        type: 'device.updated',
        subject: deviceId,
        payload: { deviceId, name: directory.nameOf(deviceId) },
        occurredAt: now,
        actor,
      }),
    ),
  );
}
