import { isIPv4 } from 'node:net';
import { ValidationError } from '@dotmac/schema';
import { blockText, countOf, parseBlock } from './block.ts';
import type { PoolKind } from './pool-state.ts';

/** The largest pool: 65,536 addresses. */
const shortestPrefix = 16;
/** Given back, an address rests this long, so that nobody inherits what others still connect with it. */
export const quarantineMilliseconds = 7 * 86_400_000;

/**
 * An IPv4 block for a pool, with host bits cleared.
 * @throws ValidationError naming what would be right.
 */
export function poolBlock(cidr: string): { readonly cidr: string; readonly size: number } {
  const [address = '', length = ''] = cidr.split('/');
  const prefix = Number(length);
  if (!isIPv4(address) || !/^\d{1,2}$/.test(length) || prefix < shortestPrefix || prefix > 32) {
    throw new ValidationError(
      'input.cidr',
      `A pool is an IPv4 block from /${shortestPrefix} to /32, such as 100.64.0.0/22; this is ${cidr}`,
    );
  }
  const size = 2 ** (32 - prefix);
  const number = address.split('.').reduce((sum, octet) => sum * 256 + Number(octet), 0);
  const first = number - (number % size);
  return { cidr: `${dotted(first)}/${prefix}`, size };
}

/** Above this many, the memory that lends would be too large: several pools do it. */
const mostLent = 2 ** 24;

/**
 * A block that lends addresses (IPv4) or prefixes (IPv6), and the length of what each line gets.
 * @throws ValidationError naming what would be right.
 */
export function lendingBlock(
  kind: PoolKind,
  cidr: string,
  lentLength: number | null,
): { readonly cidr: string; readonly lentLength: number } {
  const block = parseBlock(cidr);
  const family = kind === 'IPV4' ? 4 : 6;
  const example = {
    IPV4: '100.64.0.0/16',
    IPV6_PREFIX: '2001:db8:1::/48',
    DELEGATED_PREFIX: '2001:db8:100::/40',
  }[kind];
  if (block === null || block.family !== family || !cidr.includes('/'))
    throw new ValidationError('input.cidr', `${kind} lends from a block such as ${example}; this is ${cidr}`);
  const length = lentLength ?? { IPV4: 32, IPV6_PREFIX: 64, DELEGATED_PREFIX: 56 }[kind];
  if (kind === 'IPV4' ? length !== 32 : length > 64)
    throw new ValidationError(
      'input.lentLength',
      'IPv4 lends single addresses (32), IPv6 prefixes up to /64',
    );
  if (length < block.length || countOf(block, length) > mostLent)
    throw new ValidationError(
      'input.lentLength',
      `A pool lends 1 to ${mostLent} of a /${length}: its block is a /${Math.max(0, length - 24)} to /${length}`,
    );
  return { cidr: blockText(block), lentLength: length };
}

/** Network, first host (the gateway by custom) and broadcast stay unused in blocks that have room for it. */
export function isReserved(offset: number, size: number): boolean {
  return size >= 4 && (offset === 0 || offset === 1 || offset === size - 1);
}

function dotted(number: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(number / 2 ** shift) % 256).join('.');
}
