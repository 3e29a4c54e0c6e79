import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { plainAddress } from '../attribute/address.ts';
import { BatchReceiver, BatchSender } from './batch-io.ts';
import type { Peer } from './reception.ts';
import { encodeSocketAddress, families, type SocketAddress, SocketAddresses } from './socket-address.ts';
import { type SystemCalls, systemCalls } from './system-calls.ts';
import type { UdpListener, UdpSocketOptions } from './udp.ts';

/** Of Linux: SOCK_DGRAM | SOCK_CLOEXEC, SOL_SOCKET, SO_REUSEPORT, IPPROTO_IPV6, IPV6_V6ONLY. */
const linux = { datagram: 2 | 0o2000000, socket: 1, reusePort: 15, ipv6: 41, v6Only: 26 } as const;
/** Datagrams in a row after which everything else has a turn. */
const mostInARow = 256;

/** Many more than there are NASes. */
const mostTexts = 10_000;

let receiver: BatchReceiver | undefined;

/**
 * As `listenUdp`, with a call of the kernel for many datagrams instead of one for each: Node's socket says that there is
 * something and hands over the first, the rest is fetched and answered in batches. Null where that is not possible; ask
 * `listenUdp` then, which also knows what is wrong with an address.
 */
export async function listenBatched(
  host: string,
  port: number,
  options: UdpSocketOptions,
  onDatagram: (datagram: Buffer, peer: Peer) => void,
  onSendError: (error: Error) => void,
): Promise<UdpListener | null> {
  const calls = systemCalls();
  const descriptor = calls === null ? null : openSocket(calls, host, port, options.reusePort);
  if (calls === null || descriptor === null) return null;
  const socket = createSocket({
    type: host.includes(':') ? 'udp6' : 'udp4',
    recvBufferSize: options.receiveBufferBytes,
    lookup: (name, _options, callback) => callback(null, name, host.includes(':') ? 6 : 4),
  });
  const listening = once(socket, 'listening');
  socket.bind({ fd: descriptor });
  await listening;
  socket.on('error', onSendError);
  receiver ??= new BatchReceiver(calls);
  const batched = new BatchedSocket(socket, descriptor, calls, receiver, onDatagram);
  return { port: socket.address().port, close: () => batched.close() };
}

function openSocket(calls: SystemCalls, host: string, port: number, reusePort: boolean): number | null {
  const address = encodeSocketAddress(host, port);
  if (address === null) return null;
  const descriptor = calls.socket(address[0] as number, linux.datagram, 0);
  if (descriptor < 0) return null;
  const memory = Buffer.alloc(64);
  const on = memory.subarray(32, 36);
  on[0] = 1;
  memory.set(address);
  const pointer = calls.addressOf(memory);
  const zero = pointer + 48n;
  const one = pointer + 32n;
  if (address[0] === families.inet6) calls.setsockopt(descriptor, linux.ipv6, linux.v6Only, zero, 4);
  if (reusePort) calls.setsockopt(descriptor, linux.socket, linux.reusePort, one, 4);
  if (calls.bind(descriptor, pointer, address.length) === 0) return descriptor;
  calls.close(descriptor);
  return null;
}

class BatchedSocket {
  readonly #socket: Socket;
  readonly #descriptor: number;
  readonly #receiver: BatchReceiver;
  readonly #sender: BatchSender;
  readonly #addresses = new SocketAddresses();
  readonly #onDatagram: (datagram: Buffer, peer: Peer) => void;
  readonly #byText = new Map<string, SocketAddress>();
  #inARow = 0;
  #pausing = false;
  #draining = false;
  #flushing = false;
  #closed = false;

  constructor(
    socket: Socket,
    descriptor: number,
    calls: SystemCalls,
    receiver: BatchReceiver,
    onDatagram: (datagram: Buffer, peer: Peer) => void,
  ) {
    this.#socket = socket;
    this.#descriptor = descriptor;
    this.#receiver = receiver;
    this.#sender = new BatchSender(calls);
    this.#onDatagram = onDatagram;
    socket.on('message', (datagram, { address, port }) => {
      this.#draining = true;
      try {
        this.#onDatagram(datagram, this.#peerOf(address, port));
        this.#drain();
      } finally {
        this.#draining = false;
        this.#flush();
      }
    });
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#flush();
    this.#closed = true;
    await new Promise<void>((resolve) => this.#socket.close(() => resolve()));
  }

  /** For replies, at once or later. */
  send(reply: Buffer, address: SocketAddress, port: number): void {
    if (this.#closed) return;
    this.#sender.add(reply, address.octets, port);
    if (this.#sender.full) this.#flush();
    else if (!this.#draining && !this.#flushing) {
      this.#flushing = true;
      queueMicrotask(() => {
        this.#flushing = false;
        this.#flush();
      });
    }
  }

  #drain(): void {
    while (this.#inARow < mostInARow && !this.#closed) {
      const count = this.#receiver.receive(this.#descriptor);
      for (let index = 0; index < count; index++) {
        const { memory } = this.#receiver;
        const at = this.#receiver.addressAt(index);
        const address = this.#addresses.at(memory, at);
        const port = ((memory[at + 2] as number) << 8) | (memory[at + 3] as number);
        this.#onDatagram(this.#receiver.datagram(index), new BatchedPeer(this, address, port));
      }
      this.#inARow += count;
      if (count === 0) break;
      this.#flush();
    }
    if (this.#inARow < mostInARow || this.#pausing) return;
    this.#pausing = true;
    setImmediate(() => {
      this.#inARow = 0;
      this.#pausing = false;
    });
  }

  /** The sender of a datagram that Node handed over. */
  #peerOf(text: string, port: number): Peer {
    const known = this.#byText.get(text);
    if (known !== undefined) return new BatchedPeer(this, known, port);
    const octets = encodeSocketAddress(text, port);
    // A link-local address names its interface, which Node alone can resolve.
    if (octets === null)
      return { address: text, port, send: (reply) => void this.#socket.send(Buffer.from(reply), port, text) };
    const address = { text: plainAddress(text), octets };
    if (this.#byText.size >= mostTexts) this.#byText.clear();
    this.#byText.set(text, address);
    return new BatchedPeer(this, address, port);
  }

  #flush(): void {
    if (this.#sender.waiting === 0 || this.#closed) return;
    this.#sender.flush(this.#descriptor, (reply, address) => {
      const { text } = this.#addresses.at(address, 0);
      // Node waits until there is room, and tells of what is wrong with the address.
      const family6 = address[0] === families.inet6 && !text.includes(':');
      this.#socket.send(reply, address.readUInt16BE(2), family6 ? `::ffff:${text}` : text);
    });
  }
}

class BatchedPeer implements Peer {
  readonly #socket: BatchedSocket;
  readonly #address: SocketAddress;
  readonly port: number;

  constructor(socket: BatchedSocket, address: SocketAddress, port: number) {
    this.#socket = socket;
    this.#address = address;
    this.port = port;
  }

  get address(): string {
    return this.#address.text;
  }

  send(reply: Buffer): void {
    this.#socket.send(reply, this.#address, this.port);
  }
}
