import { isIPv4, isIPv6 } from 'node:net';

/** A block of addresses, host bits cleared. */
export interface Block {
  readonly family: 4 | 6;
  readonly base: bigint;
  /** The prefix length. */
  readonly length: number;
}

const widths = { 4: 32, 6: 128 } as const;

/** Reads `100.64.0.0/22`, `2001:db8::/48`, or an address, which is a block of itself. Null for anything else. */
export function parseBlock(text: string): Block | null {
  const [address = '', lengthText, ...more] = text.split('/');
  if (more.length > 0 || (lengthText !== undefined && !/^\d{1,3}$/.test(lengthText))) return null;
  const family = isIPv4(address) ? 4 : isIPv6(address) && !address.includes('%') ? 6 : null;
  if (family === null) return null;
  const width = widths[family];
  const length = lengthText === undefined ? width : Number(lengthText);
  if (length > width) return null;
  const host = BigInt(width - length);
  const value = family === 4 ? ipv4Value(address) : ipv6Value(address);
  return { family, base: (value >> host) << host, length };
}

/** The canonical text of an address (RFC 5952). */
export function addressText(family: 4 | 6, value: bigint): string {
  if (family === 4) return [24n, 16n, 8n, 0n].map((shift) => String((value >> shift) & 255n)).join('.');
  const groups = Array.from({ length: 8 }, (_, n) =>
    ((value >> BigInt(112 - 16 * n)) & 0xffffn).toString(16),
  );
  // The URL standard writes hosts as RFC 5952 asks.
  return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1);
}

export function blockText({ family, base, length }: Block): string {
  return `${addressText(family, base)}/${length}`;
}

/** How many blocks of a longer prefix a block holds. */
export function countOf(block: Block, length: number): bigint {
  return 1n << BigInt(length - block.length);
}

/** The nth block of a longer prefix. */
export function nthOf(block: Block, length: number, n: bigint): Block {
  return { family: block.family, base: block.base + (n << BigInt(widths[block.family] - length)), length };
}

/** Which of them holds an address or block; null when none does. */
export function indexIn(block: Block, length: number, inner: Block): bigint | null {
  if (inner.family !== block.family || inner.length < length) return null;
  const width = BigInt(widths[block.family]);
  const host = width - BigInt(block.length);
  if (inner.base >> host !== block.base >> host) return null;
  return (inner.base - block.base) >> (width - BigInt(length));
}

function ipv4Value(text: string): bigint {
  return text.split('.').reduce((sum, octet) => sum * 256n + BigInt(octet), 0n);
}

function ipv6Value(text: string): bigint {
  // Written anew, an embedded IPv4 address is two groups like the others.
  const [head = '', tail] = new URL(`http://[${text}]`).hostname.slice(1, -1).split('::');
  const groupsOf = (half: string | undefined) => (half === undefined || half === '' ? [] : half.split(':'));
  const front = groupsOf(head);
  const back = groupsOf(tail);
  const middle = new Array<string>(8 - front.length - back.length).fill('0');
  return [...front, ...middle, ...back].reduce((sum, group) => (sum << 16n) + BigInt(`0x${group}`), 0n);
}
