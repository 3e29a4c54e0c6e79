import { randomFillSync } from 'node:crypto';
import dgram from 'node:dgram';
import type { Clock } from '@dotmac/device';
import { decodeMessage } from '../codec/message.ts';
import type { Pdu } from '../codec/pdu.ts';
import type { SnmpCredential } from '../credential.ts';
import { SnmpError } from '../error.ts';
import { type EngineCache, usmSecurity } from '../usm/security.ts';
import { type EngineCounters, Exchange, type Reply, type Wire } from './exchange.ts';
import { Peer, peerKey } from './peer.ts';
import { RetryBudget } from './retry-budget.ts';
import { communitySecurity, type Security } from './security.ts';
import { Semaphore } from './semaphore.ts';
import { type ExchangeOptions, type Requester, SnmpSession } from './session.ts';

export interface SnmpEngineOptions {
  readonly clock: Clock;
  /** Requests on the wire at once; a device that has fallen silent does not count. Default 150. */
  readonly maxInFlight?: number;
  /** Sends of one request before it fails. Default 3. */
  readonly tries?: number;
  /** Requests sent again each second besides one for each answer; default 200. */
  readonly retriesPerSecond?: number;
}

const RECEIVE_BUFFER_OCTETS = 4 * 1024 * 1024;

/**
 * Speaks SNMP with any number of agents over one UDP socket per address family.
 * Replies are matched by request id and by source address and port.
 */
export class SnmpEngine implements Wire, Requester {
  readonly clock: Clock;
  readonly slots: Semaphore;
  readonly retries: RetryBudget;
  readonly counters: EngineCounters = {
    sent: 0,
    retransmitted: 0,
    received: 0,
    receivedOctets: 0,
    malformed: 0,
    unexpected: 0,
    refused: 0,
    timeouts: 0,
    withheld: 0,
  };
  readonly #sockets = new Map<4 | 6, dgram.Socket>();
  readonly #byId = new Map<number, Exchange>();
  readonly #byPeer = new Map<string, Exchange>();
  readonly #peers = new Map<string, Peer>();
  readonly #engines: EngineCache = { keys: new Map(), engines: new Map() };
  readonly #tries: number;
  readonly #ids = new Int32Array(256);
  #nextId = 256;
  #closed = false;

  constructor(options: SnmpEngineOptions) {
    this.clock = options.clock;
    this.#tries = options.tries ?? 3;
    this.retries = new RetryBudget(options.clock, options.retriesPerSecond ?? 200);
    this.slots = new Semaphore(options.maxInFlight ?? 150);
  }

  /** A conversation with one agent. Cheap; sessions of one address share what was learnt about it. */
  session(target: { readonly host: string; readonly port: number }, credential: SnmpCredential): SnmpSession {
    const name = peerKey(target.host, target.port);
    let peer = this.#peers.get(name);
    if (peer === undefined) {
      peer = new Peer(target.host, target.port);
      this.#peers.set(name, peer);
    }
    const security =
      credential.version === '3'
        ? usmSecurity(credential, name, this.#engines, this.clock)
        : communitySecurity(credential);
    return new SnmpSession(this, peer, security);
  }

  /** Sends a request and waits for its reply. Used by sessions, which hold the device's lock. */
  async exchange(peer: Peer, security: Security, pdu: Pdu, options: ExchangeOptions): Promise<Reply> {
    if (this.#closed) throw new SnmpError('closed', 'The SNMP engine is closed');
    if (peer.key === '') await peer.resolve();
    const { tries = this.#tries, signal } = options;
    try {
      return await new Exchange(this, peer, security, pdu, tries, signal).run();
    } catch (error) {
      const silent = error instanceof SnmpError && error.code === 'timeout';
      const doubt = silent ? security.doubtSilence() : null;
      if (doubt === null) throw error;
      const alive = new Exchange(this, peer, doubt.question, pdu, 1, signal).run();
      throw await alive.then(
        () => doubt.meaning,
        () => error,
      );
    }
  }

  /** Ends every request with `closed` and the sockets. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const exchange of [...this.#byId.values()]) {
      exchange.fail(new SnmpError('closed', 'The SNMP engine was closed'));
    }
    const sockets = [...this.#sockets.values()];
    this.#sockets.clear();
    await Promise.all(sockets.map((socket) => new Promise<void>((done) => socket.close(() => done()))));
  }

  /** An unpredictable id, so that a reply cannot be forged without seeing the request. */
  register(exchange: Exchange, peer: Peer): number {
    let id = 0;
    while (id === 0 || this.#byId.has(id)) {
      if (this.#nextId >= this.#ids.length) {
        randomFillSync(this.#ids);
        this.#nextId = 0;
      }
      id = (this.#ids[this.#nextId++] as number) & 0x7fffffff;
    }
    this.#byId.set(id, exchange);
    this.#byPeer.set(peer.key, exchange);
    return id;
  }

  unregister(id: number, peer: Peer): void {
    const exchange = this.#byId.get(id);
    this.#byId.delete(id);
    if (this.#byPeer.get(peer.key) === exchange) this.#byPeer.delete(peer.key);
  }

  send(datagram: Buffer, peer: Peer, failed: (error: Error) => void): void {
    this.counters.sent++;
    this.#socket(peer.family).send(datagram, peer.port, peer.address, (error) => {
      if (error !== null) failed(error);
    });
  }

  #socket(family: 4 | 6): dgram.Socket {
    let socket = this.#sockets.get(family);
    if (socket === undefined) {
      socket = dgram.createSocket({
        type: family === 4 ? 'udp4' : 'udp6',
        recvBufferSize: RECEIVE_BUFFER_OCTETS,
        // Addresses are resolved once per peer; Node would look each one up again for every datagram.
        lookup: (address, _options, done) => done(null, address, family),
      });
      socket.on('message', (datagram, from) => this.#receive(datagram, from));
      socket.on('error', (error) => {
        for (const exchange of [...this.#byId.values()]) {
          exchange.fail(new SnmpError('closed', `The SNMP socket failed: ${error.message}`));
        }
        this.#sockets.delete(family);
      });
      this.#sockets.set(family, socket);
    }
    return socket;
  }

  #receive(datagram: Buffer, from: dgram.RemoteInfo): void {
    this.counters.received++;
    this.counters.receivedOctets += datagram.length;
    const message = decodeMessage(datagram);
    if (message.kind === 'malformed') {
      this.counters.malformed++;
      this.#byPeer.get(peerKey(from.address, from.port))?.malformed(message.reason);
      return;
    }
    const id = message.kind === 'v3' ? message.header.messageId : message.pdu.requestId;
    const exchange = this.#byId.get(id);
    if (exchange === undefined || !exchange.peer.isAt(from.address, from.port)) {
      this.counters.unexpected++;
      return;
    }
    exchange.receive(message, datagram);
  }
}
