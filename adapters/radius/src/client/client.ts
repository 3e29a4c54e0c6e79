import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { isIPv6 } from 'node:net';
import { type Clock, DeviceError, systemClock } from '@dotmac/device';
import { plainAddress } from '../attribute/address.ts';
import { type DecodedPacket, decodePacket } from '../attribute/decode.ts';
import { type Attribute, encodeAttributes } from '../attribute/encode.ts';
import { AttributeError } from '../attribute/value.ts';
import type { Dictionary } from '../dictionary/dictionary.ts';
import { standardDictionary } from '../dictionary/standard.ts';
import { buildRequest, randomAuthenticator, verifyReply } from '../packet/build.ts';
import { packetCodes } from '../packet/codes.ts';
import type { SharedSecret } from '../packet/shared-secret.ts';

export interface RadiusRequest {
  /** IP address of the peer; an answer from any other is ignored. */
  readonly host: string;
  readonly port: number;
  readonly secret: SharedSecret;
  readonly code: number;
  /** Codes that answer it; anything else is ignored. */
  readonly replyCodes: readonly number[];
  /** A function when they depend on the Request Authenticator, as a CHAP-Password does. */
  readonly attributes: readonly Attribute[] | ((authenticator: Uint8Array) => readonly Attribute[]);
  readonly messageAuthenticator: boolean;
  /** Whether an answer without Message-Authenticator is ignored. Default true for Access-Requests (CVE-2024-3596). */
  readonly requireMessageAuthenticator?: boolean;
  /** Waits before each retransmission, the last before giving up. */
  readonly waitsMs: readonly number[];
  readonly signal?: AbortSignal;
  /** What its attributes and those of its answer are known by; default the client's. */
  readonly dictionary?: Dictionary;
  /** Hears every transmission and the genuine answer. */
  readonly onPacket?: (direction: 'SENT' | 'RECEIVED', packet: Buffer) => void;
}

export interface RadiusExchange {
  /** Null when no genuine answer came. Encrypted attributes are revealed. */
  readonly reply: DecodedPacket | null;
  readonly transmissions: number;
  /** From the first transmission to the answer or to giving up. */
  readonly elapsedMs: number;
}

export interface RadiusClientOptions {
  readonly clock?: Clock;
  readonly dictionary?: Dictionary;
  /** Share of a wait by which it varies. Default 0.1. */
  readonly jitter?: number;
  /** Outstanding requests per peer on one source port; above it another port is opened. Default 200 of 256 ids. */
  readonly mostPerPort?: number;
}

interface Outstanding {
  readonly request: Buffer;
  readonly replyCodes: readonly number[];
  readonly secret: SharedSecret;
  readonly requireMessageAuthenticator: boolean;
  readonly answered: (reply: Buffer) => void;
  readonly failed: (error: DeviceError) => void;
}

interface SourcePort {
  readonly family: 'udp4' | 'udp6';
  readonly socket: Socket;
  /** By peer and identifier; null while the packet is being made. */
  readonly outstanding: Map<string, Outstanding | null>;
  readonly perPeer: Map<string, number>;
  nextId: number;
}

/** The asking side of RADIUS over UDP: what a NAS, a proxy and a dynamic authorization client have in common. */
export class RadiusClient {
  readonly clock: Clock;
  readonly dictionary: Dictionary;
  readonly #jitter: number;
  readonly #mostPerPort: number;
  readonly #ports: SourcePort[] = [];
  #closed = false;

  constructor(options: RadiusClientOptions = {}) {
    this.clock = options.clock ?? systemClock;
    this.dictionary = options.dictionary ?? standardDictionary();
    this.#jitter = options.jitter ?? 0.1;
    this.#mostPerPort = Math.min(options.mostPerPort ?? 200, 256);
  }

