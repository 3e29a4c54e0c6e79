import { AsyncLocalStorage } from 'node:async_hooks';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer, type Server, type TLSSocket } from 'node:tls';
import type { Clock } from '@dotmac/device';
import { plainAddress } from '../attribute/address.ts';
import type { Dictionary } from '../dictionary/dictionary.ts';
import type { AnomalyKind } from '../server/anomaly.ts';
import type { Nas } from '../server/nas.ts';
import type { Peer } from '../server/reception.ts';
import { describeCertificate, type RadSecCertificate, radSecCertificate } from './certificate.ts';
import { RadSecConnection } from './connection.ts';
import { radSecSecret } from './framing.ts';
import { HalfOpen } from './half-open.ts';
import { contextOf, type RadSecIdentity } from './identity.ts';
import { type RadSecLimits, usualLimits } from './limits.ts';

export interface RadSecServerOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly clock: Clock;
  readonly dictionary: Dictionary;
  readonly limits?: Partial<RadSecLimits>;
  /** The NAS or proxy behind a certificate that the authorities have signed; null refuses it. */
  readonly findNas: (certificate: RadSecCertificate) => Nas | null;
  readonly onPacket: (packet: Buffer, peer: Peer) => void;
  readonly onRefused: (
    kind: AnomalyKind,
    sourceAddress: string,
    nasId: string | null,
    reason: string,
  ) => void;
}

/** RADIUS over TLS 1.3 and 1.2 with certificates on both sides (RFC 6614). It listens as long as it has an identity. */
export class RadSecServer {
  readonly #options: RadSecServerOptions;
  readonly #limits: RadSecLimits;
  readonly #halfOpen: HalfOpen;
  readonly #connections = new Set<RadSecConnection>();
  /** Where a connection comes from: a socket whose peer has reset it cannot say so any more. */
  readonly #from = new AsyncLocalStorage<string>();
  #identity: RadSecIdentity | null = null;
  #server: Server | null = null;
  #work: Promise<void> = Promise.resolve();
  #sweep: NodeJS.Timeout | null = null;

  constructor(options: RadSecServerOptions) {
    this.#options = options;
    this.#limits = { ...usualLimits, ...options.limits };
    this.#halfOpen = new HalfOpen(this.#limits.mostHalfOpen, this.#limits.mostHalfOpenPerAddress);
  }

