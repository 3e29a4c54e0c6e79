import { Duplex } from 'node:stream';
import { createServer, type TLSSocket } from 'node:tls';
import type { PresentedCertificate } from '../authentication/presented.ts';

export interface EapTlsOptions {
  /** PEM: the server's key, and its certificate with the chain. */
  readonly key: string;
  readonly cert: string;
  /** PEM: authorities whose client certificates EAP-TLS accepts. Without them EAP-TLS is not offered. */
  readonly ca?: string;
}

/** How long TLS may take over what it was given before the peer is refused. */
const mostWaitMs = 5_000;

/** The server's end of TLS with octets in and octets out, for transports that are not sockets. */
export class TlsChannel {
  readonly #wire: Duplex;
  #outgoing: Buffer[] = [];
  #received: Buffer[] = [];
  #progress: (() => void) | null = null;
  #failure: Error | null = null;
  #socket: TLSSocket | null = null;

  /** TLS 1.2 only: for 1.3, RFC 9190 changes the keys and the end of the conversation. */
  constructor({ key, cert, ca }: EapTlsOptions, requireCertificate: boolean) {
    this.#wire = new Duplex({
      read: () => {},
      write: (chunk: Buffer, _encoding, done) => {
        this.#outgoing.push(chunk);
        this.#progressed();
        done();
      },
    });
    // A server of its own that never listens: the public way to a socket that has judged the client's certificate.
    const server = createServer({
      key,
      cert,
      ...(ca === undefined ? {} : { ca }),
      minVersion: 'TLSv1.2',
      maxVersion: 'TLSv1.2',
      requestCert: requireCertificate,
      rejectUnauthorized: requireCertificate,
    });
    server.on('secureConnection', (socket) => {
      this.#socket = socket;
      socket.on('data', (chunk: Buffer) => {
        this.#received.push(chunk);
        this.#progressed();
      });
      socket.on('error', (error) => this.#fail(error));
      socket.on('close', () => this.#fail(new Error('TLS was closed')));
      this.#progressed();
    });
    server.on('tlsClientError', (error) => this.#fail(error));
    server.emit('connection', this.#wire);
  }

  /** Whether the handshake is done; with a required certificate, that it is one of ours too. */
  get established(): boolean {
    return this.#socket !== null;
  }

  /** Why TLS failed, such as a certificate nobody trusts; null while it has not. */
  get failure(): Error | null {
    return this.#failure;
  }

  /** Gives TLS what the peer sent, and waits until it has done something with it. */
  async feed(octets: Uint8Array): Promise<void> {
    await this.#settled(() => this.#wire.push(octets));
  }

  /** Encrypts data for the peer. */
  async send(data: Uint8Array): Promise<void> {
    await this.#settled(() => this.#socket?.write(data));
  }

  /** Takes the octets that are to go to the peer. */
  takeOutgoing(): Buffer {
    return Buffer.concat(this.#outgoing.splice(0));
  }

  /** Takes the data that the peer sent inside. */
  takeReceived(): Buffer {
    return Buffer.concat(this.#received.splice(0));
  }

  /** Keying material (RFC 5705). Only once established. */
  export(length: number, label: string): Buffer {
    if (this.#socket === null) throw new TypeError('TLS has no keys before its handshake is done');
    // @ts-expect-error The types demand a context, and with an empty one the result is another (RFC 5705 §4).
    return this.#socket.exportKeyingMaterial(length, label);
  }

  /** The peer's certificate, when it showed one that our authorities signed. */
  certificate(): PresentedCertificate | null {
    if (this.#socket?.authorized !== true) return null;
    const { subject, subjectaltname, serialNumber, fingerprint256 } = this.#socket.getPeerCertificate();
    return {
      commonName: typeof subject.CN === 'string' ? subject.CN : null,
      subjectAltName: subjectaltname ?? null,
      serialNumber,
      fingerprint: fingerprint256,
    };
  }

  close(): void {
    this.#socket?.destroy();
    this.#wire.destroy();
  }

  async #settled(act: () => void): Promise<void> {
    if (this.#failure !== null) return;
    const progress = Promise.withResolvers<void>();
    const limit = setTimeout(() => this.#fail(new Error('TLS did not answer')), mostWaitMs);
    this.#progress = progress.resolve;
    act();
    await progress.promise;
    clearTimeout(limit);
    this.#progress = null;
    // One flight of TLS may come in several writes, all of them before the next turn but one.
    await new Promise((resolve) => setImmediate(resolve));
    await new Promise((resolve) => setImmediate(resolve));
  }

  #progressed(): void {
    this.#progress?.();
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    this.#progressed();
  }
}