  /**
   * Sends one request, with the same identifier and octets at every retransmission, and waits for its genuine answer.
   * Throws `DeviceError`: `CANCELLED`, `UNREACHABLE` when it cannot be sent, `INVALID_ARGUMENT` when it cannot be encoded.
   */
  async exchange(request: RadiusRequest): Promise<RadiusExchange> {
    const startedAt = this.clock.now();
    const { port, peer, key, identifier } = await this.#allocate(request.host, request.port);
    try {
      const packet = this.#encode(request, identifier);
      const { reply, transmissions } = await this.#transmit(request, packet, port, key);
      if (reply !== null) request.onPacket?.('RECEIVED', reply);
      const encryption = { authenticator: packet.subarray(4, 20), secret: request.secret };
      const decoded =
        reply === null ? null : decodePacket(reply, request.dictionary ?? this.dictionary, encryption);
      return {
        reply: typeof decoded === 'string' ? null : decoded,
        transmissions,
        elapsedMs: this.clock.now() - startedAt,
      };
    } finally {
      port.outstanding.delete(key);
      port.perPeer.set(peer, (port.perPeer.get(peer) ?? 1) - 1);
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    const closing = this.#ports.splice(0).map(({ socket, outstanding }) => {
      for (const waiting of outstanding.values())
        waiting?.failed(new DeviceError('CANCELLED', 'The client was closed', { maybeApplied: true }));
      return new Promise<void>((resolve) => socket.close(() => resolve()));
    });
    await Promise.all(closing);
  }

  #encode(request: RadiusRequest, identifier: number): Buffer {
    const { code, secret, messageAuthenticator, dictionary = this.dictionary } = request;
    const authenticator = randomAuthenticator();
    const attributes =
      typeof request.attributes === 'function' ? request.attributes(authenticator) : request.attributes;
    try {
      const encoded = encodeAttributes(dictionary, attributes, { authenticator, secret });
      return buildRequest({
        code,
        identifier,
        secret,
        attributes: encoded,
        messageAuthenticator,
        authenticator,
      });
    } catch (error) {
      if (error instanceof AttributeError)
        throw new DeviceError('INVALID_ARGUMENT', error.message, { field: error.attribute, cause: error });
      throw error;
    }
  }

  async #transmit(
    request: RadiusRequest,
    packet: Buffer,
    { socket, outstanding }: SourcePort,
    key: string,
  ): Promise<{ reply: Buffer | null; transmissions: number }> {
    const { host, port, replyCodes, secret, signal, waitsMs } = request;
    const answer = Promise.withResolvers<Buffer | null>();
    const cancel = () =>
      answer.reject(new DeviceError('CANCELLED', 'The request was cancelled', { maybeApplied: true }));
    let transmissions = 0;
    let timer: NodeJS.Timeout | undefined;
    const transmit = () => {
      const wait = waitsMs[transmissions];
      if (wait === undefined) {
        answer.resolve(null);
        return;
      }
      transmissions++;
      request.onPacket?.('SENT', packet);
      socket.send(packet, port, host, (cause) => {
        if (cause !== null)
          answer.reject(
            new DeviceError('UNREACHABLE', `Cannot send to ${host}:${port}: ${cause.message}`, { cause }),
          );
      });
      timer = setTimeout(transmit, wait * (1 + this.#jitter * (2 * Math.random() - 1)));
    };
    outstanding.set(key, {
      request: packet,
      replyCodes,
      secret,
      requireMessageAuthenticator:
        request.requireMessageAuthenticator ?? request.code === packetCodes['Access-Request'],
      answered: answer.resolve,
      failed: answer.reject,
    });
    signal?.addEventListener('abort', cancel, { once: true });
    try {
      if (signal?.aborted === true) cancel();
      else transmit();
      return { reply: await answer.promise, transmissions };
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', cancel);
    }
  }

  /** A source port and an identifier on it that is free towards this peer. */
  async #allocate(
    host: string,
    peerPort: number,
  ): Promise<{ port: SourcePort; peer: string; key: string; identifier: number }> {
    const family = isIPv6(host) ? 'udp6' : 'udp4';
    const peer = `${host} ${peerPort}`;
    for (;;) {
      if (this.#closed) throw new DeviceError('CANCELLED', 'The client is closed');
      const port = this.#ports.find(
        (known) => known.family === family && (known.perPeer.get(peer) ?? 0) < this.#mostPerPort,
      );
      if (port === undefined) {
        this.#ports.push(await openPort(family));
        continue;
      }
      while (port.outstanding.has(`${peer} ${port.nextId}`)) port.nextId = (port.nextId + 1) & 255;
      const identifier = port.nextId;
      port.nextId = (identifier + 1) & 255;
      const key = `${peer} ${identifier}`;
      port.outstanding.set(key, null);
      port.perPeer.set(peer, (port.perPeer.get(peer) ?? 0) + 1);
      return { port, peer, key, identifier };
    }
  }
}

async function openPort(family: 'udp4' | 'udp6'): Promise<SourcePort> {
  const socket = createSocket(family);
  const outstanding: SourcePort['outstanding'] = new Map();
  socket.on('message', (reply, { address, port }) => {
    const waiting = outstanding.get(`${plainAddress(address)} ${port} ${reply[1]}`);
    // Anything that is not a genuine answer is as good as not received (RFC 2865 §3, RFC 5176 §2.3).
    if (waiting === undefined || waiting === null || !waiting.replyCodes.includes(reply[0] as number)) return;
    const { request, secret, requireMessageAuthenticator } = waiting;
    if (verifyReply(reply, request, secret, requireMessageAuthenticator) === null) waiting.answered(reply);
  });
  const listening = once(socket, 'listening');
  socket.bind(0);
  await listening;
  // Errors of a single datagram come to its own callback; what surfaces here concerns the whole port.
  socket.on('error', (cause) => {
    for (const waiting of outstanding.values())
      waiting?.failed(new DeviceError('UNREACHABLE', `The source port failed: ${cause.message}`, { cause }));
  });
  return { family, socket, outstanding, perPeer: new Map(), nextId: Math.floor(Math.random() * 256) };
}
