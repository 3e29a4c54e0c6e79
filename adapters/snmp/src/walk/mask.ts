import { createHmac, randomBytes } from 'node:crypto';
import { isIP } from 'node:net';
import type { WalkObject } from './parse.ts';

/**
 * Subtrees that a recording leaves out: users and communities, addresses and neighbours (they stand in the index
 * too), what runs with which arguments, what scripts print.
 */
const LEFT_OUT = [
  '1.0.8802.1.1.2.1.4',
  '1.3.6.1.2.1.3',
  '1.3.6.1.2.1.4.20',
  '1.3.6.1.2.1.4.21',
  '1.3.6.1.2.1.4.22',
  '1.3.6.1.2.1.4.24',
  '1.3.6.1.2.1.4.32',
  '1.3.6.1.2.1.4.34',
  '1.3.6.1.2.1.4.35',
  '1.3.6.1.2.1.4.36',
  '1.3.6.1.2.1.4.37',
  '1.3.6.1.2.1.6',
  '1.3.6.1.2.1.7',
  '1.3.6.1.2.1.14',
  '1.3.6.1.2.1.15',
  '1.3.6.1.2.1.16.9',
  '1.3.6.1.2.1.17.4.3',
  '1.3.6.1.2.1.17.7.1.2.2',
  '1.3.6.1.2.1.25.4.2',
  '1.3.6.1.2.1.92',
  '1.3.6.1.4.1.9.9.23',
  '1.3.6.1.4.1.8072.1.2',
  '1.3.6.1.4.1.8072.1.3',
  '1.3.6.1.6.3.12',
  '1.3.6.1.6.3.13',
  '1.3.6.1.6.3.15',
  '1.3.6.1.6.3.16',
  '1.3.6.1.6.3.18',
] as const;

/** Objects an operator writes his own words into: contact, name, place, descriptions of ports, names of accounts. */
const WORDS = [
  '1.3.6.1.2.1.1.4',
  '1.3.6.1.2.1.1.5',
  '1.3.6.1.2.1.1.6',
  '1.3.6.1.2.1.31.1.1.1.18',
  '1.3.6.1.2.1.47.1.1.1.1.14',
  '1.3.6.1.2.1.47.1.1.1.1.15',
] as const;
const PORT_NAMES = ['1.3.6.1.2.1.2.2.1.2', '1.3.6.1.2.1.31.1.1.1.1'] as const;

const PHYSICAL = ['1.3.6.1.2.1.2.2.1.6', '1.3.6.1.2.1.17.1.1'] as const;

const below = (oid: string, roots: readonly string[]) =>
  roots.some((root) => `${oid}.`.startsWith(`${root}.`));

/**
 * Hides who and where a device is: what an operator typed, the addresses of hosts and the last half of every MAC
 * address become others, equal ones alike; tables of neighbours and of credentials are left out. `secrets` are texts
 * that may not appear, such as the community the walk was taken with. What is left is what the device measures.
 */
export function maskWalk(objects: Iterable<WalkObject>, secrets: readonly string[]): WalkObject[] {
  const key = randomBytes(32);
  const pseudonym = (text: string) => createHmac('sha256', key).update(text).digest();
  const hidden = secrets.filter((it) => it !== '');
  return [...objects].flatMap((object): WalkObject[] => {
    const { oid, value } = object;
    if (below(oid, LEFT_OUT)) return [];
    if (value.type === 'ipAddress')
      return [{ oid, value: { ...value, value: hostOf(value.value, pseudonym) } }];
    if (value.type !== 'octets') return [object];
    const bytes = value.value;
    if (below(oid, WORDS)) {
      const name =
        bytes.length === 0 ? '' : `name-${pseudonym(bytes.toString('latin1')).toString('hex', 0, 3)}`;
      return [{ oid, value: { type: 'octets', value: Buffer.from(name) } }];
    }
    const encoding = encodingOf(bytes);
    if (encoding === null || below(oid, PHYSICAL)) {
      if (hidden.some((secret) => bytes.includes(secret))) return [];
      if (bytes.length !== 6) return [object];
      const mac = Buffer.concat([bytes.subarray(0, 3), pseudonym(bytes.toString('hex')).subarray(0, 3)]);
      return [{ oid, value: { type: 'octets', value: mac } }];
    }
    const plain = bytes.toString(encoding);
    const account = below(oid, PORT_NAMES) && /^<?(?:pppoe|pptp|l2tp|sstp|ovpn|ppp)-/i.test(plain);
    const text = account ? `<ppp-${pseudonym(plain).toString('hex', 0, 3)}>` : plain;
    return [
      { oid, value: { type: 'octets', value: Buffer.from(masked(text, hidden, pseudonym), encoding) } },
    ];
  });
}

function masked(text: string, secrets: readonly string[], pseudonym: (text: string) => Buffer): string {
  let result = text;
  for (const secret of secrets) result = result.split(secret).join('hidden');
  return result
    .replace(/[\w.+-]+@[\w-]+\.[\w.-]+/g, 'name@example.net')
    .replace(/\b\d{1,3}(?:\.\d{1,3}){3}\b/g, (found) =>
      isIP(found) === 4 ? hostOf(found, pseudonym) : found,
    )
    .replace(/\b[0-9a-f]{2}([:-][0-9a-f]{2}){5}\b/gi, (found) => {
      const separator = found[2] as string;
      const end = pseudonym(found.toLowerCase()).toString('hex', 0, 3).match(/../g) ?? [];
      return [...found.split(separator).slice(0, 3), ...end].join(separator);
    });
}

/** An address for documentation (RFC 5737); the unspecified, loopback and masks stay. */
function hostOf(address: string, pseudonym: (text: string) => Buffer): string {
  if (/^(?:0|127|255)\./.test(address)) return address;
  return `192.0.2.${pseudonym(address)[0]}`;
}

const strictUtf8 = new TextDecoder('utf-8', { fatal: true });

/** How octets are text, or null when they are none. Six octets that are not UTF-8 are rather a MAC address. */
function encodingOf(bytes: Buffer): 'utf8' | 'latin1' | null {
  if (bytes.some((byte) => byte < 0x20 && byte !== 9 && byte !== 10 && byte !== 13)) return null;
  try {
    strictUtf8.decode(bytes);
    return 'utf8';
  } catch {
    return bytes.length === 6 ? null : 'latin1';
  }
}
