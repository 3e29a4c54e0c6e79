import type { Socket } from 'node:net';

/**
 * Connections whose TLS does not stand yet. With too many, the oldest goes: a peer that means it is done within its first
 * round trips, and one that only holds the place does not keep others from coming.
 */
export class HalfOpen {
  readonly #sockets = new Map<string, { readonly socket: Socket; readonly address: string }>();
  readonly #most: number;
  readonly #mostPerAddress: number;

  constructor(most: number, mostPerAddress: number) {
    this.#most = most;
    this.#mostPerAddress = mostPerAddress;
  }

  get size(): number {
    return this.#sockets.size;
  }

  add(socket: Socket): void {
    const { remoteAddress: address, remotePort } = socket;
    // The peer has gone already.
    if (address === undefined) return;
    const key = `${address} ${remotePort}`;
    const same = [...this.#sockets].filter(([, other]) => other.address === address);
    if (same.length >= this.#mostPerAddress) this.#close(same[0]?.[0]);
    else if (this.#sockets.size >= this.#most) this.#close(this.#sockets.keys().next().value);
    this.#sockets.set(key, { socket, address });
    socket.once('close', () => {
      if (this.#sockets.get(key)?.socket === socket) this.#sockets.delete(key);
    });
  }

  /** Its TLS stands, or it is refused. */
  done({ remoteAddress, remotePort }: Pick<Socket, 'remoteAddress' | 'remotePort'>): void {
    this.#sockets.delete(`${remoteAddress} ${remotePort}`);
  }

  closeAll(): void {
    for (const key of [...this.#sockets.keys()]) this.#close(key);
  }

  #close(key: string | undefined): void {
    if (key === undefined) return;
    this.#sockets.get(key)?.socket.destroy();
    this.#sockets.delete(key);
  }
}
