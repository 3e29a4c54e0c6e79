import type { TLSSocket } from 'node:tls';

/**
 * Writes each packet as a TLS record of its own. RFC 6613 §2.6.4 lets a stream be cut anywhere, but FreeRADIUS 3.2 takes a
 * record for one packet and closes the connection at two in it, which is what Node makes of packets that wait for a write.
 */
export class PacketWriter {
  readonly #socket: TLSSocket;
  #waiting: Buffer[] = [];
  #waitingOctets = 0;
  #writing = false;

  constructor(socket: TLSSocket) {
    this.#socket = socket;
  }

  /** Octets that the system has not taken yet. */
  get unsent(): number {
    return this.#waitingOctets + this.#socket.writableLength;
  }

  /** The octets must stay as they are. */
  write(packet: Buffer): void {
    if (this.#writing) {
      this.#waiting.push(packet);
      this.#waitingOctets += packet.length;
    } else this.#send(packet);
  }

  /** Hands over what waits at once, for an end that comes now. */
  flush(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#waitingOctets = 0;
    for (const packet of waiting) this.#socket.write(packet);
  }

  readonly #sent = (): void => {
    this.#writing = false;
    const next = this.#waiting.shift();
    if (next === undefined) return;
    this.#waitingOctets -= next.length;
    this.#send(next);
  };

  #send(packet: Buffer): void {
    this.#writing = true;
    this.#socket.write(packet, this.#sent);
  }
}
