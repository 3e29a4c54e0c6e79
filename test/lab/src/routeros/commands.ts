import { Trap } from './messages.ts';
import { compileQuery } from './query.ts';
import { compareVersions, defaultsOf, type Router } from './router.ts';
import type { Menu } from './schema.ts';
import type { Row, Table } from './table.ts';
import { normalise, parseDuration } from './values.ts';

/** What a command answers. `follow` keeps it open: it is given a way to send rows and returns how to stop. */
export interface Answer {
  readonly rows: readonly Row[];
  readonly ret?: string;
  readonly follow?: (send: (row: Row) => void, end: () => void) => () => void;
}

interface Request {
  readonly path: string;
  readonly verb: string;
  readonly args: ReadonlyMap<string, string>;
  readonly unset: readonly string[];
  readonly queries: readonly string[];
}

const printArguments = new Set([
  '.proplist',
  'count-only',
  'detail',
  'stats',
  'follow',
  'follow-only',
  'interval',
  'once',
]);
const changing = new Set(['add', 'set', 'remove', 'enable', 'disable', 'move', 'make-static']);

function parse(words: readonly string[]): Request {
  const command = words[0] as string;
  const slash = command.lastIndexOf('/');
  const args = new Map<string, string>();
  const unset: string[] = [];
  const queries: string[] = [];
  for (const word of words.slice(1)) {
    if (word.startsWith('?')) queries.push(word);
    else if (word.startsWith('=!')) unset.push(word.slice(2).replace(/=$/, ''));
    else if (word.startsWith('=')) {
      const separator = word.indexOf('=', 1);
      if (separator < 0) args.set(word.slice(1), '');
      else args.set(word.slice(1, separator), word.slice(separator + 1));
    }
  }
  return { path: command.slice(0, slash), verb: command.slice(slash + 1), args, unset, queries };
}

/** Whether a command would change the router. */
export function changes(command: string): boolean {
  return changing.has(command.slice(command.lastIndexOf('/') + 1));
}

/**
 * Carries out one sentence on the router.
 * @throws Trap with the router's own words when it refuses
 */
export function execute(router: Router, words: readonly string[], policy: 'full' | 'read'): Answer {
  const request = parse(words);
  const table = router.table(request.path);
  const { menu } = table;
  if (request.verb === 'print' || request.verb === 'getall' || request.verb === 'listen') {
    if (!menu.verbs.has('print')) throw new Trap('no such command');
    return request.verb === 'listen' ? listen(router, table, request) : print(router, table, request);
  }
  if (!menu.verbs.has(request.verb)) throw new Trap('no such command');
  if (changing.has(request.verb)) {
    if (policy === 'read') throw new Trap('not enough permissions (9)');
    return change(router, table, request);
  }
  if (request.verb === 'ping') return ping(request);
  return monitor(router, request);
}

function project(row: Row, request: Request): Row {
  const fields = request.args.get('.proplist');
  if (fields === undefined) return row;
  const projected: Row = {};
  for (const name of fields.split(',')) if (row[name] !== undefined) projected[name] = row[name];
  return projected;
}

function print(router: Router, table: Table, request: Request): Answer {
  for (const name of request.args.keys()) if (!printArguments.has(name)) throw unknownParameter(router, name);
  const matches = compileQuery(request.queries);
  const rows = table.rows.map((row) => router.live(table.menu.path, row)).filter(matches);
  if (request.args.has('count-only')) return { rows: [], ret: String(rows.length) };
  if (request.args.has('follow') || request.args.has('follow-only')) {
    const { follow } = listen(router, table, request);
    const shown = request.args.has('follow') ? rows : [];
    return { rows: shown.map((row) => project(row, request)), ...(follow === undefined ? {} : { follow }) };
  }
  return { rows: rows.map((row) => project(row, request)) };
}

function listen(router: Router, table: Table, request: Request): Answer {
  const matches = compileQuery(request.queries);
  return {
    rows: [],
    follow: (send) =>
      table.watch(({ row, dead }) => {
        if (dead) send({ '.id': row['.id'] ?? '', '.dead': 'true' });
        else if (matches(row)) send(project(router.live(table.menu.path, row), request));
      }),
  };
}

function unknownParameter(router: Router, name: string): Trap {
  if (compareVersions(router.version, '7.0') < 0) return new Trap('unknown parameter');
  return new Trap('unknown parameter <x>', name);
}

function targets(table: Table, request: Request): Row[] {
  const reference = request.args.get('.id') ?? request.args.get('numbers');
  if (table.menu.single) return [...table.rows];
  if (reference === undefined) throw new Trap('missing value(s) of argument(s) <x>', 'numbers');
  return reference.split(',').map((one) => table.find(one));
}

