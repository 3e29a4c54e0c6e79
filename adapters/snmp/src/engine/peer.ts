import { lookup } from 'node:dns/promises';
import { isIP, SocketAddress } from 'node:net';
import { SnmpError } from '../error.ts';
import { Semaphore } from './semaphore.ts';
import { newTuning } from './tuning.ts';

/** How an address and port are written where they are compared. */
export function peerKey(address: string, port: number): string {
  const text =
    isIP(address) === 6
      ? new SocketAddress({ address: address.split('%')[0] as string, family: 'ipv6' }).address
      : address;
  return `${text} ${port}`;
}

/** An agent's address and what was learnt about it. */
export class Peer {
  readonly host: string;
  readonly port: number;
  address = '';
  family: 4 | 6 = 4;
  /** `peerKey` of the resolved address; empty before `resolve`. */
  key = '';
  /** One request at a time: agents are small. */
  readonly turn = new Semaphore(1);
  readonly tuning = newTuning();
  /** The last request went unanswered; such a device holds no slot of the engine. */
  silent = false;

  constructor(host: string, port: number) {
    this.host = host;
    this.port = port;
  }

  /** Whether a datagram from there is this agent's. */
  isAt(address: string, port: number): boolean {
    if (port !== this.port) return false;
    return address === this.address || peerKey(address, port) === this.key;
  }

  /** Finds the address of a host name once. Throws `unresolvable`. */
  async resolve(): Promise<void> {
    if (this.key !== '') return;
    let found: { address: string; family: number };
    try {
      found = isIP(this.host) ? { address: this.host, family: isIP(this.host) } : await lookup(this.host);
    } catch (error) {
      throw new SnmpError('unresolvable', `No address for host "${this.host}": ${(error as Error).message}`);
    }
    this.address = found.address;
    this.family = found.family === 6 ? 6 : 4;
    this.key = peerKey(found.address, this.port);
  }
}
