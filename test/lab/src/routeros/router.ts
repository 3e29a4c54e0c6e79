import { randomInt } from 'node:crypto';
import type { Clock } from '@dotmac/device';
import type { RouterDescription } from './description.ts';
import { Trap } from './messages.ts';
import {
  activeRow,
  attributeRows,
  type DynamicRow,
  type PppSession,
  type PppSessionDescription,
  sessionPort,
  trafficRows,
} from './ppp-session.ts';
import { type Menu, menus } from './schema.ts';
import { Counter, type Row, Table } from './table.ts';
import { normalise, printDuration } from './values.ts';

interface LiveSession {
  readonly session: PppSession;
  readonly active: Row;
  /** What came into being with it and goes with it. */
  readonly dynamic: readonly { readonly table: Table; readonly row: Row }[];
}

interface PortCounters {
  readonly rx: Counter;
  readonly tx: Counter;
  readonly rxBitsPerSecond: bigint;
  readonly txBitsPerSecond: bigint;
}

/** Compares `7.18` with `7.9`: negative, zero or positive. */
export function compareVersions(left: string, right: string): number {
  const parts = (text: string) => (/^[\d.]+/.exec(text)?.[0] ?? '').split('.').map(Number);
  const a = parts(left);
  const b = parts(right);
  for (let index = 0; index < Math.max(a.length, b.length); index += 1) {
    const difference = (a[index] ?? 0) - (b[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** The state of one simulated router, and the handle by which the lab acts on it. */
export class Router {
  readonly description: RouterDescription;
  readonly #clock: Clock;
  readonly #startedAt: number;
  readonly #tables = new Map<string, Table>();
  readonly #counters = new Map<string, PortCounters>();
  readonly #sessions = new Map<string, LiveSession>();
  /** Called when a session ends, for the NAS to send its Accounting-Stop. */
  onSessionRemoved: ((session: PppSession) => void) | null = null;

  constructor(description: RouterDescription, clock: Clock) {
    this.description = description;
    this.#clock = clock;
    this.#startedAt = clock.now() - 3_600_000;
    for (const menu of menus.values()) {
      if (menu.hardware && description.serialNumber === undefined) continue;
      const table = new Table(menu, menu.path === '/ppp/active' ? 0x80000001 : 1);
      this.#tables.set(menu.path, table);
      if (menu.single) table.insert(defaultsOf(menu));
    }
    this.#fill();
  }

  get version(): string {
    return this.description.version;
  }

  get sessions(): readonly PppSession[] {
    return [...this.#sessions.values()].map((live) => live.session);
  }

  now(): number {
    return this.#clock.now();
  }

  /** The rows of a menu as stored, for assertions and for the lab. */
  rows(path: string): readonly Row[] {
    return this.table(path).rows;
  }

  /** @throws Trap `no such command prefix` */
  table(path: string): Table {
    const table = this.#tables.get(path);
    if (table === undefined) throw new Trap('no such command prefix');
    return table;
  }

  /** Adds a row as a person on the console would. */
  add(path: string, values: Row): Row {
    const table = this.table(path);
    const normal = { ...defaultsOf(table.menu) };
    for (const [name, value] of Object.entries(values)) {
      const field = table.menu.fields.get(name);
      normal[name] = field === undefined ? value : normalise(field, value);
    }
    return table.insert(normal);
  }

  /** Opens a session with everything the router makes for it. @throws Error when the user is online already */
  addSession(description: PppSessionDescription): PppSession {
    if (this.#sessions.has(description.username))
      throw new Error(`${description.username} has a session already; remove it first`);
    const now = this.now();
    const sessionId = description.sessionId ?? `81${randomInt(0x1000000).toString(16).padStart(6, '0')}`;
    const session: PppSession = { ...description, sessionId, startedAt: now };
    this.#countPort(
      sessionPort(session.username),
      session.upstreamBitsPerSecond ?? 500_000n,
      session.downstreamBitsPerSecond ?? 5_000_000n,
    );
    const dynamic = this.#insertAll([...trafficRows(session), ...attributeRows(session)]);
    const active = this.table('/ppp/active').insert(activeRow(session));
    this.#sessions.set(session.username, { session, active, dynamic });
    this.log('pppoe,ppp,info', `<pppoe-${session.username}>: connected`);
    return session;
  }

  /**
   * What a CoA changes on a live session: its speed, its address list. The session stays up; false when there is none.
   */
  updateSession(
    username: string,
    changes: Pick<PppSessionDescription, 'rateLimit' | 'addressList'>,
  ): boolean {
    const live = this.#sessions.get(username);
    if (live === undefined) return false;
    const session = { ...live.session, ...changes };
    const replaced = ['/queue/simple', '/ip/firewall/address-list'];
    const kept = live.dynamic.filter(({ table, row }) => {
      if (!replaced.includes(table.menu.path)) return true;
      if (table.rows.includes(row)) table.remove(row);
      return false;
    });
    this.#sessions.set(username, {
      ...live,
      session,
      dynamic: [...kept, ...this.#insertAll(attributeRows(session))],
    });
    return true;
  }

  /** Ends a session and all that came with it; false when there is none. */
  removeSession(username: string): boolean {
    const live = this.#sessions.get(username);
    if (live === undefined) return false;
    this.#sessions.delete(username);
    this.table('/ppp/active').remove(live.active);
    for (const { table, row } of live.dynamic) if (table.rows.includes(row)) table.remove(row);
    this.#counters.delete(sessionPort(username));
    this.log('pppoe,ppp,info', `<pppoe-${username}>: disconnected`);
    this.onSessionRemoved?.(live.session);
    return true;
  }

  /** Plugs a cable in or pulls it. @throws Trap `no such item` */
  setRunning(interfaceName: string, running: boolean): void {
    const table = this.table('/interface');
    const row = table.find(interfaceName);
    if ((row.running === 'true') === running) return;
    const now = this.now();
    const counters = this.#counters.get(interfaceName);
    counters?.rx.setRate(now, running ? counters.rxBitsPerSecond : 0n);
    counters?.tx.setRate(now, running ? counters.txBitsPerSecond : 0n);
    const downs = Number(row['link-downs'] ?? 0) + (running ? 0 : 1);
    table.update(row, { running: String(running), 'link-downs': String(downs) });
    const ethernet = this.table('/interface/ethernet').rows.find((one) => one.name === interfaceName);
    if (ethernet !== undefined)
      this.table('/interface/ethernet').update(ethernet, { running: String(running) });
    this.log('interface,info', `${interfaceName} link ${running ? 'up' : 'down'}`);
  }

  log(topics: string, message: string): void {
    const time = new Date(this.now()).toISOString().slice(0, 19).replace('T', ' ');
    this.table('/log').insert({ time, topics, message, buffer: 'memory' });
  }

  /** A stored row with the fields that move with the clock. */
  live(path: string, row: Row): Row {
    const now = this.now();
    if (path === '/interface') {
      const counters = this.#counters.get(row.name ?? '');
      if (counters === undefined) return row;
      return { ...row, 'rx-byte': String(counters.rx.read(now)), 'tx-byte': String(counters.tx.read(now)) };
    }
    if (path === '/ppp/active') {
      const session = this.#sessions.get(row.name ?? '')?.session;
      return session === undefined
        ? row
        : { ...row, uptime: printDuration(wholeSeconds(now - session.startedAt)) };
    }
    if (path === '/system/resource')
      return { ...row, uptime: printDuration(wholeSeconds(now - this.#startedAt)) };
    return row;
  }

  /** Current rate of a port, its own view, bits per second. */
  portRates(name: string): { readonly rx: bigint; readonly tx: bigint } {
    const counters = this.#counters.get(name);
    return { rx: counters?.rx.bitsPerSecond ?? 0n, tx: counters?.tx.bitsPerSecond ?? 0n };
  }

  #insertAll(rows: readonly DynamicRow[]): LiveSession['dynamic'] {
    return rows.map(({ path, row }) => ({ table: this.table(path), row: this.table(path).insert(row) }));
  }

  #countPort(name: string, rxBitsPerSecond: bigint, txBitsPerSecond: bigint): void {
    const now = this.now();
    const rx = new Counter(now, rxBitsPerSecond);
    this.#counters.set(name, { rx, tx: new Counter(now, txBitsPerSecond), rxBitsPerSecond, txBitsPerSecond });
  }

  #fill(): void {
    const { description } = this;
    const single = (path: string, values: Row) => Object.assign(this.table(path).rows[0] as Row, values);
    single('/system/identity', { name: description.name });
    single('/system/resource', {
      version: description.version.includes('(') ? description.version : `${description.version} (stable)`,
      'board-name': description.boardName,
      platform: 'MikroTik',
      'architecture-name': description.serialNumber === undefined ? 'x86_64' : 'arm64',
      cpu: 'ARM64',
      'cpu-count': '4',
      'cpu-load': String(description.cpuLoadPercent ?? 7),
      'free-memory': String(description.freeMemoryBytes ?? 805_306_368n),
      'total-memory': String(description.totalMemoryBytes ?? 1_073_741_824n),
    });
    single('/system/license', { 'system-id': 'simulated', level: '6' });
    if (description.serialNumber !== undefined) {
      single('/system/routerboard', {
        routerboard: 'true',
        model: description.boardName,
        'serial-number': description.serialNumber,
        'current-firmware': description.version,
        'upgrade-firmware': description.version,
      });
      this.add('/system/health', { name: 'cpu-temperature', value: '47', type: 'C' });
      this.add('/system/health', { name: 'voltage', value: '24.1', type: 'V' });
    }
    for (const name of ['default', 'default-encryption']) this.add('/ppp/profile', { name, default: 'true' });
    for (const port of description.interfaces) {
      const running = port.running ?? true;
      const mac = port.mac ?? '02:00:00:00:00:01';
      this.#countPort(port.name, port.rxBitsPerSecond ?? 20_000_000n, port.txBitsPerSecond ?? 100_000_000n);
      const row: Row = {
        name: port.name,
        'default-name': port.name,
        type: port.type ?? 'ether',
        mtu: String(port.mtu ?? 1500),
        'actual-mtu': String(port.mtu ?? 1500),
        'mac-address': mac,
        running: 'true',
        'link-downs': '0',
        ...(port.comment === undefined ? {} : { comment: port.comment }),
      };
      this.add('/interface', row);
      if (row.type === 'ether')
        this.add('/interface/ethernet', {
          name: port.name,
          'default-name': port.name,
          mtu: row.mtu as string,
          'mac-address': mac,
          running: 'true',
        });
      if (!running) this.setRunning(port.name, false);
    }
    for (const [path, rows] of Object.entries(description.rows ?? {}))
      for (const row of rows) this.add(path, { ...row });
  }
}

function wholeSeconds(milliseconds: number): number {
  return Math.floor(milliseconds / 1000) * 1000;
}

/** What a fresh row of a menu holds before anything is written to it. */
export function defaultsOf(menu: Menu): Row {
  const row: Row = {};
  for (const field of menu.fields.values()) if (field.default !== null) row[field.name] = field.default;
  return row;
}
