import { createSocket, type Socket } from 'node:dgram';
import { lookup as resolveName } from 'node:dns';
import { once } from 'node:events';
import { plainAddress } from '../attribute/address.ts';
import type { Peer } from './reception.ts';
import { listenBatched } from './udp-batched.ts';

export interface UdpSocketOptions {
  /** The kernel may grant less. */
  readonly receiveBufferBytes: number;
  /** Lets several workers share the port; the kernel spreads peers over them. */
  readonly reusePort: boolean;
}

export interface UdpListener {
  readonly port: number;
  close(): Promise<void>;
}

/**
 * Binds a UDP socket and hands every datagram on; it is good until `onDatagram` returns. `host` `::` listens on both IP
 * versions; addresses of peers come as plain IPv4 then too. In batches where the system can, else one by one.
 * Throws what the bind throws (`EADDRINUSE` …).
 */
export async function listenUdp(
  host: string,
  port: number,
  options: UdpSocketOptions,
  onDatagram: (datagram: Buffer, peer: Peer) => void,
  onSendError: (error: Error) => void,
): Promise<UdpListener> {
  const batched = await listenBatched(host, port, options, onDatagram, onSendError);
  return batched ?? listenOneByOne(host, port, options, onDatagram, onSendError);
}

/** The same with Node's sockets alone. */
export async function listenOneByOne(
  host: string,
  port: number,
  { receiveBufferBytes, reusePort }: UdpSocketOptions,
  onDatagram: (datagram: Buffer, peer: Peer) => void,
  onSendError: (error: Error) => void,
): Promise<UdpListener> {
  const family = host.includes(':') ? 6 : 4;
  const state = { bound: false, closed: false };
  const socket = createSocket({
    type: `udp${family}`,
    recvBufferSize: receiveBufferBytes,
    reusePort,
    // Peers are addresses already: the usual look-up costs a turn of the event loop for every reply.
    lookup: (name, options, callback) => {
      if (state.bound) callback(null, name, family);
      else resolveName(name, options, callback);
    },
  });
  socket.on('message', (datagram, { address, port: peerPort }) =>
    onDatagram(datagram, new UdpPeer(socket, state, address, peerPort)),
  );
  const listening = once(socket, 'listening');
  socket.bind(port, host);
  await listening;
  state.bound = true;
  socket.on('error', onSendError);
  return {
    port: socket.address().port,
    close: async () => {
      if (state.closed) return;
      state.closed = true;
      await closeSocket(socket);
    },
  };
}

/** One small object a datagram; a failure to send comes as the socket's `error`. */
class UdpPeer implements Peer {
  readonly address: string;
  readonly port: number;
  readonly #socket: Socket;
  readonly #state: { readonly closed: boolean };
  readonly #socketAddress: string;

  constructor(socket: Socket, state: { readonly closed: boolean }, address: string, port: number) {
    this.#socket = socket;
    this.#state = state;
    this.#socketAddress = address;
    this.address = plainAddress(address);
    this.port = port;
  }

  send(reply: Buffer): void {
    if (!this.#state.closed) this.#socket.send(Buffer.from(reply), this.port, this.#socketAddress);
  }
}

async function closeSocket(socket: Socket): Promise<void> {
  await new Promise<void>((resolve) => socket.close(() => resolve()));
}
