import { isIPv4 } from 'node:net';
import { ValidationError } from '@dotmac/schema';

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

/** Network, first host (the gateway by custom) and broadcast stay unused in blocks that have room for it. */
export function isReserved(offset: number, size: number): boolean {
  return size >= 4 && (offset === 0 || offset === 1 || offset === size - 1);
}

function dotted(number: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(number / 2 ** shift) % 256).join('.');
}
