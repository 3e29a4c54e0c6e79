import type { Row } from './table.ts';
import { normaliseRate } from './values.ts';

/** A PPPoE session as the NAS opened it. Rates are the subscriber's view. */
export interface PppSessionDescription {
  readonly username: string;
  readonly address: string;
  readonly callerId: string;
  /** As in Acct-Session-Id, hexadecimal; chosen when absent. */
  readonly sessionId?: string;
  /** Mikrotik-Rate-Limit, `up/down` in its simplest form; makes a dynamic queue. */
  readonly rateLimit?: string;
  /** Mikrotik-Address-List; makes a dynamic entry. */
  readonly addressList?: string;
  readonly downstreamBitsPerSecond?: bigint;
  readonly upstreamBitsPerSecond?: bigint;
}

export interface PppSession extends PppSessionDescription {
  readonly sessionId: string;
  readonly startedAt: number;
}

/** A row the router makes by itself, and the menu it stands in. */
export interface DynamicRow {
  readonly path: string;
  readonly row: Row;
}

/** The dynamic interface of a user's session. */
export function sessionPort(username: string): string {
  return `<pppoe-${username}>`;
}

/** The row of `/ppp/active`. */
export function activeRow(session: PppSession): Row {
  return {
    name: session.username,
    service: 'pppoe',
    'caller-id': session.callerId,
    address: session.address,
    encoding: '',
    'session-id': `0x${session.sessionId}`,
    'limit-bytes-in': '0',
    'limit-bytes-out': '0',
    radius: 'true',
  };
}

/** The interface of a session, and the connections its traffic makes. */
export function trafficRows(session: PppSession): DynamicRow[] {
  const port = {
    name: sessionPort(session.username),
    type: 'pppoe-in',
    mtu: '1480',
    'actual-mtu': '1480',
    running: 'true',
    dynamic: 'true',
    disabled: 'false',
    'link-downs': '0',
  };
  const connections = ['198.51.100.10:443', '198.51.100.11:53'].map((destination) => ({
    path: '/ip/firewall/connection',
    row: {
      protocol: 'tcp',
      'src-address': `${session.address}:40001`,
      'dst-address': destination,
      'tcp-state': 'established',
    },
  }));
  return [{ path: '/interface', row: port }, ...connections];
}

/** The queue and the list entry that RADIUS attributes make. */
export function attributeRows(session: PppSession): DynamicRow[] {
  const rows: DynamicRow[] = [];
  if (session.rateLimit !== undefined)
    rows.push({ path: '/queue/simple', row: dynamicQueue(sessionPort(session.username), session.rateLimit) });
  if (session.addressList !== undefined)
    rows.push({
      path: '/ip/firewall/address-list',
      row: { list: session.addressList, address: session.address, disabled: 'false', dynamic: 'true' },
    });
  return rows;
}

function dynamicQueue(port: string, rateLimit: string): Row {
  const [limits = '0/0'] = rateLimit.split(' ');
  const [up = '0', down = up] = limits.split('/');
  return {
    name: port,
    target: port,
    parent: 'none',
    'max-limit': `${normaliseRate(up) ?? '0'}/${normaliseRate(down) ?? '0'}`,
    'burst-limit': '0/0',
    'burst-threshold': '0/0',
    'burst-time': '0s/0s',
    disabled: 'false',
    dynamic: 'true',
  };
}
