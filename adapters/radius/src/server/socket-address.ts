import { isIPv4, isIPv6 } from 'node:net';
import { formatIpv4, formatIpv6, parseIpv4, parseIpv6 } from '../attribute/address.ts';

/** AF_INET and AF_INET6 of Linux. */
export const families = { inet: 2, inet6: 10 } as const;

/** A peer's address: as text, an IPv4 one without mapping, and as struct sockaddr_in or sockaddr_in6. */
export interface SocketAddress {
  readonly text: string;
  readonly octets: Uint8Array;
}

/** struct sockaddr_in or sockaddr_in6 of Linux; null when the text is no address. */
export function encodeSocketAddress(text: string, port: number): Uint8Array | null {
  const parsed = isIPv4(text) ? parseIpv4(text) : isIPv6(text) ? parseIpv6(text) : null;
  if (parsed === null) return null;
  const out = new Uint8Array(parsed.length === 4 ? 16 : 28);
  out[0] = parsed.length === 4 ? families.inet : families.inet6;
  out[2] = port >> 8;
  out[3] = port;
  out.set(parsed, parsed.length === 4 ? 4 : 8);
  return out;
}

/** Many more than there are NASes: somebody sends from forged addresses. */
const most = 10_000;

/** The addresses of peers, decoded once each. */
export class SocketAddresses {
  readonly #inet = new Map<number, SocketAddress>();
  readonly #inet6 = new Map<string, SocketAddress>();

  /** The address in `memory[at…]`. */
  at(memory: Buffer, at: number): SocketAddress {
    if (memory[at] === families.inet) return this.#inetAt(memory, at, at + 4, 16);
    // ::ffff:0:0/96, RFC 4291 §2.5.5.2
    const mapped =
      memory.readInt32LE(at + 8) === 0 &&
      memory.readInt32LE(at + 12) === 0 &&
      memory.readUInt32BE(at + 16) === 0xffff;
    if (mapped) return this.#inetAt(memory, at, at + 20, 28);
    // With the scope of a link-local address.
    const key = memory.toString('latin1', at + 8, at + 28);
    const known = this.#inet6.get(key);
    if (known !== undefined) return known;
    if (this.#inet6.size >= most) this.#inet6.clear();
    const octets = Uint8Array.from(memory.subarray(at, at + 28));
    const address = { text: formatIpv6(memory, at + 8), octets };
    this.#inet6.set(key, address);
    return address;
  }

  #inetAt(memory: Buffer, at: number, valueAt: number, length: number): SocketAddress {
    const value = memory.readInt32BE(valueAt);
    const known = this.#inet.get(value);
    if (known !== undefined) return known;
    if (this.#inet.size >= most) this.#inet.clear();
    const octets = Uint8Array.from(memory.subarray(at, at + length));
    const address = { text: formatIpv4(memory, valueAt), octets };
    this.#inet.set(value, address);
    return address;
  }
}