function change(router: Router, table: Table, request: Request): Answer {
  const { verb } = request;
  if (verb === 'add') return add(router, table, request);
  const rows = targets(table, request);
  if (verb === 'remove') {
    for (const row of rows) remove(router, table, row);
  } else if (verb === 'enable' || verb === 'disable') {
    for (const row of rows) table.update(row, { disabled: String(verb === 'disable') });
  } else if (verb === 'move') {
    for (const row of rows) table.move(row, request.args.get('destination') ?? null);
  } else if (verb === 'make-static') {
    for (const row of rows) table.update(row, { dynamic: 'false' });
  } else {
    const values = written(router, table.menu, request);
    for (const row of rows) {
      if (row.dynamic === 'true' && table.menu.path !== '/interface')
        throw new Trap('failure: can not change dynamic');
      refuseDuplicate(table, { ...row, ...values }, row);
      for (const field of request.unset) table.unset(row, field);
      if (values.comment === '') {
        delete values.comment;
        table.unset(row, 'comment');
      }
      table.update(row, values);
    }
  }
  return { rows: [] };
}

function remove(router: Router, table: Table, row: Row): void {
  if (table.menu.path === '/ppp/active') {
    router.removeSession(row.name as string);
    return;
  }
  if (row.dynamic === 'true' && table.menu.path !== '/ip/firewall/address-list')
    throw new Trap('failure: can not change dynamic');
  table.remove(row);
}

function add(router: Router, table: Table, request: Request): Answer {
  const { menu } = table;
  const values = { ...defaultsOf(menu), ...written(router, menu, request) };
  for (const field of menu.fields.values())
    if (field.required && values[field.name] === undefined)
      throw new Trap('missing value(s) of argument(s) <x>', field.name);
  if (values.comment === '') delete values.comment;
  refuseDuplicate(table, values, null);
  if (menu.path === '/ip/firewall/address-list') {
    values['creation-time'] = new Date(router.now()).toISOString().slice(0, 19).replace('T', ' ');
    values.dynamic = String(values.timeout !== undefined);
  }
  const row = table.insert(values, request.args.get('place-before') ?? null);
  return { rows: [], ret: row['.id'] as string };
}

function written(router: Router, menu: Menu, request: Request): Row {
  const values: Row = {};
  for (const [name, text] of request.args) {
    if (name === '.id' || name === 'numbers') continue;
    if (name === 'place-before' && menu.verbs.has('move') && request.verb === 'add') continue;
    const field = menu.fields.get(name);
    if (field === undefined || !field.writable) throw unknownParameter(router, name);
    if (field.type === 'ref' && text !== field.default) {
      const known = router.rows(field.of[0] as string).some((row) => row.name === text);
      if (!known) throw new Trap('input does not match any value of <x>', name);
    }
    values[name] = normalise(field, text);
  }
  return values;
}

function refuseDuplicate(table: Table, values: Row, self: Row | null): void {
  const { unique } = table.menu;
  if (unique === null) return;
  const same = (row: Row) => row !== self && unique.fields.every((field) => row[field] === values[field]);
  if (table.rows.some(same)) throw new Trap(unique.message);
}

function ping(request: Request): Answer {
  const host = request.args.get('address');
  if (host === undefined) throw new Trap('missing value(s) of argument(s) <x>', 'address');
  const count = Math.min(Number(request.args.get('count') ?? 4), 100);
  const rows = Array.from({ length: count }, (_, seq) => ({
    seq: String(seq),
    host,
    size: '56',
    ttl: '64',
    time: '2ms',
    sent: String(seq + 1),
    received: String(seq + 1),
    'packet-loss': '0',
  }));
  return { rows };
}

function monitor(router: Router, request: Request): Answer {
  const names = request.args.get('numbers') ?? request.args.get('interface') ?? request.args.get('.id');
  if (names === undefined) throw new Trap('missing value(s) of argument(s) <x>', 'interface');
  const ports = names.split(',').map((name) => router.table('/interface').find(name));
  const sample = () =>
    ports.map((port) => (request.verb === 'monitor' ? link(router, port) : traffic(router, port)));
  if (request.args.has('once')) return { rows: sample() };
  const interval = parseDuration(request.args.get('interval') ?? '1s') ?? 1000;
  return {
    rows: sample(),
    follow: (send) => {
      const timer = setInterval(() => sample().forEach(send), interval);
      return () => clearInterval(timer);
    },
  };
}

function link(router: Router, port: Row): Row {
  const description = router.description.interfaces.find((one) => one.name === port.name);
  if (port.running !== 'true') return { name: port.name as string, status: 'no-link' };
  const rate = description?.linkBitsPerSecond ?? 1_000_000_000n;
  const text = rate >= 1_000_000_000n ? `${rate / 1_000_000_000n}Gbps` : `${rate / 1_000_000n}Mbps`;
  return { name: port.name as string, status: 'link-ok', rate: text, 'full-duplex': 'true' };
}

function traffic(router: Router, port: Row): Row {
  const rates = router.portRates(port.name as string);
  return {
    name: port.name as string,
    'rx-bits-per-second': String(rates.rx),
    'tx-bits-per-second': String(rates.tx),
  };
}
