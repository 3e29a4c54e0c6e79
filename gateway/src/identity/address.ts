import type { IncomingMessage } from 'node:http';
import { BlockList, isIP } from 'node:net';

/** IPv4 addresses mapped into IPv6 (`::ffff:192.0.2.1`, RFC 4291 section 2.5.5.2) in their short form. */
function plainAddress(address: string): string {
  return /^::ffff:\d+\.\d+\.\d+\.\d+$/i.test(address) ? address.slice(7) : address;
}

/**
 * The addresses of these CIDR blocks or single addresses.
 * @throws Error that names the block that is none.
 */
export function blockListOf(blocks: readonly string[]): BlockList {
  const list = new BlockList();
  for (const block of blocks) {
    const [address = '', prefix, ...more] = block.split('/');
    const family = isIP(address);
    const bits = prefix === undefined ? (family === 6 ? 128 : 32) : Number(prefix);
    if (
      family === 0 ||
      more.length > 0 ||
      !Number.isInteger(bits) ||
      bits < 0 ||
      bits > (family === 6 ? 128 : 32)
    ) {
      throw new Error(`"${block}" is no address block; one looks like 203.0.113.0/24`);
    }
    list.addSubnet(address, bits, family === 6 ? 'ipv6' : 'ipv4');
  }
  return list;
}

export function contains(list: BlockList, address: string): boolean {
  const plain = plainAddress(address);
  const family = isIP(plain);
  return family !== 0 && list.check(plain, family === 6 ? 'ipv6' : 'ipv4');
}

/**
 * Where a request comes from. `X-Forwarded-For` counts only as far as trusted proxies wrote it: the last entry that
 * is no trusted proxy is the client.
 */
export function clientAddress(request: IncomingMessage, trustedProxies: BlockList): string {
  const peer = plainAddress(request.socket.remoteAddress ?? '');
  const header = request.headers['x-forwarded-for'];
  if (header === undefined || !contains(trustedProxies, peer)) return peer;
  const hops = (Array.isArray(header) ? header.join(',') : header)
    .split(',')
    .map((hop) => plainAddress(hop.trim()));
  return hops.findLast((hop) => !contains(trustedProxies, hop)) ?? peer;
}
