import type { TLSSocket } from 'node:tls';
import { type Clock, DeviceError } from '@dotmac/device';
import type { RadiusExchange } from '../client/client.ts';
import type { Dictionary } from '../dictionary/dictionary.ts';
import type { Nas } from '../server/nas.ts';
import type { Peer } from '../server/reception.ts';
import type { RadSecCertificate } from './certificate.ts';
import { RadSecExchanges, type RadSecRequest } from './exchanges.ts';
import { packetFramer } from './framing.ts';
import type { ConnectionLimits } from './limits.ts';
import { PacketWriter } from './packet-writer.ts';

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
  readonly #writer: PacketWriter;
  readonly #limits: ConnectionLimits;
  readonly #cut = packetFramer();
  readonly #exchanges: RadSecExchanges;
  #octets = 0;
  /** When the packet that is not whole yet began. */
  #begunAt: number | null = null;

  constructor(
    socket: TLSSocket,
    peer: {
      readonly address: string;
      readonly nas: Nas;
      readonly certificate: RadSecCertificate;
      readonly clock: Clock;
      readonly dictionary: Dictionary;
    },
    limits: ConnectionLimits,
  ) {
    this.#socket = socket;
    this.#writer = new PacketWriter(socket);
    this.#limits = limits;
    this.address = peer.address;
    this.port = socket.remotePort ?? 0;
    this.nas = peer.nas;
    this.certificate = peer.certificate;
    this.protocol = socket.getProtocol() ?? '';
    this.since = peer.clock.now();
    this.heardAt = this.since;
    this.#exchanges = new RadSecExchanges(peer.address, peer.clock, peer.dictionary);
    socket.once('close', () =>
      this.#exchanges.fail(
        new DeviceError('UNREACHABLE', `${peer.address} closed its connection`, { maybeApplied: true }),
      ),
    );
  }

  send(reply: Buffer): void {
    if (!this.#socket.writable) return;
    if (this.#writer.unsent > this.#limits.mostUnsent) this.#socket.destroy();
    // A copy: the octets are another's after the call.
    else this.#writer.write(Buffer.from(reply));
  }

  /**
   * Asks the NAS over the connection that it keeps (draft-ietf-radext-reverse-coa): a CoA or Disconnect reaches it behind
   * any NAT. `reply` is null when none came in time. Throws `DeviceError` as `RadSecExchanges.ask`.
   */
  ask(
    request: RadSecRequest,
    options: { readonly timeoutMs: number; readonly signal?: AbortSignal | undefined },
  ): Promise<RadiusExchange> {
    return this.#exchanges.ask(request, (packet) => this.send(packet), options);
  }

  /** Takes a packet as the answer to what it was asked. @returns false for one that is no such answer. */
  answers(packet: Buffer): boolean {
    return this.#exchanges.take(packet);
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
    this.#writer.flush();
    this.#socket.destroySoon();
    await closed;
    clearTimeout(limit);
  }
}
