import type { TLSSocket } from 'node:tls';
import type { Nas } from '../server/nas.ts';
import type { Peer } from '../server/reception.ts';
import type { RadSecCertificate } from './certificate.ts';
import { packetFramer } from './framing.ts';
import type { ConnectionLimits } from './limits.ts';

/** A peer whose TLS stands and whose certificate is a NAS's: cuts its octets into packets and takes replies. */
export class RadSecConnection implements Peer {
  readonly address: string;
  readonly port: number;
  readonly certificate: RadSecCertificate;
  readonly protocol: string;
  readonly since: number;
  nas: Nas;
  heardAt: number;
  readonly #socket: TLSSocket;
  readonly #limits: ConnectionLimits;
  readonly #cut = packetFramer();
  #octets = 0;
  /** When the packet that is not whole yet began. */
  #begunAt: number | null = null;

  constructor(
    socket: TLSSocket,
    peer: {
      readonly address: string;
      readonly nas: Nas;
      readonly certificate: RadSecCertificate;
      readonly now: number;
    },
    limits: ConnectionLimits,
  ) {
    this.#socket = socket;
    this.#limits = limits;
    this.address = peer.address;
    this.port = socket.remotePort ?? 0;
    this.nas = peer.nas;
    this.certificate = peer.certificate;
    this.protocol = socket.getProtocol() ?? '';
    this.since = peer.now;
    this.heardAt = peer.now;
  }

  send(reply: Buffer): void {
    if (!this.#socket.writable) return;
    if (this.#socket.writableLength > this.#limits.mostUnsent) this.#socket.destroy();
    // A copy: the octets are another's after the call.
    else this.#socket.write(Buffer.from(reply));
  }

  /** The packets that are whole now, or null when the stream is lost. */
  packetsOf(chunk: Buffer, now: number): readonly Buffer[] | null {
    const packets = this.#cut(chunk);
    if (packets === null) return null;
    this.#octets += chunk.length - packets.reduce((sum, { length }) => sum + length, 0);
    if (packets.length > 0) this.heardAt = now;
    if (this.#octets === 0) this.#begunAt = null;
    else if (packets.length > 0 || this.#begunAt === null) this.#begunAt = now;
    return packets;
  }

  /** Why it must not go on; null when it may. */
  overdue(now: number): 'PACKET' | 'IDLE' | 'EXPIRED' | null {
    if (this.#begunAt !== null && now - this.#begunAt >= this.#limits.packetMs) return 'PACKET';
    if (now >= this.certificate.validTo) return 'EXPIRED';
    return now - this.heardAt >= this.#limits.idleMs ? 'IDLE' : null;
  }

  /** Ends it at once, with what is on its way. */
  destroy(): void {
    this.#socket.destroy();
  }

  /** Ends it when its replies are out, at once where the peer does not take them within a second. */
  async finish(): Promise<void> {
    if (this.#socket.destroyed) return;
    const closed = new Promise<void>((resolve) => this.#socket.once('close', () => resolve()));
    const limit = setTimeout(() => this.#socket.destroy(), 1_000);
    this.#socket.destroySoon();
    await closed;
    clearTimeout(limit);
  }
}
