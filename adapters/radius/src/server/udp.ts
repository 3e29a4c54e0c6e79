import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { plainAddress } from '../attribute/address.ts';
import type { Peer } from './reception.ts';

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
 * Binds a UDP socket and hands every datagram on. `host` `::` listens on both IP versions; addresses of peers come as plain
 * IPv4 then too. Throws what the bind throws (`EADDRINUSE` …).
 */
export async function listenUdp(
  host: string,
  port: number,
  { receiveBufferBytes, reusePort }: UdpSocketOptions,
  onDatagram: (datagram: Buffer, peer: Peer) => void,
  onSendError: (error: Error) => void,
): Promise<UdpListener> {
  const socket = createSocket({
    type: host.includes(':') ? 'udp6' : 'udp4',
    recvBufferSize: receiveBufferBytes,
    reusePort,
  });
  let closed = false;
  socket.on('message', (datagram, { address, port: peerPort }) => {
    onDatagram(datagram, {
      address: plainAddress(address),
      port: peerPort,
      send: (reply) => {
        if (!closed) socket.send(reply, peerPort, address, (error) => error !== null && onSendError(error));
      },
    });
  });
  const listening = once(socket, 'listening');
  socket.bind(port, host);
  await listening;
  socket.on('error', onSendError);
  return {
    port: socket.address().port,
    close: async () => {
      if (closed) return;
      closed = true;
      await closeSocket(socket);
    },
  };
}

async function closeSocket(socket: Socket): Promise<void> {
  await new Promise<void>((resolve) => socket.close(() => resolve()));
}
