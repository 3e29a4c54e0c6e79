import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer, type TLSSocket } from 'node:tls';
import { plainAddress } from '../attribute/address.ts';
import type { Nas } from '../server/nas.ts';
import type { Peer } from '../server/reception.ts';
import { packetFramer, radSecSecret } from './framing.ts';

export interface RadSecCertificate {
  readonly commonName: string | null;
  readonly subjectAltName: string | null;
  /** SHA-256, colon-separated. */
  readonly fingerprint: string;
}

export interface RadSecListenOptions {
  /** Default 2083; 0 takes a free one. */
  readonly port?: number;
  /** PEM: our key and certificate, and the authorities of the peers. */
  readonly key: string;
  readonly cert: string;
  readonly ca: string;
  /** The NAS or proxy behind a certificate that the authorities have signed; null refuses the connection. */
  readonly findNas: (certificate: RadSecCertificate, sourceAddress: string) => Omit<Nas, 'secrets'> | null;
}

export interface RadSecListener {
  readonly port: number;
  close(): Promise<void>;
}

/** Listens for RADIUS over TLS 1.3 and 1.2 with certificates on both sides (RFC 6614). */
export async function listenRadSec(
  host: string,
  options: RadSecListenOptions,
  onPacket: (packet: Buffer, peer: Peer) => void,
  onRefused: (sourceAddress: string, reason: string) => void,
): Promise<RadSecListener> {
  const { key, cert, ca, findNas, port = 2083 } = options;
  const sockets = new Set<TLSSocket>();
  const server = createServer({
    key,
    cert,
    ca,
    requestCert: true,
    rejectUnauthorized: true,
    minVersion: 'TLSv1.2',
  });
  server.on('tlsClientError', (error, socket) =>
    onRefused(plainAddress(socket.remoteAddress ?? ''), error.message),
  );
  server.on('secureConnection', (socket) => {
    const address = plainAddress(socket.remoteAddress ?? '');
    const nas = findNas(certificateOf(socket), address);
    socket.on('error', (error) => onRefused(address, error.message));
    if (nas === null) {
      onRefused(address, `The certificate ${certificateOf(socket).fingerprint} belongs to no known NAS`);
      socket.destroy();
      return;
    }
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    const peer: Peer = {
      address,
      port: socket.remotePort ?? 0,
      nas: { ...nas, secrets: [radSecSecret] },
      send: (reply) => {
        if (socket.writable) socket.write(Buffer.from(reply));
      },
    };
    const cut = packetFramer();
    socket.on('data', (chunk: Buffer) => {
      const packets = cut(chunk);
      if (packets === null) {
        onRefused(address, 'A packet length that cannot be one');
        socket.destroy();
      } else for (const packet of packets) onPacket(packet, peer);
    });
  });
  server.listen(port, host);
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    close: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

function certificateOf(socket: TLSSocket): RadSecCertificate {
  const { subject, subjectaltname, fingerprint256 } = socket.getPeerCertificate();
  return {
    commonName: typeof subject.CN === 'string' ? subject.CN : null,
    subjectAltName: subjectaltname ?? null,
    fingerprint: fingerprint256,
  };
}
