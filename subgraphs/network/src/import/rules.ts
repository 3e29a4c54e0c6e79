import { isIP, isIPv4 } from 'node:net';
import { normaliseMac } from '../session/rules.ts';
import type { RowError, TableRow } from './tables.ts';

/** What the tables say of a subscriber, as far as a login is concerned. */
export interface ImportedUser {
  readonly username: string;
  readonly password: string | null;
  readonly address: string | null;
  readonly simultaneousSessions: number | null;
  readonly macs: readonly string[];
  /** Where it stands first. */
  readonly table: string;
  readonly line: number;
}

export interface ImportedNas {
  readonly name: string;
  readonly sourceAddress: string;
  readonly secret: string;
  readonly profile: string;
  readonly table: string;
  readonly line: number;
}

export interface Imported {
  readonly users: readonly ImportedUser[];
  readonly nases: readonly ImportedNas[];
  readonly errors: readonly RowError[];
}

/** Attributes that the plan, the locks or the server itself decide here: passed over without a word. */
const ours =
  /^(mikrotik-|wispr-|acct-interim-interval$|service-type$|framed-protocol$|framed-ip-netmask$|framed-mtu$|fall-through$)/i;
const hashed = /^(crypt|md5|smd5|sha|sha1|sha2|ssha|ssha1|nt|lm|pbkdf2)-password$/i;

type User = { -readonly [Field in keyof ImportedUser]: ImportedUser[Field] };

/** Understands rows: what a user is given himself wins over his groups, and the group of the lowest priority over others. */
export function understand(rows: readonly TableRow[]): Imported {
  const errors: RowError[] = [];
  const users = new Map<string, User>();
  const nases: ImportedNas[] = [];
  const groups = new Map<string, TableRow[]>();
  const memberships: { row: TableRow; username: string; group: string; priority: number }[] = [];
  const fail = ({ table, line }: TableRow, message: string) => errors.push({ table, line, message });

  for (const row of rows) {
    const value = (column: string) => row.values.get(column)?.trim() ?? '';
    if (row.table === 'nas') {
      const nas = nasOf(row, value);
      if (typeof nas === 'string') fail(row, nas);
      else nases.push(nas);
    } else if (row.table === 'radusergroup') {
      const priority = Number(value('priority') || 1);
      memberships.push({ row, username: value('username'), group: value('groupname'), priority });
    } else if (row.table === 'radgroupcheck' || row.table === 'radgroupreply') {
      groups.set(value('groupname'), [...(groups.get(value('groupname')) ?? []), row]);
    } else if (value('username') === '') fail(row, 'There is no username');
    else {
      const problem = take(userOf(users, value('username'), row), row, true);
      if (problem !== null) fail(row, problem);
    }
  }
  const told = new Set<TableRow>();
  for (const { row, username, group } of memberships.sort((a, b) => a.priority - b.priority)) {
    if (username === '') fail(row, 'There is no username');
    else
      for (const given of groups.get(group) ?? []) {
        const problem = take(userOf(users, username, row), given, false);
        // Once a row of a group, however many are in it.
        if (problem !== null && !told.has(given)) fail(given, problem);
        told.add(given);
      }
  }
  return { users: [...users.values()], nases, errors };
}

function userOf(users: Map<string, User>, username: string, { table, line }: TableRow): User {
  const known = users.get(username);
  if (known !== undefined) return known;
  const user = { username, password: null, address: null, simultaneousSessions: null, macs: [], table, line };
  users.set(username, user);
  return user;
}

/** Takes one attribute into a user. @param wins whether it replaces what is known. @returns what is wrong with it, or null. */
function take(user: User, row: TableRow, wins: boolean): string | null {
  const attribute = row.values.get('attribute')?.trim() ?? '';
  const value = row.values.get('value')?.trim() ?? '';
  switch (attribute.toLowerCase()) {
    case 'cleartext-password':
    case 'user-password':
      if (value === '' || Buffer.byteLength(value) > 128) return 'A password has 1 to 128 octets';
      if (wins || user.password === null) user.password = value;
      return null;
    case 'simultaneous-use': {
      const lines = Number(value);
      if (!Number.isInteger(lines) || lines < 1 || lines > 100)
        return `Simultaneous-Use is 1 to 100, not ${value}`;
      if (wins || user.simultaneousSessions === null) user.simultaneousSessions = lines;
      return null;
    }
    case 'framed-ip-address':
      if (!isIPv4(value)) return `"${value}" is no IPv4 address`;
      if (value.startsWith('255.255.255.25')) return null;
      if (wins || user.address === null) user.address = value;
      return null;
    case 'calling-station-id': {
      const mac = normaliseMac(value);
      if (mac === null) return `Calling-Station-Id "${value}" is no MAC address`;
      user.macs = [...new Set([...user.macs, mac])];
      return null;
    }
    case 'auth-type':
      return /^reject$/i.test(value) ? 'Auth-Type := Reject: lock the service instead' : null;
    default:
      if (hashed.test(attribute))
        return `${attribute} cannot serve CHAP: give the subscriber a new password (updateAccess)`;
      return ours.test(attribute) ? null : `${attribute} has no counterpart here`;
  }
}

function nasOf({ table, line }: TableRow, value: (column: string) => string): ImportedNas | string {
  const address = value('nasname').replace(/\/(32|128)$/, '');
  if (isIP(address) === 0)
    return `"${value('nasname')}" is no single address: a NAS is known by the address of its packets`;
  const secret = value('secret');
  if (secret.length < 8 || secret.length > 128)
    return 'A RADIUS secret has 8 to 128 characters: set a longer one on both sides';
  const type = value('type').toLowerCase();
  const profile =
    ['mikrotik', 'cisco', 'juniper', 'huawei'].find((known) => type.includes(known)) ?? 'generic';
  return { name: value('shortname') || address, sourceAddress: address, secret, profile, table, line };
}