  /** Null while it does not listen. */
  get port(): number | null {
    return (this.#server?.address() as AddressInfo | null | undefined)?.port ?? null;
  }

  get connections(): readonly RadSecConnection[] {
    return [...this.#connections];
  }

  get halfOpen(): number {
    return this.#halfOpen.size;
  }

  /**
   * Begins to listen, or shows another certificate from the next connection on; null closes the door. Whoever was let in
   * by other authorities, or before a list of what they have revoked, has to come again.
   * @throws Error of OpenSSL for PEM that it does not take, of the system for a port that is another's.
   */
  async use(identity: RadSecIdentity | null): Promise<void> {
    const turn = this.#work.then(() => this.#use(identity));
    this.#work = turn.catch(() => {});
    return turn;
  }

  /** To be called when the NASes have changed: ends the connections whose certificate is not their NAS's any more. */
  recheck(): void {
    for (const connection of this.#connections) {
      const nas = this.#options.findNas(connection.certificate);
      if (nas?.id === connection.nas.id) connection.nas = overTls(nas);
      else connection.destroy();
    }
  }

  /** Sends the replies that are on their way, and stops listening. */
  async close(): Promise<void> {
    await this.use(null);
  }

  async #use(identity: RadSecIdentity | null): Promise<void> {
    const before = this.#identity;
    if (identity === null) await this.#stop();
    else if (this.#server === null) await this.#listen(identity);
    else this.#server.setSecureContext(contextOf(identity));
    this.#identity = identity;
    if (identity === null || before === null) return;
    if (identity.ca === before.ca && identity.crl === before.crl) return;
    this.#halfOpen.closeAll();
    for (const connection of this.#connections) connection.destroy();
  }

  async #listen(identity: RadSecIdentity): Promise<void> {
    const { host, port } = this.#options;
    const server = createServer({
      ...contextOf(identity),
      handshakeTimeout: this.#limits.handshakeMs,
      requestCert: true,
      // Judged in `#admit`, where it can be said whose certificate was refused and why.
      rejectUnauthorized: false,
    });
    server.maxConnections = this.#limits.mostConnections;
    // First, so that all of the connection's TLS happens within.
    server.prependListener('connection', (socket) => this.#from.enterWith(socket.remoteAddress ?? ''));
    server.on('connection', (socket) => this.#halfOpen.add(socket));
    server.on('tlsClientError', (error, socket) => {
      this.#halfOpen.done(socket);
      const address = socket.remoteAddress ?? this.#from.getStore() ?? '';
      this.#refuse(plainAddress(address), null, reasonOf(error));
      socket.destroy();
    });
    server.on('secureConnection', (socket) => this.#admit(socket));
    server.listen(port, host);
    await once(server, 'listening');
    this.#server = server;
    const { packetMs, idleMs } = this.#limits;
    this.#sweep = setInterval(() => this.#look(), Math.min(packetMs, idleMs) / 2).unref();
  }

  async #stop(): Promise<void> {
    const server = this.#server;
    if (server === null) return;
    this.#server = null;
    if (this.#sweep !== null) clearInterval(this.#sweep);
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    this.#halfOpen.closeAll();
    await Promise.all([...this.#connections].map((connection) => connection.finish()));
    await closed;
  }

  #admit(socket: TLSSocket): void {
    const { findNas, onPacket, onRefused, clock } = this.#options;
    this.#halfOpen.done(socket);
    const address = plainAddress(socket.remoteAddress ?? '');
    socket.on('error', () => socket.destroy());
    const certificate = radSecCertificate(socket.getPeerCertificate());
    const nas = socket.authorized && certificate !== null ? findNas(certificate) : null;
    if (certificate === null || nas === null) {
      socket.destroy();
      if (certificate === null) this.#refuse(address, null, 'It shows no certificate');
      else if (socket.authorized)
        onRefused('RADSEC_UNKNOWN_CERTIFICATE', address, null, describeCertificate(certificate));
      else this.#refuse(address, null, `${socket.authorizationError}: ${describeCertificate(certificate)}`);
      return;
    }
    const { dictionary } = this.#options;
    const peer = { address, nas: overTls(nas), certificate, clock, dictionary };
    const connection = new RadSecConnection(socket, peer, this.#limits);
    this.#makeRoom(nas.id);
    this.#connections.add(connection);
    socket.setNoDelay(true).setKeepAlive(true, 60_000);
    socket.on('close', () => this.#connections.delete(connection));
    socket.on('data', (chunk: Buffer) => {
      const packets = connection.packetsOf(chunk, clock.now());
      if (packets === null) {
        this.#refuse(address, nas.id, 'A packet length that cannot be one');
        connection.destroy();
      } else for (const packet of packets) if (!connection.answers(packet)) onPacket(packet, connection);
    });
  }

  #makeRoom(nasId: string): void {
    const same = [...this.#connections].filter(({ nas }) => nas.id === nasId);
    if (same.length < this.#limits.mostPerNas) return;
    same.reduce((a, b) => (b.heardAt < a.heardAt ? b : a)).destroy();
  }

  /** Ends what has taken too long. */
  #look(): void {
    const now = this.#options.clock.now();
    for (const connection of this.#connections) {
      const overdue = connection.overdue(now);
      if (overdue === null) continue;
      const { address, nas, certificate } = connection;
      if (overdue === 'PACKET') this.#refuse(address, nas.id, 'A packet that does not come to its end');
      if (overdue === 'EXPIRED')
        this.#refuse(address, nas.id, `CERT_HAS_EXPIRED: ${describeCertificate(certificate)}`);
      connection.destroy();
    }
  }

  #refuse(address: string, nasId: string | null, reason: string): void {
    this.#options.onRefused('RADSEC_REFUSED', address, nasId, reason);
  }
}

/** RFC 6614 §2.3: the same secret for everybody, since TLS is what protects. */
function overTls(nas: Nas): Nas {
  return { ...nas, secrets: [radSecSecret] };
}

function reasonOf(error: Error & { readonly code?: string; readonly reason?: string }): string {
  return error.reason ?? error.code ?? error.message;
}
