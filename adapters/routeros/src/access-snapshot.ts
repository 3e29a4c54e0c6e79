import { isIPv4 } from 'node:net';
import { type DesiredAccess, DeviceError, type IpAddress } from '@dotmac/device';
import type { RouterosClient } from './client.ts';
import { listFields, queueFields, sessionFields, sessionIdOf, sessionPort } from './models.ts';
import { type CallOptions, suspendedList, suspensionEnforced, whenPresent } from './reads.ts';
import type { Row } from './reply.ts';
import { parseBoolean } from './values.ts';

interface SeenSession {
  readonly id: string;
  readonly username: string;
  readonly address: string;
  readonly sessionId: string;
  /** The same as the router prints it, for queries. */
  readonly printedSessionId: string;
  /** Its dynamic interface, `<pppoe-name>`. */
  readonly port: string;
}

interface SeenEntry {
  readonly id: string;
  readonly address: string;
  readonly comment: string;
  readonly disabled: boolean;
  /** Made by the router itself, as for a RADIUS attribute. */
  readonly dynamic: boolean;
}

export interface SeenQueue {
  readonly id: string;
  readonly name: string;
  readonly targets: readonly string[];
  readonly comment: string;
  readonly disabled: boolean;
  readonly dynamic: boolean;
  readonly rates: Row;
}

/** What the router shows about one subscriber. */
export interface AccessSnapshot {
  readonly sessions: readonly SeenSession[];
  /** The addresses he uses: those of his sessions, else the one he was given. */
  readonly addresses: readonly IpAddress[];
  /** Entries on the suspended list with his mark or one of his addresses. */
  readonly entries: readonly SeenEntry[];
  /** Queues with his mark or for one of his addresses or sessions, in the router's order: the first match wins. */
  readonly queues: readonly SeenQueue[];
  /** Whether the router's rules drop what comes from the suspended list. */
  readonly enforced: boolean;
}

/** Query words for "any of these". */
function anyOf(alternatives: readonly string[]): string[] {
  return [...alternatives, ...alternatives.slice(1).map(() => '?#|')];
}

/** Reads everything that matters for one subscriber's access, by queries on the device. */
export async function readAccess(
  client: RouterosClient,
  desired: DesiredAccess,
  call: CallOptions,
): Promise<AccessSnapshot> {
  const active = await whenPresent(
    client.print('/ppp/active', { fields: sessionFields, where: [`?name=${desired.username}`] }, call),
  );
  const sessions = (active ?? []).map(seenSession);
  const online = sessions.map((session) => session.address).filter((address) => address !== '');
  const addresses = online.length > 0 ? online : desired.address === null ? [] : [desired.address];
  for (const address of addresses)
    if (!isIPv4(address))
      throw new DeviceError(
        'CAPABILITY_UNSUPPORTED',
        `Access by address is done for IPv4 only, not for ${address}`,
      );
  const entryAlternatives = [
    `?comment=${desired.marker}`,
    ...addresses.map((address) => `?address=${address}`),
  ];
  const queueTargets = [
    ...addresses.map((address) => `${address}/32`),
    ...sessions.map((session) => session.port),
  ];
  const queueAlternatives = [
    `?comment=${desired.marker}`,
    ...queueTargets.map((target) => `?target=${target}`),
  ];
  const [entries, queues, enforced] = await Promise.all([
    client.print(
      '/ip/firewall/address-list',
      { fields: listFields, where: [`?list=${suspendedList}`, ...anyOf(entryAlternatives)] },
      call,
    ),
    client.print('/queue/simple', { fields: queueFields, where: anyOf(queueAlternatives) }, call),
    suspensionEnforced(client, call),
  ]);
  return { sessions, addresses, entries: entries.map(seenEntry), queues: queues.map(seenQueue), enforced };
}

function seenSession(row: Row): SeenSession {
  return {
    id: row['.id'] ?? '',
    username: row.name ?? '',
    address: row.address ?? '',
    sessionId: sessionIdOf(row),
    printedSessionId: row['session-id'] ?? '',
    port: sessionPort(row),
  };
}

function seenEntry(row: Row): SeenEntry {
  return {
    id: row['.id'] ?? '',
    address: row.address ?? '',
    comment: row.comment ?? '',
    disabled: parseBoolean(row.disabled) ?? false,
    dynamic: parseBoolean(row.dynamic) ?? false,
  };
}

function seenQueue(row: Row): SeenQueue {
  return {
    id: row['.id'] ?? '',
    name: row.name ?? '',
    targets: (row.target ?? '').split(','),
    comment: row.comment ?? '',
    disabled: parseBoolean(row.disabled) ?? false,
    dynamic: parseBoolean(row.dynamic) ?? false,
    rates: row,
  };
}
