import { isIP } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import { type Clock, DeviceError, systemClock } from '@dotmac/device';
import type { RadiusExchange } from '../client/client.ts';
import type { Dictionary } from '../dictionary/dictionary.ts';
import { standardDictionary } from '../dictionary/standard.ts';
import { RadSecExchanges, type RadSecRequest } from './exchanges.ts';
import { packetFramer } from './framing.ts';
import { PacketWriter } from './packet-writer.ts';

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
  /** How long TLS may take to stand, and an answer to come. Default 10 s; over TLS nothing is sent twice. */
  readonly timeoutMs?: number;
  /** Takes what the server asks over our connection, such as a CoA-Request. Default: nobody does. */
  readonly onRequest?: (packet: Buffer, reply: (packet: Buffer) => void) => void;
}

interface Connection {
  readonly socket: Promise<TLSSocket>;
  readonly exchanges: RadSecExchanges;
  readonly writer: PacketWriter;
  heardAt: number;
}

/** The asking side of RFC 6614: one TLS connection, opened when needed and again after it broke or fell silent. */
export class RadSecClient {
  /** Whom it asks. */
  readonly host: string;
  readonly #options: RadSecClientOptions;
  readonly #clock: Clock;
  readonly #dictionary: Dictionary;
  readonly #timeoutMs: number;
  #connection: Connection | null = null;
  #closed = false;

  constructor(options: RadSecClientOptions) {
    this.host = options.host;
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#dictionary = options.dictionary ?? standardDictionary();
    this.#timeoutMs = options.timeoutMs ?? 10_000;
  }

  /** Resolves when TLS stands. Throws as `exchange` does. */
  async connect(): Promise<void> {
    await this.#connected().socket;
  }

  /**
   * Sends one request and waits for its genuine answer; `reply` is null when none came in time. Throws `DeviceError`:
   * `UNREACHABLE`, `TLS_UNTRUSTED`, `DEVICE_BUSY` with 256 requests outstanding, `CANCELLED` when closed.
   */
  async exchange(request: RadSecRequest): Promise<RadiusExchange> {
    const connection = this.#connected();
    const socket = await connection.socket;
    const askedAt = this.#clock.now();
    const exchange = await connection.exchanges.ask(request, (packet) => connection.writer.write(packet), {
      timeoutMs: this.#timeoutMs,
    });
    // Nothing at all since it was asked: whatever is in between may have forgotten the connection, which TCP tells late.
    if (exchange.reply === null && connection.heardAt < askedAt)
      socket.destroy(new Error(`no word within ${this.#timeoutMs} ms`));
    return exchange;
  }

  async close(): Promise<void> {
    this.#closed = true;
    const connection = this.#connection;
    if (connection === null) return;
    this.#lost(connection, new DeviceError('CANCELLED', 'The client was closed', { maybeApplied: true }));
    const socket = await connection.socket.catch(() => null);
    if (socket === null || socket.destroyed) return;
    await new Promise<void>((resolve) => {
      socket.once('close', () => resolve());
      socket.destroy();
    });
  }

  #connected(): Connection {
    if (this.#closed) throw new DeviceError('CANCELLED', 'The client is closed');
    this.#connection ??= this.#connect();
    return this.#connection;
  }

  #connect(): Connection {
    const { host, port = 2083, key, cert, ca, serverName, onRequest } = this.#options;
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
    const exchanges = new RadSecExchanges(host, this.#clock, this.#dictionary);
    const writer = new PacketWriter(socket);
    const connection: Connection = { socket: opened.promise, exchanges, writer, heardAt: 0 };
    const cut = packetFramer();
    const limit = setTimeout(
      () => socket.destroy(new Error(`no TLS within ${this.#timeoutMs} ms`)),
      this.#timeoutMs,
    );
    socket.once('secureConnect', () => {
      clearTimeout(limit);
      socket.setNoDelay(true).setKeepAlive(true, 60_000);
      opened.resolve(socket);
    });
    socket.on('data', (chunk: Buffer) => {
      connection.heardAt = this.#clock.now();
      const packets = cut(chunk);
      if (packets === null) socket.destroy(new Error('A packet length that cannot be one'));
      // A bad or late answer concerns its request only; the connection serves the others.
      else
        for (const packet of packets)
          if (!exchanges.take(packet)) onRequest?.(packet, (reply) => writer.write(reply));
    });
    const lost = (error: DeviceError) => {
      clearTimeout(limit);
      opened.reject(error);
      this.#lost(connection, error);
    };
    socket.on('error', (cause) => {
      const untrusted = 'code' in cause && /CERT|SELF_SIGNED|ALTNAME|SSL/.test(String(cause.code));
      const message = `RadSec to ${host}:${port}: ${cause.message}`;
      lost(
        new DeviceError(untrusted ? 'TLS_UNTRUSTED' : 'UNREACHABLE', message, { cause, maybeApplied: true }),
      );
    });
    socket.on('close', () => {
      // With TLS 1.3 a refused certificate shows as that only, where the server sends no alert.
      const early = connection.heardAt === 0 ? ' before any answer; it may refuse our certificate' : '';
      const message = `${host}:${port} closed the connection${early}`;
      lost(new DeviceError('UNREACHABLE', message, { maybeApplied: true }));
    });
    return connection;
  }

  /** A connection is gone: what waits on it fails now, and the next request opens another. */
  #lost(connection: Connection, error: DeviceError): void {
    if (this.#connection === connection) this.#connection = null;
    connection.exchanges.fail(error);
  }
}
