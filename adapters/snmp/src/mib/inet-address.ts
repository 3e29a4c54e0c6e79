import { SocketAddress } from 'node:net';
import type { IpAddress } from '@dotmac/device';

/**
 * An address from its octets; null for octets that are none.
 * @param family IANA address family: 1 is IPv4, 2 is IPv6.
 */
export function addressOf(family: number, octets: ArrayLike<number>): IpAddress | null {
  const all = Array.from(octets);
  if (all.some((octet) => !(octet >= 0 && octet <= 255))) return null;
  if (family === 1 && all.length === 4) return all.join('.');
  if (family !== 2 || all.length !== 16) return null;
  const groups = Array.from({ length: 8 }, (_, i) =>
    (((all[2 * i] as number) << 8) | (all[2 * i + 1] as number)).toString(16),
  );
  return new SocketAddress({ address: groups.join(':'), family: 'ipv6' }).address;
}
