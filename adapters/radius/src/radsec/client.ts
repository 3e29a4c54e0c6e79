import { isIP } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import { type Clock, DeviceError, systemClock } from '@dotmac/device';
import { decodePacket } from '../attribute/decode.ts';
import { type Attribute, encodeAttributes } from '../attribute/encode.ts';
import type { RadiusExchange, RadiusRequest } from '../client/client.ts';
import type { Dictionary } from '../dictionary/dictionary.ts';
import { standardDictionary } from '../dictionary/standard.ts';
import { buildRequest, randomAuthenticator, verifyReply } from '../packet/build.ts';
import { packetFramer, radSecSecret } from './framing.ts';

export interface RadSecClientOptions {
  readonly host: string;
  /** Default 2083. */
  readonly port?: number;
  /** Name the server's certificate must carry; default the host. */
  readonly serverName?: string;
  /** PEM: our key and certificate, and the authorities of the server. */
  readonly key: string;
  readonly cert: string;
  readonly ca: string;
  readonly clock?: Clock;
  readonly dictionary?: Dictionary;
  /** How long an answer may take. Default 10 s; over TLS nothing is sent twice. */
  readonly timeoutMs?: number;
}

export interface RadSecRequest {
  readonly code: number;
  readonly replyCodes: readonly number[];
  readonly attributes: readonly Attribute[] | ((authenticator: Uint8Array) => readonly Attribute[]);
  readonly messageAuthenticator: boolean;
  /** Hears every transmission and the genuine answer. */
  readonly onPacket?: NonNullable<RadiusRequest['onPacket']>;
}

interface Outstanding {
  readonly request: Buffer;
  readonly replyCodes: readonly number[];
  readonly answered: (reply: Buffer | null) => void;
  readonly failed: (error: DeviceError) => void;
}

/** The asking side of RFC 6614: one TLS connection, opened when needed and again after it broke. */
export class RadSecClient {
  /** Whom it asks. */
  readonly host: string;
  readonly #options: RadSecClientOptions;
  readonly #clock: Clock;
  readonly #dictionary: Dictionary;
  readonly #outstanding = new Map<number, Outstanding>();
  #connection: Promise<TLSSocket> | null = null;
  #nextId = 0;
  #closed = false;

  constructor(options: RadSecClientOptions) {
    this.host = options.host;
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#dictionary = options.dictionary ?? standardDictionary();
  }

  /**
   * Sends one request and waits for its genuine answer; `reply` is null when none came in time. Throws `DeviceError`:
   * `UNREACHABLE`, `TLS_UNTRUSTED`, `DEVICE_BUSY` with 256 requests outstanding, `CANCELLED` when closed.
   */
  async exchange({ attributes, onPacket, ...request }: RadSecRequest): Promise<RadiusExchange> {
    const startedAt = this.#clock.now();
    const socket = await this.#connected();
    const identifier = this.#takeIdentifier();
    const authenticator = randomAuthenticator();
    const list = typeof attributes === 'function' ? attributes(authenticator) : attributes;
    const encryption = { authenticator, secret: radSecSecret };
    const packet = buildRequest({
      ...request,
      identifier,
      secret: radSecSecret,
      authenticator,
      attributes: encodeAttributes(this.#dictionary, list, encryption),
    });
    const answer = Promise.withResolvers<Buffer | null>();
    this.#outstanding.set(identifier, {
      request: packet,
      replyCodes: request.replyCodes,
      answered: answer.resolve,
      failed: answer.reject,
    });
    const limit = setTimeout(() => answer.resolve(null), this.#options.timeoutMs ?? 10_000);
    try {
      onPacket?.('SENT', packet);
      socket.write(packet);
      const reply = await answer.promise;
      if (reply !== null) onPacket?.('RECEIVED', reply);
      const decoded =
        reply === null
          ? null
          : decodePacket(reply, this.#dictionary, {
              authenticator: packet.subarray(4, 20),
              secret: radSecSecret,
            });
      return {
        reply: typeof decoded === 'string' ? null : decoded,
        transmissions: 1,
        elapsedMs: this.#clock.now() - startedAt,
      };
    } finally {
      clearTimeout(limit);
      this.#outstanding.delete(identifier);
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    const connection = this.#connection;
    this.#lost(new DeviceError('CANCELLED', 'The client was closed', { maybeApplied: true }));
    const socket = await connection?.catch(() => null);
    if (socket === null || socket === undefined || socket.destroyed) return;
    await new Promise<void>((resolve) => {
      socket.once('close', () => resolve());
      socket.destroy();
    });
  }

  #takeIdentifier(): number {
    for (let tries = 0; tries < 256; tries++) {
      const identifier = this.#nextId;
      this.#nextId = (identifier + 1) & 255;
      if (!this.#outstanding.has(identifier)) return identifier;
    }
    throw new DeviceError('DEVICE_BUSY', `256 requests to ${this.#options.host} are unanswered`);
  }

  #connected(): Promise<TLSSocket> {
    if (this.#closed) throw new DeviceError('CANCELLED', 'The client is closed');
    this.#connection ??= this.#connect();
    return this.#connection;
  }

  #connect(): Promise<TLSSocket> {
    const { host, port = 2083, key, cert, ca, serverName } = this.#options;
    const name = serverName ?? (isIP(host) === 0 ? host : undefined);
    const opened = Promise.withResolvers<TLSSocket>();
    const socket = connect({
      host,
      port,
      key,
      cert,
      ca,
      minVersion: 'TLSv1.2',
      ...(name === undefined ? {} : { servername: name }),
    });
    const cut = packetFramer();
    const timeoutMs = this.#options.timeoutMs ?? 10_000;
    const limit = setTimeout(() => socket.destroy(new Error(`no TLS within ${timeoutMs} ms`)), timeoutMs);
    socket.once('secureConnect', () => {
      clearTimeout(limit);
      opened.resolve(socket);
    });
    socket.on('data', (chunk: Buffer) => {
      const packets = cut(chunk);
      if (packets === null) socket.destroy(new Error('A packet length that cannot be one'));
      // A bad or late answer concerns its request only; the connection serves the others.
      else for (const packet of packets) this.#receive(packet);
    });
    socket.on('error', (cause) => {
      const code =
        'code' in cause && /CERT|SELF_SIGNED|ALTNAME|SSL/.test(String(cause.code))
          ? 'TLS_UNTRUSTED'
          : 'UNREACHABLE';
      const error = new DeviceError(code, `RadSec to ${host}:${port}: ${cause.message}`, {
        cause,
        maybeApplied: true,
      });
      opened.reject(error);
      // A later connection must not suffer from the end of this one.
      if (this.#connection === opened.promise) this.#lost(error);
    });
    socket.on('close', () => {
      clearTimeout(limit);
      const error = new DeviceError('UNREACHABLE', `${host}:${port} closed the connection`, {
        maybeApplied: true,
      });
      opened.reject(error);
      if (this.#connection === opened.promise) this.#lost(error);
    });
    return opened.promise;
  }

  #receive(packet: Buffer): void {
    const waiting = this.#outstanding.get(packet[1] as number);
    if (waiting === undefined || !waiting.replyCodes.includes(packet[0] as number)) return;
    if (verifyReply(packet, waiting.request, radSecSecret) === null) waiting.answered(packet);
  }

  /** The connection is gone: what waits on it fails now, and the next request opens another. */
  #lost(error: DeviceError): void {
    this.#connection = null;
    for (const waiting of this.#outstanding.values()) waiting.failed(error);
  }
}
